// SPDX-License-Identifier: MIT
// How connections end: in good order, cut off, by nonsense, and without harm to their neighbours.
#include <openssl/err.h>

#include <catch2/catch.hpp>
#include <cerrno>
#include <random>
#include <string>

#include "tests/unit/tls/pair.h"

namespace sluice::tls {
namespace {

using test::Fixture;
using test::Pair;
using test::Sockets;
using test::TlsPeer;

TEST_CASE("session end: close_notify is an end, and answers can still be sent", "[tls][session]") {
  const Fixture fixture;
  const int version = GENERATE(TLS1_2_VERSION, TLS1_3_VERSION);
  Pair pair(fixture.context, {.min_version = version, .max_version = version});
  REQUIRE(pair.connect());
  std::string_view last = "last words";
  REQUIRE(pair.client.write(last) == TlsPeer::Step::Done);
  pair.client.close_notify();
  pair.server.on_readable();
  std::string buffer(100, '\0');
  CHECK(pair.server.read(buffer).bytes == 10);
  CHECK(pair.server.has_buffered_input());  // the end itself
  for (int i = 0; i < 2; ++i) {
    CHECK(pair.server.read(buffer).status == IoStatus::Eof);
    CHECK_FALSE(pair.server.has_buffered_input());
  }
  CHECK_FALSE(pair.server.truncated());
  CHECK(pair.server.error_word().empty());
  CHECK(pair.write_some("answer").bytes == 6);
  CHECK(pair.server.shutdown().status == IoStatus::Ok);
}

TEST_CASE("session end: a socket closed without close_notify is a truncation", "[tls][session]") {
  const Fixture fixture;
  const int version = GENERATE(TLS1_2_VERSION, TLS1_3_VERSION);
  Pair pair(fixture.context, {.min_version = version, .max_version = version});
  REQUIRE(pair.connect());
  REQUIRE(::shutdown(pair.sockets.client(), SHUT_WR) == 0);
  pair.server.on_readable();
  std::string buffer(100, '\0');
  CHECK(pair.server.read(buffer).status == IoStatus::Eof);
  CHECK(pair.server.truncated());
  CHECK(pair.server.read(buffer).status == IoStatus::Eof);
  // Only the client's direction is closed.
  CHECK(pair.write_some("answer").bytes == 6);
  std::string got;
  for (int turn = 0; turn < 10 && got.empty(); ++turn) pair.client.read(got);
  CHECK(got == "answer");
}

TEST_CASE("session end: a client that leaves during the handshake is an end, not an error",
          "[tls][session]") {
  const Fixture fixture;
  const bool began = GENERATE(false, true);
  Pair pair(fixture.context);
  if (began) {
    REQUIRE(pair.client.handshake() == TlsPeer::Step::Again);
    REQUIRE(pair.server.handshake().status == IoStatus::Again);
  }
  // A close would reset the connection, as the client has not read our flight.
  REQUIRE(::shutdown(pair.sockets.client(), SHUT_WR) == 0);
  pair.server.on_readable();
  const IoResult end = pair.server.handshake();
  CHECK(end.status == IoStatus::Eof);
  CHECK(pair.server.truncated());
  CHECK(pair.server.handshake().status == IoStatus::Eof);
}

TEST_CASE("session end: who leaves a handshake is to blame once he has our answer, without a word",
          "[tls][session][regression]") {
  const Fixture fixture;
  Pair pair(fixture.context);
  SECTION("not when he never began") {
    pair.sockets.close_client();
    pair.server.on_readable();
    REQUIRE(pair.server.handshake().status == IoStatus::Eof);
    CHECK_FALSE(pair.server.client_is_to_blame());
  }
  SECTION("not when he left within his first message") {
    REQUIRE(::write(pair.sockets.client(), "\x16\x03\x01\x02", 4) == 4);
    pair.sockets.close_client();
    pair.server.on_peer_closed();
    REQUIRE(pair.server.handshake().status == IoStatus::Eof);
    CHECK_FALSE(pair.server.client_is_to_blame());
  }
  SECTION("when he shuts his side, or resets") {
    const bool resets = GENERATE(false, true);
    REQUIRE(pair.client.handshake() == TlsPeer::Step::Again);
    REQUIRE(pair.server.handshake().status == IoStatus::Again);
    CHECK_FALSE(pair.server.client_is_to_blame());  // so far
    if (resets) {
      pair.sockets.close_client();  // with our flight unread
    } else {
      REQUIRE(::shutdown(pair.sockets.client(), SHUT_WR) == 0);
    }
    pair.server.on_readable();
    REQUIRE(pair.server.handshake().status == (resets ? IoStatus::Error : IoStatus::Eof));
    CHECK(pair.server.client_is_to_blame());
  }
  SECTION("not when he says that he does not trust us") {
    SSL_set_verify(pair.client.ssl(), SSL_VERIFY_PEER, nullptr);
    REQUIRE_FALSE(pair.connect());
    REQUIRE(pair.server.error_word() == "tls_cert_unknown_ca");
    CHECK_FALSE(pair.server.client_is_to_blame());
  }
  SECTION("when what he sends is no TLS") {
    REQUIRE(::write(pair.sockets.client(), "GET / HTTP/1.1\r\n\r\n", 18) == 18);
    pair.server.on_readable();
    REQUIRE(pair.server.handshake().status == IoStatus::Error);
    CHECK(pair.server.client_is_to_blame());
  }
}

TEST_CASE("session end: a reset during the handshake is an error with its errno",
          "[tls][session]") {
  const Fixture fixture;
  Pair pair(fixture.context);
  REQUIRE(pair.client.handshake() == TlsPeer::Step::Again);
  REQUIRE(pair.server.handshake().status == IoStatus::Again);
  pair.sockets.close_client();  // with our flight unread
  pair.server.on_readable();
  const IoResult end = pair.server.handshake();
  CHECK(end.status == IoStatus::Error);
  CHECK(end.error == ECONNRESET);
  CHECK(pair.server.error_word() == "tls_reset");
}

TEST_CASE("session end: our close_notify reaches the client once", "[tls][session]") {
  const Fixture fixture;
  Pair pair(fixture.context);
  REQUIRE(pair.connect());
  REQUIRE(pair.write_some("bye").bytes == 3);
  CHECK(pair.server.shutdown().status == IoStatus::Ok);
  CHECK(pair.server.shutdown().status == IoStatus::Ok);
  std::string got;
  TlsPeer::Step step = TlsPeer::Step::Again;
  for (int turn = 0; turn < 10 && step != TlsPeer::Step::Closed; ++turn) {
    step = pair.client.read(got);
  }
  CHECK(step == TlsPeer::Step::Closed);
  CHECK(got == "bye");
}

TEST_CASE("session end: close_notify waits behind what a full socket left", "[tls][session]") {
  const Fixture fixture;
  Pair pair(fixture.context);
  pair.sockets.shrink_buffers();
  REQUIRE(pair.connect());
  const std::string text(100'000, 'x');
  const IoResult wrote = pair.write_some(text);
  REQUIRE(wrote.status == IoStatus::Ok);
  REQUIRE(pair.server.wants_flush());
  CHECK(pair.server.shutdown().status == IoStatus::Again);
  std::string got;
  TlsPeer::Step step = TlsPeer::Step::Again;
  for (int turn = 0; turn < 1000 && step != TlsPeer::Step::Closed; ++turn) {
    step = pair.client.read(got);
    REQUIRE(pair.server.flush().status != IoStatus::Error);
  }
  CHECK(step == TlsPeer::Step::Closed);
  CHECK(got.size() == wrote.bytes);
}

TEST_CASE("session end: writing to a client that is gone is an error with its errno",
          "[tls][session]") {
  const Fixture fixture;
  Pair pair(fixture.context);
  REQUIRE(pair.connect());
  pair.sockets.close_client();
  const IoResult wrote = pair.write_some("anybody there?");
  CHECK(wrote.status == IoStatus::Error);
  CHECK(wrote.error == EPIPE);
  CHECK(pair.server.error_word() == "tls_reset");
  CHECK(pair.server.error_text() == "Broken pipe");
  std::string buffer(100, '\0');
  CHECK(pair.server.read(buffer).status == IoStatus::Error);
  CHECK(pair.write_some("x").status == IoStatus::Error);
  CHECK(pair.server.flush().status == IoStatus::Error);
  CHECK(pair.server.shutdown().status == IoStatus::Ok);
}

TEST_CASE("session end: a socket that is none is an error with its errno", "[tls][session]") {
  const Fixture fixture;
  Session session(fixture.context, -1);
  const IoResult result = session.handshake();
  CHECK(result.status == IoStatus::Error);
  CHECK(result.error == EBADF);
  CHECK(session.error_word() == "tls_io_error");
}

TEST_CASE("session end: a first flight that is no TLS is named", "[tls][session]") {
  const Fixture fixture;
  struct Case {
    std::string bytes;
    std::string_view word;
  };
  using std::string_literals::operator""s;
  const auto c = GENERATE(values<Case>({
      {"GET / HTTP/1.1\r\nHost: a.example\r\n\r\n", "tls_http_request"},
      {"POST / HTTP/1.1\r\n\r\n", "tls_http_request"},
      {"HEAD / HTTP/1.1\r\n\r\n", "tls_http_request"},
      {"CONNECT a:443 HTTP/1.1\r\n\r\n", "tls_http_proxy_request"},
      {"DELETE / HTTP/1.1\r\n\r\n", "tls_unknown_protocol"},
      {"SSH-2.0-OpenSSH_9.2\r\n", "tls_unknown_protocol"},
      {std::string(64, '\0'), "tls_unknown_protocol"},
      {std::string(64, '\xff'), "tls_unknown_protocol"},
      {"\x17\x03\x03\x00\x05hello"s, "tls_bad_message"},  // data before any handshake
  }));
  CAPTURE(c.bytes);
  const Sockets sockets;
  Session session(fixture.context, sockets.server());
  REQUIRE(::send(sockets.client(), c.bytes.data(), c.bytes.size(), 0) > 0);
  const IoResult result = session.handshake();
  CHECK(result.status == IoStatus::Error);
  CHECK(result.error == 0);
  CHECK(session.error_word() == c.word);
  CHECK_FALSE(session.error_text().empty());
  CHECK(session.handshake().status == IoStatus::Error);
}

TEST_CASE("session end: damaged ClientHellos never succeed and never crash", "[tls][session]") {
  const Fixture fixture;
  std::string hello(4096, '\0');
  {
    const Sockets sockets;
    TlsPeer client(sockets.client(), {.server_name = "a.example", .alpn = "\x08http/1.1"});
    client.handshake();
    const ssize_t size = ::recv(sockets.server(), hello.data(), hello.size(), 0);
    REQUIRE(size > 100);
    hello.resize(static_cast<std::size_t>(size));
  }
  std::mt19937 random(7);
  std::uniform_int_distribution<std::size_t> place(0, hello.size() - 1);
  std::uniform_int_distribution<int> value(0, 255);
  for (int i = 0; i < 300; ++i) {
    std::string bytes = hello;
    for (int change = 0; change < 3; ++change) {
      bytes[place(random)] = static_cast<char>(value(random));
    }
    if (i % 3 == 0) bytes.resize(place(random));
    Sockets sockets;
    Session session(fixture.context, sockets.server());
    if (!bytes.empty()) REQUIRE(::send(sockets.client(), bytes.data(), bytes.size(), 0) > 0);
    session.handshake();
    sockets.close_client();
    session.on_readable();
    const IoResult end = session.handshake();
    CHECK_FALSE(session.established());
    CHECK((end.status == IoStatus::Eof || end.status == IoStatus::Error));
  }
}

TEST_CASE("session end: a damaged record is an error and draws an alert", "[tls][session]") {
  const Fixture fixture;
  Pair pair(fixture.context);
  REQUIRE(pair.connect());
  std::string_view good = "good";
  REQUIRE(pair.client.write(good) == TlsPeer::Step::Done);
  const std::string bad = std::string("\x17\x03\x03\x00\x20", 5) + std::string(32, 'x');
  REQUIRE(::send(pair.sockets.client(), bad.data(), bad.size(), 0) > 0);
  pair.server.on_readable();
  std::string buffer(100, '\0');
  // What came before the damage is genuine.
  CHECK(pair.server.read(buffer).bytes == 4);
  CHECK(pair.server.has_buffered_input());
  const IoResult end = pair.server.read(buffer);
  CHECK(end.status == IoStatus::Error);
  CHECK(pair.server.error_word() == "tls_bad_record");
  CHECK(pair.write_some("x").status == IoStatus::Error);
  std::string got;
  while (pair.client.read(got) == TlsPeer::Step::Again && pair.client.alert() < 0) continue;
  CHECK(pair.client.alert() == SSL_AD_BAD_RECORD_MAC);
}

TEST_CASE("session end: a client that does not trust the certificate is named", "[tls][session]") {
  const Fixture fixture;
  const int version = GENERATE(TLS1_2_VERSION, TLS1_3_VERSION);
  Pair pair(fixture.context, {.min_version = version, .max_version = version});
  SSL_set_verify(pair.client.ssl(), SSL_VERIFY_PEER, nullptr);
  REQUIRE_FALSE(pair.connect());
  for (int turn = 0; turn < 10 && pair.server_step.status == IoStatus::Again; ++turn) {
    pair.finish_server();
  }
  CHECK(pair.server_step.status == IoStatus::Error);
  CHECK(pair.server.error_word() == "tls_cert_unknown_ca");
}

TEST_CASE("session end: one session's error is not told of another", "[tls][session]") {
  const Fixture fixture;
  Pair good(fixture.context);
  REQUIRE(good.connect());

  const Sockets sockets;
  Session bad(fixture.context, sockets.server());
  REQUIRE(::send(sockets.client(), "GET / HTTP/1.1\r\n\r\n", 18, 0) == 18);
  REQUIRE(bad.handshake().status == IoStatus::Error);
  // Somebody else's leftovers, as a library call of another room could leave them.
  ERR_raise(ERR_LIB_SSL, SSL_R_BAD_LENGTH);

  good.server.on_readable();
  std::string buffer(100, '\0');
  CHECK(good.server.read(buffer).status == IoStatus::Again);
  ERR_raise(ERR_LIB_SSL, SSL_R_BAD_LENGTH);
  CHECK(good.write_some("fine").bytes == 4);
  ERR_raise(ERR_LIB_SSL, SSL_R_BAD_LENGTH);
  std::string_view text = "still here";
  REQUIRE(good.client.write(text) == TlsPeer::Step::Done);
  good.server.on_readable();
  ERR_raise(ERR_LIB_SSL, SSL_R_BAD_LENGTH);
  CHECK(good.server.read(buffer).bytes == 10);
  CHECK(good.server.error_word().empty());
}

TEST_CASE("session end: renegotiation is refused", "[tls][session]") {
  const Fixture fixture;
  Pair pair(fixture.context, {.max_version = TLS1_2_VERSION});
  REQUIRE(pair.connect());
  REQUIRE(SSL_renegotiate(pair.client.ssl()) == 1);
  SSL_do_handshake(pair.client.ssl());
  std::string buffer(100, '\0');
  for (int turn = 0; turn < 5; ++turn) {
    pair.server.on_readable();
    const IoResult got = pair.server.read(buffer);
    CHECK(got.bytes == 0);
    SSL_do_handshake(pair.client.ssl());
  }
  CHECK(pair.client.alert() == SSL_AD_NO_RENEGOTIATION);
}

}  // namespace
}  // namespace sluice::tls
