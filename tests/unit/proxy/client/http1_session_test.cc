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

// One between a client and a backend, which are both played here.
struct Between {
  Between() : Between(support::socket_pair(SOCK_STREAM)) {}
  explicit Between(std::pair<Fd, Fd> ends)
      : same_end(::dup(ends.second.get())), client(std::move(ends.first)) {
    const net::Address address = *net::Address::parse(place);
    REQUIRE(::bind(listening.get(), address.data(), address.size()) == 0);
    REQUIRE(::listen(listening.get(), 1) == 0);
    rig.accept(std::move(ends.second), *net::Address::parse("192.0.2.1:999"), 0);
  }

  // The backend's end, once the client's request is on its way.
  BytePeer ask() {
    client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    turn();
    return BytePeer(Fd(::accept(listening.get(), nullptr, nullptr)));
  }

  void turn() {
    for (int turns = 0; turns < 20; ++turns) {
      rig.turn();
      client.pump();
    }
  }

  support::TempDir directory;
  std::string place = "unix:" + directory.file("backend.sock");
  Fd listening{::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
  ForwardRig rig{{.backends = {place}}};
  Fd same_end;  // as the proxy's, to fill
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

// Among the events of the turn that has read its request, and not looked at it yet.
TEST_CASE("client: a request that has been read when something ends its session",
          "[client][http1_session]") {
  Setup setup;
  setup.turn();  // from now on its bytes are an event
  setup.client.send("GET /fixed HTTP/1.1\r\nHost: h\r\n\r\n");
  SECTION("by its deadline: is answered") {
    setup.rig.post([&setup] { setup.rig.pass(std::chrono::seconds(11)); });  // that of heads is ten
    setup.turn();
    CHECK(setup.client.received().ends_with("fixed\n"));
    CHECK(setup.rig.sessions() == 1);
  }
  SECTION("by a drain: is answered") {
    setup.rig.post([&setup] { setup.rig.drain(); });
    setup.turn();
    CHECK(setup.client.received().ends_with("fixed\n"));
  }
  SECTION("by the end of all: is not, and nothing of it stays") {
    setup.rig.post([&setup] { setup.rig.stop(); });
    setup.turn();
    CHECK(setup.client.received().empty());
    CHECK(setup.rig.sessions() == 0);
    CHECK_FALSE(setup.rig.exchanges_alive());
  }
}

TEST_CASE("client: a drain waits for a later request that has been read",
          "[client][http1_session]") {
  constexpr std::string_view kRequest = "GET /fixed HTTP/1.1\r\nHost: h\r\n\r\n";
  Setup setup;
  setup.client.send(kRequest);
  setup.turn();
  setup.client.send(kRequest);
  setup.rig.post([&setup] { setup.rig.drain(); });
  setup.turn();
  CHECK(setup.rig.finished().size() == 2);
  CHECK(setup.client.received().ends_with("fixed\n"));
}

TEST_CASE("client: an empty line that has been read does not put off a deadline",
          "[client][http1_session]") {
  Setup setup;
  setup.turn();
  setup.client.send("\r\n");
  setup.rig.post([&setup] { setup.rig.pass(std::chrono::seconds(11)); });
  setup.turn();
  CHECK(setup.rig.sessions() == 0);
}

TEST_CASE("client: a response that has been read when its deadline fires is taken",
          "[client][http1_session]") {
  Between between;
  BytePeer backend = between.ask();
  backend.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  // That of the first byte is sixty.
  between.rig.post([&between] { between.rig.pass(std::chrono::seconds(61)); });
  between.turn();
  CHECK(between.client.received().starts_with("HTTP/1.1 200 "));
}

// The timer of an answer's first part was over, with nothing waiting, and the last part set none:
// the connection stayed for ever.
TEST_CASE("client: who takes only the end of an answer is let go, too",
          "[client][http1_session][regression]") {
  Between between;
  BytePeer backend = between.ask();
  backend.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
  between.turn();
  REQUIRE(between.client.received().ends_with("3\r\nabc\r\n"));
  between.rig.pass(std::chrono::seconds(31));  // the deadline of sending is thirty
  CHECK(between.rig.sessions() == 1);
  between.client.set_reading(false);
  support::fill(between.same_end.get(), 64 * 1024 * 1024);
  backend.send("0\r\n\r\n");
  between.turn();
  REQUIRE(between.rig.finished().size() == 1);
  CHECK(between.rig.sessions() == 1);
  between.rig.pass(std::chrono::seconds(31));
  between.turn();
  CHECK(between.rig.sessions() == 0);
}

}  // namespace sluice::client
