// SPDX-License-Identifier: MIT
#include "tests/support/connection.h"

#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <string>
#include <utility>

#include "tests/support/raw_client.h"
#include "tests/support/scripted_backend.h"

namespace {

using namespace std::chrono_literals;
using sluice::support::Connection;
using sluice::support::Failure;

std::pair<Connection, Connection> connected_pair() {
  int ends[2] = {-1, -1};
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
  return {Connection(ends[0]), Connection(ends[1])};
}

}  // namespace

TEST_CASE("connection: bytes arrive as they were sent, whatever the calls") {
  auto [a, b] = connected_pair();
  a.send("HTTP/1.1 200 OK\r\n\r\nbo");
  a.send("dy and more");
  CHECK(b.peek(4) == "HTTP");
  CHECK(b.recv_until("\r\n\r\n") == "HTTP/1.1 200 OK\r\n\r\n");
  CHECK(b.recv_exact(4) == "body");
  a.close();
  CHECK(b.recv_to_close() == " and more");
  CHECK_FALSE(b.closed_by_reset());
}

TEST_CASE("connection: a delimiter split between two reads is found") {
  auto [a, b] = connected_pair();
  a.send("one\r");
  CHECK(b.peek(4) == "one\r");
  a.send("\ntwo");
  CHECK(b.recv_until("\r\n") == "one\r\n");
  CHECK(b.recv_exact(3) == "two");
}

TEST_CASE("connection: half_close ends one direction only") {
  auto [a, b] = connected_pair();
  a.send("last");
  a.half_close();
  CHECK(b.recv_to_close() == "last");
  b.send("answer");
  CHECK(a.recv_exact(6) == "answer");
}

TEST_CASE("connection: a wait that comes to nothing says what there was") {
  auto [a, b] = connected_pair();
  a.send("half a li");
  CHECK_THROWS_WITH(b.recv_until("\n", 1ms),
                    Catch::Contains("in vain") && Catch::Contains("half a li"));
  CHECK_THROWS_AS(b.recv_exact(10, 1ms), Failure);
  CHECK_THROWS_AS(b.recv_to_close(1ms), Failure);
  CHECK(b.recv_exact(9) == "half a li");
}

TEST_CASE("connection: the end of the stream before what was awaited is a failure") {
  auto [a, b] = connected_pair();
  a.send("abc");
  a.close();
  CHECK_THROWS_WITH(b.recv_until("\n"), Catch::Contains("ended"));
  CHECK_THROWS_WITH(b.recv_exact(4), Catch::Contains("ended"));
  CHECK(b.peek(4).empty());
  CHECK_THROWS_WITH(b.expect_close(), Catch::Contains("abc"));
  CHECK(b.recv_some() == "abc");
  CHECK(b.recv_some().empty());
  CHECK_NOTHROW(b.expect_close());
}

TEST_CASE("connection: silent tells an open quiet stream from one with bytes or at its end") {
  auto [a, b] = connected_pair();
  CHECK(b.silent());
  a.send("x");
  CHECK_FALSE(b.silent());
  CHECK(b.recv_exact(1) == "x");
  CHECK(b.silent());
  a.close();
  CHECK_FALSE(b.silent());
}

TEST_CASE("connection: sending to a peer that takes nothing stops where the kernel does") {
  auto [a, b] = connected_pair();
  const std::string much(64 << 20, 'x');
  const std::size_t taken = a.send_available(much);
  CHECK(taken > 0);
  CHECK(taken < much.size());
  CHECK(a.send_available(much) == 0);
  CHECK_THROWS_WITH(a.send("more", 1ms), Catch::Contains("take bytes"));
  CHECK(b.recv_exact(taken) == much.substr(0, taken));
}

TEST_CASE("connection: sending to a peer that is gone is false, or a failure") {
  auto [a, b] = connected_pair();
  b.close();
  CHECK_FALSE(a.try_send("x"));
  CHECK_THROWS_WITH(a.send("x"), Catch::Contains("closed before it took"));
  a.close();
  CHECK_THROWS_AS(a.send("x"), Failure);
  CHECK_THROWS_AS(a.recv_some(), Failure);
}

TEST_CASE("connection: a stop ends a wait at once") {
  const int stop = ::eventfd(1, EFD_CLOEXEC);
  int ends[2] = {-1, -1};
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
  Connection a(ends[0], stop);
  Connection b(ends[1]);
  CHECK_THROWS_AS(a.recv_some(), sluice::support::Stopped);
  ::close(stop);
}

TEST_CASE("connection: a reset is told from a close, on both ends") {
  sluice::support::ScriptedBackend backend([](sluice::support::BackendConnection& connection) {
    const std::string wish = connection.recv_exact(5);
    if (wish == "reset") connection.reset();
  });
  for (const bool reset : {true, false}) {
    INFO("reset " << reset);
    sluice::support::RawClient client(backend.port());
    client.send(reset ? "reset" : "close");
    CHECK(client.recv_to_close().empty());
    CHECK(client.closed_by_reset() == reset);
  }
  CHECK(backend.failures().empty());
}

TEST_CASE("connection: messages show control characters and shorten long bodies") {
  using sluice::support::printable;
  CHECK(printable("a\r\nb") == "4 bytes \"a\\r\\nb\"");
  CHECK(printable(std::string_view("\0\x7f", 2)) == "2 bytes \"\\x00\\x7f\"");
  CHECK(printable(std::string(100'000, 'x')).size() < 2'000);
}
