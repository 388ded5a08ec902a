// SPDX-License-Identifier: MIT
// What the loop receives before it tells of it, and sends before it notes it.
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cerrno>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/net/stream.h"
#include "tests/support/run_loop.h"
#include "tests/support/sockets.h"
#include "tests/support/stream_owner.h"

namespace sluice::net {
namespace {

using support::StreamOwner;
using Words = std::vector<std::string>;

// One end of a socket pair, and a stream that takes what was received ahead.
struct Taker {
  Taker(EventLoop& loop, std::string_view name, Words& said, std::pair<Fd, Fd> ends)
      : peer(std::move(ends.first)), owner(loop, std::move(ends.second)) {
    owner.takes_ahead = true;
    owner.on["readable"] = [this, name = std::string(name), &said] {
      const std::string held(stream().take_held());
      if (!held.empty()) said.push_back(name + " takes " + held);
      const std::string read = owner.read_all();
      if (!read.empty()) said.push_back(name + " reads " + read);
      if (owner.last.status == IoStatus::Eof) said.push_back(name + " ends");
      if (owner.last.status == IoStatus::Error) said.push_back(name + " is lost");
      if (then) then();
    };
  }

  Stream& stream() { return owner.stream; }
  void send(std::string_view bytes) const {
    REQUIRE(::send(peer.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
            static_cast<ssize_t>(bytes.size()));
  }

  Fd peer;
  StreamOwner owner;
  std::function<void()> then;  // once it has taken what there was
};

// Over Unix sockets, whose events are there at once.
struct AheadFixture {
  // A first look at each, behind which they wait for events.
  AheadFixture() { support::run_turns(loop, 2); }

