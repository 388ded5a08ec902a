// SPDX-License-Identifier: MIT
// Reading now and looking at it later in the turn.
#include <array>
#include <catch2/catch.hpp>
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

// One end of a Unix socket, whose events are there at once, and a stream that holds what it reads.
struct Holder {
  Holder(EventLoop& loop, std::string_view name, Words& said)
      : Holder(loop, name, said, support::socket_pair(SOCK_STREAM)) {}
  Holder(EventLoop& loop, std::string_view name, Words& said, std::pair<Fd, Fd> ends)
      : peer(std::move(ends.first)), owner(loop, std::move(ends.second)) {
    owner.on["readable"] = [this, &loop, name = std::string(name), &said] {
      if (stream().holds_input()) said.push_back(name + " looks at " + text(stream().take_held()));
      for (;;) {
        const std::span<char> scratch = loop.scratch();
        owner.last = stream().read(scratch);
        if (owner.last.status == IoStatus::Eof) said.push_back(name + " ends");
        if (owner.last.status != IoStatus::Ok) return;
        const std::string_view bytes(scratch.data(), owner.last.bytes);
        const bool held = stream().hold(bytes);
        said.push_back(name + (held ? " holds " : " could not hold ") + text(bytes));
        if (held && then) then();
        if (held) return;
      }
    };
  }

  static std::string text(std::string_view bytes) { return std::string(bytes); }
  Stream& stream() { return owner.stream; }
  void send(std::string_view bytes) const {
    REQUIRE(::send(peer.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
            static_cast<ssize_t>(bytes.size()));
  }

  Fd peer;
  StreamOwner owner;
  std::function<void()> then;  // when it holds something
};

struct HoldFixture {
  // A first look at each, behind which they wait for events.
  HoldFixture() { support::run_turns(loop, 2); }

  Words said;
  EventLoop loop;
  Holder a{loop, "a", said};
  Holder b{loop, "b", said};
};

}  // namespace

TEST_CASE_METHOD(HoldFixture, "stream: what several hold is looked at when all have been read",
                 "[net][stream]") {
  a.send("one");
  b.send("two");
  loop.turn();
  CHECK(said == Words{"a holds one", "b holds two", "a looks at one", "b looks at two"});
  a.send("more");
  support::run_until(loop, [this] { return said.back() == "a looks at more"; });
}

TEST_CASE_METHOD(HoldFixture, "stream: an end comes behind what is held", "[net][stream]") {
  a.send("last");
  a.peer.reset();
  support::run_until(loop, [this] { return !said.empty() && said.back() == "a ends"; });
  CHECK(said == Words{"a holds last", "a looks at last", "a ends"});
}

TEST_CASE_METHOD(HoldFixture, "stream: what is held is input, and comes though it is paused",
                 "[net][stream]") {
  a.then = [this] {
    CHECK(a.stream().has_input());
    a.stream().pause_reading();
  };
  a.send("held");
  loop.turn();
  CHECK(said == Words{"a holds held", "a looks at held"});
  CHECK_FALSE(a.stream().has_input());
}

TEST_CASE_METHOD(HoldFixture, "stream: closed, it forgets what it holds", "[net][stream]") {
  a.then = [this] { a.stream().close(); };
  a.send("gone");
  support::run_turns(loop, 2);
  CHECK(said == Words{"a holds gone"});
  CHECK_FALSE(a.stream().holds_input());
}

TEST_CASE_METHOD(HoldFixture, "stream: what comes behind the events of a turn cannot be held",
                 "[net][stream]") {
  a.stream().pause_reading();
  a.send("late");
  support::run_turns(loop, 1);
  a.stream().resume_reading();  // comes from the loop, and by no event
  loop.turn();
  CHECK(said == Words{"a could not hold late"});
}

}  // namespace sluice::net
