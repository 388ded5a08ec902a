// SPDX-License-Identifier: MIT
#include <sys/socket.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <string>
#include <string_view>
#include <utility>

#include "tests/support/byte_peer.h"
#include "tests/support/forward_rig.h"
#include "tests/support/sockets.h"
#include "tests/support/temp_dir.h"

namespace sluice::client {
namespace {

using support::BytePeer;
using support::ForwardRig;

// A session whose client is played here, and nobody behind it. Over a Unix socket, whose events are
// there at once, so that turns which wait for nothing are enough and no deadline can come.
struct Setup {
  Setup() : Setup(support::socket_pair(SOCK_STREAM)) {}
  explicit Setup(std::pair<Fd, Fd> ends) : client(std::move(ends.first)) {
    rig.accept(std::move(ends.second), *net::Address::parse("192.0.2.1:999"), 0);
  }

  void turn() {
    for (int turns = 0; turns < 20; ++turns) {
      rig.turn();
      client.pump();
    }
  }

  ForwardRig rig{{.backends = {"unix:/nobody"}}};
  BytePeer client;
};

constexpr std::string_view kUnfinished =
    "POST /fixed HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nabc";

}  // namespace

TEST_CASE("client: who leaves while an unwanted body is dropped is let go at once",
          "[client][http1_session]") {
  Setup setup;
  setup.client.send(kUnfinished);
  setup.turn();
  REQUIRE(setup.client.received().ends_with("fixed\n"));
  CHECK(setup.rig.sessions() == 1);
  const bool half = GENERATE(true, false);
  if (half) {
    setup.client.half_close();
  } else {
    setup.client.close();
  }
  setup.turn();
  CHECK(setup.rig.sessions() == 0);
  CHECK(setup.rig.finished().size() == 1);
}

TEST_CASE("client: who leaves after an unwanted body has stalled is let go at once",
          "[client][http1_session]") {
  Setup setup;
  setup.client.send(kUnfinished);
  setup.turn();
  setup.rig.pass(std::chrono::seconds(31));  // the deadline of the body is thirty
  setup.turn();
  REQUIRE(setup.client.ended());
  CHECK(setup.client.received().ends_with("fixed\n"));
  CHECK(setup.rig.sessions() == 1);
  CHECK_FALSE(setup.rig.exchanges_alive());
  setup.client.half_close();
  setup.turn();
  CHECK(setup.rig.sessions() == 0);
}

TEST_CASE("client: nobody lingers for a client that has shut its side", "[client][http1_session]") {
  Setup setup;
  setup.client.send("GET / HTTP/1.1\nHost: h\n\n");
  setup.client.half_close();
  setup.turn();
  CHECK(setup.rig.sessions() == 0);
  CHECK(setup.client.received().starts_with("HTTP/1.1 400 "));
  CHECK(setup.client.ended());
}

TEST_CASE("client: a reset ends a lingering session even together with bytes",
          "[client][http1_session]") {
  Setup setup(support::tcp_pair());
  const std::string much(512 * 1024, 'x');  // no method is as long: refused, and more is to come
  setup.client.send(much);
  for (int turns = 0; turns < 20 && !setup.client.ended(); ++turns) {
    setup.rig.waiting_turn();
    setup.client.pump();
  }
  REQUIRE(setup.client.ended());
  REQUIRE(setup.rig.sessions() == 1);
  setup.client.send(much);
  setup.client.reset();
  // One second at most, and lingering would last two.
  for (int turns = 0; turns < 20 && setup.rig.sessions() != 0; ++turns) setup.rig.waiting_turn();
  CHECK(setup.rig.sessions() == 0);
}

// The timer of an answer's first part was over, with nothing waiting, and the last part set none:
// the connection stayed for ever.
TEST_CASE("client: who takes only the end of an answer is let go, too",
          "[client][http1_session][regression]") {
  const support::TempDir directory;
  const std::string place = "unix:" + directory.file("backend.sock");
  const net::Address address = *net::Address::parse(place);
  const Fd listening(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  REQUIRE(::bind(listening.get(), address.data(), address.size()) == 0);
  REQUIRE(::listen(listening.get(), 1) == 0);
  ForwardRig rig({.backends = {place}});
  auto [client_end, proxy_end] = support::socket_pair(SOCK_STREAM);
  const Fd same_end(::dup(proxy_end.get()));
  BytePeer client(std::move(client_end));
  rig.accept(std::move(proxy_end), *net::Address::parse("192.0.2.1:999"), 0);
  const auto turn = [&rig, &client] {
    for (int turns = 0; turns < 20; ++turns) {
      rig.turn();
      client.pump();
    }
  };
  client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  turn();
  BytePeer backend(Fd(::accept(listening.get(), nullptr, nullptr)));
  backend.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
  turn();
  REQUIRE(client.received().ends_with("3\r\nabc\r\n"));
  rig.pass(std::chrono::seconds(31));  // the deadline of sending is thirty
  CHECK(rig.sessions() == 1);
  client.set_reading(false);
  support::fill(same_end.get(), 64 * 1024 * 1024);
  backend.send("0\r\n\r\n");
  turn();
  REQUIRE(rig.finished().size() == 1);
  CHECK(rig.sessions() == 1);
  rig.pass(std::chrono::seconds(31));
  turn();
  CHECK(rig.sessions() == 0);
}

}  // namespace sluice::client