  Words said;
  EventLoop loop;
  Taker a{loop, "a", said, support::socket_pair(SOCK_STREAM)};
  Taker b{loop, "b", said, support::socket_pair(SOCK_STREAM)};
};

}  // namespace

TEST_CASE_METHOD(AheadFixture, "stream: all are received from before any is told",
                 "[net][stream]") {
  a.send("one");
  b.send("two");
  a.then = [this] {
    CHECK(b.stream().holds_input());
    CHECK(b.stream().has_input());
    char byte = 0;
    CHECK(::recv(b.stream().fd(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0);  // nothing is left there
  };
  loop.turn();
  CHECK(said == Words{"a takes one", "b takes two"});
  CHECK_FALSE(a.stream().holds_input());
  a.then = nullptr;
  a.send("more");
  support::run_until(loop, [this] { return said.back() == "a takes more"; });
}

TEST_CASE_METHOD(AheadFixture, "stream: an end comes behind what was received ahead",
                 "[net][stream]") {
  a.send("last");
  a.peer.reset();
  support::run_until(loop, [this] { return !said.empty() && said.back() == "a ends"; });
  CHECK(said == Words{"a takes last", "a ends"});
}

TEST_CASE_METHOD(AheadFixture, "stream: an end or an error that is received ahead is told once",
                 "[net][stream]") {
  Taker tcp{loop, "tcp", said, support::tcp_pair()};
  support::run_turns(loop, 2);
  a.peer.reset();
  const linger abort{.l_onoff = 1, .l_linger = 0};
  setsockopt(tcp.peer.get(), SOL_SOCKET, SO_LINGER, &abort, sizeof(abort));
  tcp.peer.reset();
  support::run_until(loop, [this] { return said.size() >= 2; });
  support::run_turns(loop, 2);
  std::ranges::sort(said);
  CHECK(said == Words{"a ends", "tcp is lost"});
  CHECK(tcp.owner.last.error == ECONNRESET);
}

TEST_CASE_METHOD(AheadFixture, "stream: what was received comes though reading is paused by then",
                 "[net][stream]") {
  a.then = [this] { b.stream().pause_reading(); };
  a.send("one");
  b.send("two");
  loop.turn();
  CHECK(said == Words{"a takes one", "b takes two"});
}

TEST_CASE_METHOD(AheadFixture, "stream: paused, it is not received from until that is over",
                 "[net][stream]") {
  a.stream().pause_reading();
  a.send("late");
  support::run_turns(loop, 2);
  CHECK(said.empty());
  CHECK_FALSE(a.stream().holds_input());
  a.stream().resume_reading();  // comes from the loop, and by no event
  loop.turn();
  CHECK(said == Words{"a reads late"});
}

TEST_CASE_METHOD(AheadFixture, "stream: closed, it forgets what was received", "[net][stream]") {
  a.then = [this] { b.stream().close(); };
  a.send("one");
  b.send("two");
  support::run_turns(loop, 2);
  CHECK(said == Words{"a takes one"});
  CHECK_FALSE(b.stream().holds_input());
}

TEST_CASE_METHOD(AheadFixture, "stream: who waits to be received from may be read in time",
                 "[net][stream]") {
  b.owner.takes_ahead = false;  // told among the events, behind those of a
  b.then = [this] {
    CHECK(a.stream().holds_input());
    CHECK(a.owner.read_all() == "in time");
  };
  a.send("in time");
  b.send("now");
  loop.turn();
  CHECK(said == Words{"b reads now"});
  a.send("more");
  support::run_until(loop, [this] { return said.back() == "a takes more"; });
}

// The kernel's error is told once, to whoever asks.
TEST_CASE_METHOD(AheadFixture, "stream: a reset behind what was read in time is no orderly end",
                 "[net][stream][regression]") {
  Taker tcp{loop, "tcp", said, support::tcp_pair()};
  support::run_turns(loop, 2);
  b.owner.takes_ahead = false;  // told among the events, behind those of tcp
  b.then = [&] {
    CHECK(tcp.stream().holds_input());
    CHECK(tcp.owner.read_all() == "x");
    const linger abort{.l_onoff = 1, .l_linger = 0};
    setsockopt(tcp.peer.get(), SOL_SOCKET, SO_LINGER, &abort, sizeof(abort));
    tcp.peer.reset();
  };
  tcp.send("x");
  pollfd arrived{tcp.stream().fd(), POLLIN, 0};
  REQUIRE(::poll(&arrived, 1, support::Deadline().poll_ms()) == 1);
  b.send("now");
  support::run_until(loop, [this] { return said.size() >= 2; });
  support::run_turns(loop, 2);
  CHECK(said == Words{"b reads now", "tcp is lost"});
}

TEST_CASE_METHOD(AheadFixture,
                 "stream: what is received while it waits to be called again is not overwritten",
                 "[net][stream][regression]") {
  for (Taker* one : {&b, &a}) {
    one->stream().pause_reading();
    one->stream().resume_reading();  // called again behind those that received something
  }
  b.then = [this] { std::ranges::fill(loop.scratch(), '#'); };
  a.send("one");
  b.send("two");
  loop.turn();
  CHECK(said == Words{"a takes one", "b takes two"});
}

TEST_CASE_METHOD(AheadFixture, "stream: nor by what is received when there is room again",
                 "[net][stream][regression]") {
  const std::string much(60 * 1024, 'x');
  Taker c{loop, "c", said, support::socket_pair(SOCK_STREAM)};
  Taker d{loop, "d", said, support::socket_pair(SOCK_STREAM)};
  support::run_turns(loop, 2);
  a.stream().pause_reading();
  a.stream().resume_reading();
  a.send("one");
  for (const Taker* one : {&b, &c, &d}) one->send(much);
  loop.turn();
  CHECK(said == Words{"a takes one", "b takes " + much, "c takes " + much, "d takes " + much});
}

TEST_CASE_METHOD(AheadFixture,
                 "stream: what another one writes as it drains does not leave what is sent twice",
                 "[net][stream][regression]") {
  constexpr std::size_t kBehind = 32 * 1024;  // sent at once, along with what is buffered
  a.stream().write("filled");                 // above a low watermark of 0
  b.stream().write("head");
  a.owner.on["drained"] = [this] { b.stream().write(std::string(kBehind, 'b')); };
  std::string taken;
  support::run_until(loop, [&] {
    taken += support::take_available(b.peer.get()).bytes;
    return taken.size() >= 4 + kBehind;
  });
  support::run_turns(loop, 2);
  taken += support::take_available(b.peer.get()).bytes;
  CHECK(taken == "head" + std::string(kBehind, 'b'));
}

}  // namespace sluice::net
