// SPDX-License-Identifier: MIT
#include "tls/session.h"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "tests/unit/tls/pair.h"

namespace sluice::tls {
namespace {

using test::Fixture;
using test::Pair;
using test::pattern;
using test::read_all;
using test::TlsPeer;
using test::TlsPeerOptions;
using test::version_only;

std::vector<iovec> pieces_of(const std::vector<std::string>& texts) {
  std::vector<iovec> pieces;
  for (const std::string& text : texts) {
    pieces.push_back({const_cast<char*>(text.data()), text.size()});
  }
  return pieces;
}

// How many messages wait for the client, whose ends are kept by SOCK_SEQPACKET; takes them off.
std::vector<std::size_t> take_messages(int fd) {
  std::vector<std::size_t> sizes;
  std::vector<char> buffer(1 << 20);
  for (;;) {
    const ssize_t size = ::recv(fd, buffer.data(), buffer.size(), 0);
    if (size <= 0) return sizes;
    sizes.push_back(static_cast<std::size_t>(size));
  }
}

TEST_CASE("session: plaintext travels both ways", "[tls][session]") {
  const Fixture fixture;
  const int version = GENERATE(TLS1_2_VERSION, TLS1_3_VERSION);
  Pair pair(fixture.context, version_only(version));
  CHECK_FALSE(pair.server.established());
  REQUIRE(pair.connect());
  CHECK(pair.server.established());
  CHECK(pair.server.handshake().status == IoStatus::Ok);
  CHECK(pair.server.alpn().empty());
  CHECK_THAT(std::string(pair.server.cipher()), Catch::Contains("GCM"));

  std::string_view request = "GET / HTTP/1.1\r\n\r\n";
  REQUIRE(pair.client.write(request) == TlsPeer::Step::Done);
  pair.server.on_readable();
  CHECK(read_all(pair.server) == "GET / HTTP/1.1\r\n\r\n");
  const auto answer = pair.write_some("HTTP/1.1 200 OK\r\n\r\n");
  CHECK(answer.status == IoStatus::Ok);
  CHECK(answer.bytes == 19);
  CHECK_FALSE(pair.server.wants_flush());
  std::string text;
  while (pair.client.read(text) == TlsPeer::Step::Done) continue;
  CHECK(text == "HTTP/1.1 200 OK\r\n\r\n");
}

TEST_CASE("session: reading and writing before the handshake are refused", "[tls][session]") {
  const Fixture fixture;
  Pair pair(fixture.context);
  std::string buffer(10, '\0');
  CHECK(pair.server.read(buffer).status == IoStatus::Error);
  CHECK(pair.write_some("x").status == IoStatus::Error);
  CHECK(pair.server.shutdown().status == IoStatus::Ok);
  CHECK(pair.connect());
}

TEST_CASE("session: large transfers survive tiny socket buffers", "[tls][session]") {
  const Fixture fixture;
  const int version = GENERATE(TLS1_2_VERSION, TLS1_3_VERSION);
  Pair pair(fixture.context, version_only(version));
  pair.sockets.shrink_buffers();
  REQUIRE(pair.connect());

  const std::string down = pattern(700'001);
  const std::string up = pattern(300'003);
  std::string received_down;
  std::string received_up;
  std::string_view to_server = up;
  std::size_t sent = 0;
  int held = 0;
  for (int turn = 0; turn < 100'000; ++turn) {
    if (received_down.size() == down.size() && received_up.size() == up.size()) break;
    if (pair.server.wants_flush()) {
      ++held;
      REQUIRE(pair.server.flush().status != IoStatus::Error);
    }
    if (!pair.server.wants_flush() && sent < down.size()) {
      const IoResult wrote = pair.write_some(std::string_view(down).substr(sent));
      REQUIRE(wrote.status == IoStatus::Ok);
      sent += wrote.bytes;
    }
    if (!to_server.empty()) REQUIRE(pair.client.write(to_server) != TlsPeer::Step::Failed);
    REQUIRE(pair.client.read(received_down) != TlsPeer::Step::Failed);
    pair.server.on_readable();
    received_up += read_all(pair.server, 5000);
  }
  // Not as operands: a failure would print them.
  CHECK((received_down == down));
  CHECK((received_up == up));
  CHECK(held > 3);
}

TEST_CASE("session: nothing is accepted while the socket is full", "[tls][session]") {
  const Fixture fixture;
  Pair pair(fixture.context);
  pair.sockets.shrink_buffers();
  REQUIRE(pair.connect());
  const std::string text = pattern(200'000);
  const IoResult first = pair.write_some(text);
  CHECK(first.status == IoStatus::Ok);
  CHECK(first.bytes > 0);
  CHECK(first.bytes <= 3 * 16384);
  REQUIRE(pair.server.wants_flush());
  for (int i = 0; i < 3; ++i) {
    const IoResult again = pair.write_some("x");
    CHECK(again.status == IoStatus::Again);
    CHECK(again.bytes == 0);
    CHECK(pair.server.flush().status == IoStatus::Again);
  }
  std::string got;
  for (int turn = 0; turn < 1000 && got.size() < first.bytes; ++turn) {
    pair.client.read(got);
    pair.server.flush();
  }
  CHECK((got == text.substr(0, first.bytes)));
  CHECK(pair.write_some("x").bytes == 1);
}

TEST_CASE("session: pieces arrive in order however they are cut", "[tls][session]") {
  const Fixture fixture;
  const auto sizes = GENERATE(values<std::vector<std::size_t>>({
      {},
      {0},
      {0, 0, 5, 0},
      {200, 1024},
      {1, 16383, 1},
      {16384},
      {16385},
      {16384, 16384},
      {100, 40'000, 3, 0, 20'000, 7},
      {16383, 2},
      {70'000, 1},
  }));
  Pair pair(fixture.context);
  REQUIRE(pair.connect());
  std::vector<std::string> texts;
  std::string whole;
  for (const std::size_t size : sizes) {
    texts.push_back(pattern(size + whole.size()).substr(whole.size()));
    whole += texts.back();
  }
  const std::vector<iovec> pieces = pieces_of(texts);
  const IoResult wrote = pair.server.write(pieces);
  CHECK(wrote.status == IoStatus::Ok);
  CHECK(wrote.bytes == whole.size());
  std::string got;
  for (int turn = 0; turn < 100 && got.size() < whole.size(); ++turn) {
    pair.server.flush();
    pair.client.read(got);
  }
  CHECK((got == whole));
}

TEST_CASE("session: a small response of several pieces is one record and one write",
          "[tls][session]") {
  const Fixture fixture;
  const int version = GENERATE(TLS1_2_VERSION, TLS1_3_VERSION);
  Pair pair(fixture.context, version_only(version), SOCK_SEQPACKET);
  SSL_set_read_ahead(pair.client.ssl(), 1);  // whole messages, or their rest is lost
  REQUIRE(pair.connect());
  take_messages(pair.sockets.client());  // the ticket
  const std::vector<std::string> texts{pattern(200), pattern(1024), "end"};
  REQUIRE(pair.server.write(pieces_of(texts)).bytes == 1227);
  const auto messages = take_messages(pair.sockets.client());
  REQUIRE(messages.size() == 1);
  // Header 5 and tag 16, and by version a type or a nonce.
  CHECK(messages[0] == 1227u + 5 + 16 + (version == TLS1_2_VERSION ? 8 : 1));
}

TEST_CASE("session: up to three records leave in one write", "[tls][session]") {
  const Fixture fixture;
  Pair pair(fixture.context, version_only(TLS1_3_VERSION), SOCK_SEQPACKET);
  SSL_set_read_ahead(pair.client.ssl(), 1);
  test::set_buffer(pair.sockets.server(), SO_SNDBUF, 1 << 20);
  REQUIRE(pair.connect());
  take_messages(pair.sockets.client());
  const std::string body = pattern(4 * 16384);
  REQUIRE(pair.write_some(body).bytes == body.size());
  CHECK(take_messages(pair.sockets.client()) == std::vector<std::size_t>{3 * 16406, 16406});
}

TEST_CASE("session: the server's flight of a handshake is one write", "[tls][session]") {
  const Fixture fixture;
  Pair pair(fixture.context, version_only(TLS1_3_VERSION), SOCK_SEQPACKET);
  REQUIRE(pair.client.handshake() == TlsPeer::Step::Again);
  REQUIRE(pair.server.handshake().status == IoStatus::Again);
  CHECK(take_messages(pair.sockets.client()).size() == 1);
}

TEST_CASE("session: tickets, the first answer and close_notify leave in one write",
          "[tls][session]") {
  const Fixture fixture;
  Pair pair(fixture.context, version_only(TLS1_3_VERSION), SOCK_SEQPACKET);
  SSL_set_read_ahead(pair.client.ssl(), 1);
  REQUIRE(pair.client.handshake() == TlsPeer::Step::Again);
  REQUIRE(pair.server.handshake().status == IoStatus::Again);
  REQUIRE(pair.client.handshake() == TlsPeer::Step::Done);
  pair.server.on_readable();
  REQUIRE(pair.server.handshake().status == IoStatus::Ok);
  CHECK(pair.server.holds_output());
  CHECK_FALSE(pair.server.wants_flush());
  CHECK(take_messages(pair.sockets.client()).empty());

  std::string body = pattern(2000);
  const iovec piece{body.data(), body.size()};
  REQUIRE(pair.server.write({&piece, 1}, Session::Then::Goodbye).bytes == body.size());
  CHECK(pair.server.shutdown().status == IoStatus::Ok);
  CHECK_FALSE(pair.server.holds_output());
  const auto messages = take_messages(pair.sockets.client());
  REQUIRE(messages.size() == 1);
  // Headers of 5, a type and a tag of 16: of the answer, and of an alert of two bytes.
  CHECK(messages[0] > body.size() + 22 + 24 + 100);
}

TEST_CASE("session: an answer with its goodbye arrives whole, and then the end", "[tls][session]") {
  const Fixture fixture;
  const int version = GENERATE(TLS1_2_VERSION, TLS1_3_VERSION);
  const std::size_t size = GENERATE(0U, 1U, 16384U, 3 * 16384U, 3 * 16384U + 1, 100000U);
  Pair pair(fixture.context, version_only(version));
  pair.sockets.shrink_buffers();
  REQUIRE(pair.connect());
  std::string body = pattern(size);
  std::string got;
  TlsPeer::Step step = TlsPeer::Step::Again;
  std::size_t sent = 0;
  for (int turn = 0; turn < 1000 && step != TlsPeer::Step::Closed; ++turn) {
    const iovec rest{body.data() + sent, size - sent};
    sent += pair.server.write({&rest, 1}, Session::Then::Goodbye).bytes;
    if (sent == size) pair.server.shutdown();
    step = pair.client.read(got);
  }
  CHECK(step == TlsPeer::Step::Closed);
  CHECK((got == body));
}

TEST_CASE("session: without an answer, a flush sends the tickets", "[tls][session]") {
  const Fixture fixture;
  Pair pair(fixture.context, version_only(TLS1_3_VERSION), SOCK_SEQPACKET);
  SSL_set_read_ahead(pair.client.ssl(), 1);
  REQUIRE(pair.connect());
  CHECK_FALSE(pair.server.holds_output());
  CHECK(take_messages(pair.sockets.client()).size() == 1);
  CHECK_FALSE(pair.server.owns_buffer());
}

TEST_CASE("session: what was held is given back once it is sent", "[tls][session][regression]") {
  const Fixture fixture;
  Pair pair(fixture.context);
  pair.sockets.shrink_buffers();
  REQUIRE(pair.connect());
  CHECK_FALSE(pair.server.owns_buffer());
  const IoResult wrote = pair.write_some(pattern(200'000));
  REQUIRE(pair.server.wants_flush());
  CHECK(pair.server.owns_buffer());
  std::string got;
  for (int turn = 0; turn < 1000 && got.size() < wrote.bytes; ++turn) {
    pair.client.read(got);
    pair.server.flush();
  }
  CHECK_FALSE(pair.server.owns_buffer());
}

TEST_CASE("session: a client that asks for small fragments gets them", "[tls][session]") {
  const Fixture fixture;
  TlsPeerOptions options = version_only(TLS1_2_VERSION);
  options.max_fragment = 512;
  Pair pair(fixture.context, options);
  REQUIRE(pair.connect());
  const std::string text = pattern(20'000);
  REQUIRE(pair.write_some(text).bytes == text.size());
  std::string got;
  for (int turn = 0; turn < 1000 && got.size() < text.size(); ++turn) {
    const std::size_t before = got.size();
    pair.client.read(got);
    REQUIRE(got.size() - before <= 512);
  }
  CHECK((got == text));
}

}  // namespace
}  // namespace sluice::tls
