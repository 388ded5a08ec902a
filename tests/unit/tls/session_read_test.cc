// SPDX-License-Identifier: MIT
// What a Session knows of its input without asking the socket.
#include <sys/socket.h>

#include <catch2/catch.hpp>
#include <string>
#include <string_view>

#include "tests/unit/tls/pair.h"

namespace sluice::tls {
namespace {

using test::Fixture;
using test::Pair;
using test::pattern;
using test::read_all;
using test::TlsPeer;
using test::version_only;

TEST_CASE("session: a request that came with the end of the handshake is not left behind",
          "[tls][session]") {
  const Fixture fixture;
  Pair pair(fixture.context, version_only(TLS1_3_VERSION));
  REQUIRE(pair.client.handshake() == TlsPeer::Step::Again);
  REQUIRE(pair.server.handshake().status == IoStatus::Again);
  REQUIRE(pair.client.handshake() == TlsPeer::Step::Done);
  std::string_view request = "early bird";
  REQUIRE(pair.client.write(request) == TlsPeer::Step::Done);
  pair.server.on_readable();
  REQUIRE(pair.server.handshake().status == IoStatus::Ok);
  CHECK(pair.server.has_buffered_input());
  CHECK(read_all(pair.server) == "early bird");
  CHECK_FALSE(pair.server.has_buffered_input());
}

TEST_CASE("session: after a short read the socket is left alone until the next edge",
          "[tls][session]") {
  const Fixture fixture;
  Pair pair(fixture.context);
  REQUIRE(pair.connect());
  std::string_view first = "first";
  std::string_view second = "second";
  REQUIRE(pair.client.write(first) == TlsPeer::Step::Done);
  pair.server.on_readable();
  std::string buffer(100, '\0');
  REQUIRE(pair.server.read(buffer).bytes == 5);
  CHECK_FALSE(pair.server.has_buffered_input());
  REQUIRE(pair.client.write(second) == TlsPeer::Step::Done);
  CHECK(pair.server.read(buffer).status == IoStatus::Again);
  pair.server.on_readable();
  CHECK(pair.server.has_buffered_input());
  CHECK(pair.server.read(buffer).bytes == 6);
}

TEST_CASE("session: an end that came along with the last data is seen when told of",
          "[tls][session]") {
  const Fixture fixture;
  const bool told = GENERATE(false, true);
  Pair pair(fixture.context);
  REQUIRE(pair.connect());
  std::string_view last = "last";
  REQUIRE(pair.client.write(last) == TlsPeer::Step::Done);
  REQUIRE(::shutdown(pair.sockets.client(), SHUT_WR) == 0);
  pair.server.on_readable();
  if (told) pair.server.on_peer_closed();
  std::string buffer(100, '\0');
  REQUIRE(pair.server.read(buffer).bytes == 4);
  CHECK(pair.server.has_buffered_input() == told);
  CHECK(pair.server.read(buffer).status == (told ? IoStatus::Eof : IoStatus::Again));
}

TEST_CASE("session: input left inside is announced until a read answers Again", "[tls][session]") {
  const Fixture fixture;
  Pair pair(fixture.context);
  REQUIRE(pair.connect());
  const std::string text = pattern(1000);
  std::string_view rest = text;
  REQUIRE(pair.client.write(rest) == TlsPeer::Step::Done);
  pair.server.on_readable();
  std::string got;
  std::string buffer(300, '\0');
  while (pair.server.has_buffered_input()) {
    const IoResult part = pair.server.read(buffer);
    REQUIRE(part.status == IoStatus::Ok);
    got.append(buffer, 0, part.bytes);
  }
  CHECK(got == text);
  CHECK(pair.server.read(buffer).status == IoStatus::Again);
}

TEST_CASE("session: part of a record is waited for without spinning", "[tls][session]") {
  const Fixture fixture;
  // The client's bytes pass through the test's hands.
  const test::Sockets relay;
  Pair pair(fixture.context);
  REQUIRE(pair.connect());
  SSL_set_fd(pair.client.ssl(), relay.server());
  std::string_view text = "cut in two";
  REQUIRE(pair.client.write(text) == TlsPeer::Step::Done);
  std::string record(1000, '\0');
  const ssize_t size = ::recv(relay.client(), record.data(), record.size(), 0);
  REQUIRE(size > 20);
  REQUIRE(::send(pair.sockets.client(), record.data(), 12, 0) == 12);
  pair.server.on_readable();
  std::string buffer(100, '\0');
  CHECK(pair.server.read(buffer).status == IoStatus::Again);
  CHECK_FALSE(pair.server.has_buffered_input());
  const auto rest = static_cast<std::size_t>(size) - 12;
  REQUIRE(::send(pair.sockets.client(), record.data() + 12, rest, 0) == size - 12);
  pair.server.on_readable();
  CHECK(pair.server.read(buffer).bytes == 10);
}

TEST_CASE("session: one read takes several records", "[tls][session]") {
  const Fixture fixture;
  Pair pair(fixture.context);
  REQUIRE(pair.connect());
  for (std::string_view part : {"one ", "two ", "three"}) {
    REQUIRE(pair.client.write(part) == TlsPeer::Step::Done);
  }
  pair.server.on_readable();
  std::string buffer(100, '\0');
  const IoResult got = pair.server.read(buffer);
  CHECK(buffer.substr(0, got.bytes) == "one two three");
}

TEST_CASE("session: key updates are answered and go unnoticed", "[tls][session]") {
  const Fixture fixture;
  Pair pair(fixture.context, version_only(TLS1_3_VERSION));
  REQUIRE(pair.connect());
  for (int i = 0; i < 3; ++i) {
    REQUIRE(SSL_key_update(pair.client.ssl(), SSL_KEY_UPDATE_REQUESTED) == 1);
    std::string_view text = "under new keys";
    REQUIRE(pair.client.write(text) == TlsPeer::Step::Done);
    pair.server.on_readable();
    CHECK(read_all(pair.server) == "under new keys");
    CHECK(pair.write_some("answer").bytes == 6);
    std::string got;
    for (int turn = 0; turn < 10 && got.empty(); ++turn) pair.client.read(got);
    CHECK(got == "answer");
  }
}

TEST_CASE("session: a peer that provokes answers and reads none is not listened to for ever",
          "[tls][session]") {
  const Fixture fixture;
  Pair pair(fixture.context, version_only(TLS1_3_VERSION));
  pair.sockets.shrink_buffers();
  REQUIRE(pair.connect());
  std::string buffer(100, '\0');
  int unread = 0;
  for (int i = 0; i < 50'000 && unread < 100; ++i) {
    SSL_key_update(pair.client.ssl(), SSL_KEY_UPDATE_REQUESTED);
    SSL_do_handshake(pair.client.ssl());
    std::string_view text = "x";
    const bool stuck = pair.client.write(text) == TlsPeer::Step::Again;
    pair.server.on_readable();
    const IoResult got = pair.server.read(buffer);
    REQUIRE(got.status != IoStatus::Error);
    if (stuck && got.status == IoStatus::Again && !pair.server.has_buffered_input()) ++unread;
  }
  CHECK(unread == 100);
  CHECK(pair.server.wants_flush());
  // All is well again as soon as the answers are read, whoever does it.
  std::string drain(100'000, '\0');
  std::size_t got = 0;
  for (int i = 0; i < 10'000 && (pair.server.wants_flush() || pair.server.has_buffered_input());
       ++i) {
    while (::recv(pair.sockets.client(), drain.data(), drain.size(), 0) > 0) continue;
    pair.server.flush();
    pair.server.on_readable();
    got += pair.server.read(buffer).bytes;
  }
  CHECK(got > 0);
  CHECK_FALSE(pair.server.wants_flush());
  CHECK(pair.server.flush().status == IoStatus::Ok);
}

TEST_CASE("session: one read does not collect answers without bound", "[tls][session]") {
  const Fixture fixture;
  Pair pair(fixture.context, version_only(TLS1_3_VERSION));
  REQUIRE(pair.connect());
  pair.read_ticket();
  test::set_buffer(pair.sockets.server(), SO_SNDBUF, 1);
  test::set_buffer(pair.sockets.client(), SO_SNDBUF, 1 << 20);
  BIO* written = BIO_new(BIO_s_mem());
  SSL_set0_wbio(pair.client.ssl(), written);
  for (int i = 0; i < 8'000; ++i) {
    REQUIRE(SSL_key_update(pair.client.ssl(), SSL_KEY_UPDATE_REQUESTED) == 1);
    REQUIRE(SSL_do_handshake(pair.client.ssl()) == 1);
    if (i % 100 == 99) REQUIRE(SSL_write(pair.client.ssl(), "x", 1) == 1);  // or it is cut off
  }
  char* flood = nullptr;
  const long size = BIO_get_mem_data(written, &flood);
  // As one message: the kernel's room for many small ones would be less.
  const ssize_t sent = ::send(pair.sockets.client(), flood, static_cast<std::size_t>(size), 0);
  REQUIRE(sent > 180'000);
  pair.server.on_readable();
  std::string buffer(100, '\0');
  test::read_all(pair.server);
  CHECK_FALSE(pair.server.has_buffered_input());

  // Each update of 27 bytes calls for an answer as long.
  std::size_t answered = 0;
  std::string drain(100'000, '\0');
  while (pair.server.wants_flush()) {
    pair.server.flush();
    const ssize_t part = ::recv(pair.sockets.client(), drain.data(), drain.size(), 0);
    if (part > 0) answered += static_cast<std::size_t>(part);
  }
  CHECK(answered > 100'000);
  CHECK(answered < 150'000);
  CHECK(pair.server.has_buffered_input());
  CHECK(pair.server.read(buffer).status == IoStatus::Ok);
}

TEST_CASE("session read: who changes keys again and again, and says nothing, is cut off",
          "[tls][session][regression]") {
  const Fixture fixture;
  Pair pair(fixture.context, test::version_only(TLS1_3_VERSION));
  REQUIRE(pair.connect());
  pair.server.flush();
  const std::string flood = test::key_changes(pair.client, 5000, {});
  REQUIRE(flood.size() > 100'000);
  REQUIRE(::send(pair.sockets.client(), flood.data(), flood.size(), 0) ==
          static_cast<ssize_t>(flood.size()));
  pair.server.on_readable();
  const std::uint64_t before = pair.server.received_bytes();
  std::string buffer(100, '\0');
  CHECK(pair.server.read(buffer).status == IoStatus::Error);
  CHECK(pair.server.error_word() == "tls_too_many_messages");
  CHECK(pair.server.received_bytes() - before < 90'000);  // and not all was looked at for that
}

TEST_CASE("session read: keys are changed as often as data comes between",
          "[tls][session][regression]") {
  const Fixture fixture;
  Pair pair(fixture.context, test::version_only(TLS1_3_VERSION));
  REQUIRE(pair.connect());
  std::string all;
  for (int i = 0; i < 50; ++i) {
    const std::string bytes = test::key_changes(pair.client, 100, "x");
    REQUIRE(::send(pair.sockets.client(), bytes.data(), bytes.size(), 0) > 0);
    pair.server.on_readable();
    all += test::read_all(pair.server);
  }
  CHECK(all == std::string(50, 'x'));
}

}  // namespace
}  // namespace sluice::tls
