// SPDX-License-Identifier: MIT
#include "proxy/net/event_loop.h"

#include <sys/eventfd.h>

#include <algorithm>
#include <atomic>
#include <catch2/catch.hpp>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "proxy/base/fd.h"
#include "proxy/net/fd_event.h"
#include "tests/support/run_loop.h"

namespace sluice::net {
namespace {

using Words = std::vector<std::string>;

// Writes down what the loop does with it; `then` happens within.
struct Witness : Flushable, Requeued, Retired {
  Witness(Words& said, std::string name) : words(said), word(std::move(name)) {}
  ~Witness() override { words.push_back("~" + word); }

  Output output() override { return {}; }
  void on_sent(IoResult /*result*/) override {}
  void on_flush() override {
    words.push_back("flush " + word);
    if (then) then();
  }
  void on_requeued() override {
    words.push_back("again " + word);
    if (then) then();
  }

  Words& words;
  std::string word;
  std::function<void()> then;
};

struct LoopFixture {
  std::unique_ptr<Witness> witness(std::string name) {
    return std::make_unique<Witness>(words, std::move(name));
  }

  Words words;
  EventLoop loop;
};

}  // namespace

TEST_CASE_METHOD(LoopFixture,
                 "event loop: a turn runs events, then what was requeued, then flushes, "
                 "then destroys",
                 "[net][event_loop]") {
  auto a = witness("a");
  auto dead = witness("dead");
  loop.post([&] {
    words.push_back("event");
    loop.retire(std::move(dead));
    loop.flush_later(*a);
    loop.call_again(*a);
  });
  support::run_until(loop, [this] { return words.size() >= 4; });
  CHECK(words == Words{"event", "again a", "flush a", "~dead"});
}

TEST_CASE_METHOD(LoopFixture, "event loop: what is called first may requeue others within the turn",
                 "[net][event_loop]") {
  auto a = witness("a");
  auto b = witness("b");
  auto c = witness("c");
  b->then = [&] { loop.call_again(*c); };
  loop.call_again(*a);
  loop.call_first(*b);
  loop.turn();
  CHECK(words == Words{"again b", "again a", "again c"});
}

TEST_CASE_METHOD(LoopFixture, "event loop: asked twice is done once", "[net][event_loop]") {
  auto a = witness("a");
  for (int i = 0; i < 2; ++i) {
    loop.flush_later(*a);
    loop.call_again(*a);
  }
  loop.turn();
  CHECK(words == Words{"again a", "flush a"});
}

TEST_CASE_METHOD(LoopFixture, "event loop: what is destroyed is not called", "[net][event_loop]") {
  auto a = witness("a");
  auto b = witness("b");
  for (Witness* one : {a.get(), b.get()}) {
    loop.flush_later(*one);
    loop.call_again(*one);
  }
  SECTION("before its turn") {
    a.reset();
    loop.turn();
    CHECK(words == Words{"~a", "again b", "flush b"});
  }
  SECTION("by another one of the same round") {
    a->then = [&b] { b.reset(); };
    loop.turn();
    CHECK(words == Words{"again a", "~b", "flush a"});
  }
}

TEST_CASE_METHOD(LoopFixture,
                 "event loop: one that requeues itself lets the others have their turn",
                 "[net][event_loop]") {
  auto greedy = witness("greedy");
  greedy->then = [&] { loop.call_again(*greedy); };
  loop.call_again(*greedy);
  bool posted = false;
  loop.post([&posted] { posted = true; });
  loop.turn();
  loop.turn();
  CHECK(posted);
  CHECK(words == Words{"again greedy", "again greedy"});
}

TEST_CASE_METHOD(LoopFixture, "event loop: a flush may make another object write in the same turn",
                 "[net][event_loop]") {
  auto a = witness("a");
  auto b = witness("b");
  a->then = [&] { loop.flush_later(*b); };
  loop.flush_later(*a);
  loop.turn();
  CHECK(words == Words{"flush a", "flush b"});
}

TEST_CASE_METHOD(LoopFixture, "event loop: one that always has more to flush does not hold it up",
                 "[net][event_loop]") {
  auto endless = witness("endless");
  endless->then = [&] { loop.flush_later(*endless); };
  loop.flush_later(*endless);
  bool posted = false;
  loop.post([&posted] { posted = true; });
  loop.turn();
  loop.turn();
  CHECK(posted);
}

TEST_CASE_METHOD(LoopFixture,
                 "event loop: destroys in the order of retiring, at the end of the turn",
                 "[net][event_loop]") {
  auto a = witness("a");
  Witness* borrowed = a.get();
  a->then = [&] {
    loop.retire(std::move(a));
    loop.retire(witness("b"));
    words.push_back("alive " + borrowed->word);
  };
  loop.call_again(*a);
  loop.turn();
  CHECK(words == Words{"again a", "alive a", "~a", "~b"});
}

TEST_CASE_METHOD(LoopFixture, "event loop: a destructor may retire, requeue and flush others",
                 "[net][event_loop]") {
  struct Parent : Retired {
    explicit Parent(std::function<void()> at_end) : end(std::move(at_end)) {}
    ~Parent() override { end(); }
    std::function<void()> end;
  };
  auto a = witness("a");
  loop.retire(std::make_unique<Parent>([&] {
    loop.retire(witness("child"));
    loop.call_again(*a);
    loop.flush_later(*a);
  }));
  loop.turn();
  CHECK(words.empty());
  loop.turn();
  CHECK(words == Words{"again a", "flush a", "~child"});
}

TEST_CASE("event loop: at its end it destroys what is retired, children too", "[net][event_loop]") {
  Words words;
  auto loop = std::make_unique<EventLoop>();
  struct Parent : Retired {
    Parent(EventLoop& of, Words& said) : loop(of), words(said) {}
    ~Parent() override { loop.retire(std::make_unique<Witness>(words, "child")); }
    EventLoop& loop;
    Words& words;
  };
  loop->retire(std::make_unique<Parent>(*loop, words));
  loop.reset();
  CHECK(words == Words{"~child"});
}

TEST_CASE_METHOD(LoopFixture, "event loop: stop() finishes the turn, and run() can go on",
                 "[net][event_loop]") {
  auto a = witness("a");
  loop.post([&] {
    loop.stop();
    loop.flush_later(*a);
  });
  loop.run();
  CHECK(words == Words{"flush a"});
  loop.stop();
  loop.run();  // ended by the stop() before it
  loop.post([this] { loop.stop(); });
  loop.run();
  CHECK(words == Words{"flush a"});
}

TEST_CASE_METHOD(LoopFixture, "event loop: tasks of other threads run in order, on its own thread",
                 "[net][event_loop]") {
  constexpr int kThreads = 4;
  constexpr int kTasks = 500;
  std::vector<std::vector<int>> done(kThreads);  // by the loop's thread alone
  const std::thread::id own = std::this_thread::get_id();
  bool strange = false;
  {
    std::vector<std::jthread> threads;
    for (std::size_t t = 0; t < kThreads; ++t) {
      threads.emplace_back([this, t, &done, &strange, own] {
        for (int i = 0; i < kTasks; ++i) {
          loop.post([&done, &strange, t, i, own] {
            strange = strange || std::this_thread::get_id() != own;
            done[t].push_back(i);
          });
        }
      });
    }
    support::run_until(loop, [&done] {
      std::size_t total = 0;
      for (const auto& tasks : done) total += tasks.size();
      return total == kThreads * kTasks;
    });
  }
  CHECK_FALSE(strange);
  for (const auto& tasks : done) CHECK(std::is_sorted(tasks.begin(), tasks.end()));
}

TEST_CASE_METHOD(LoopFixture, "event loop: a task may post another one, for a later turn",
                 "[net][event_loop]") {
  loop.post([this] {
    words.push_back("first");
    loop.post([this] { words.push_back("second"); });
  });
  support::run_until(loop, [this] { return words.size() == 1; });
  support::run_until(loop, [this] { return words.size() == 2; });
  CHECK(words == Words{"first", "second"});
}

TEST_CASE_METHOD(LoopFixture, "event loop: the clock stands still within a turn and moves between",
                 "[net][event_loop]") {
  std::vector<TimePoint> seen;
  const auto look = [&] {
    seen.push_back(loop.now());
    seen.push_back(loop.now());
  };
  const TimePoint before = Clock::now();
  loop.post(look);
  support::run_until(loop, [&seen] { return seen.size() == 2; });
  loop.turn();  // waits for a tick
  loop.post(look);
  support::run_until(loop, [&seen] { return seen.size() == 4; });
  CHECK(seen[0] == seen[1]);
  CHECK(seen[2] == seen[3]);
  CHECK(seen[0] >= before);
  CHECK(seen[2] > seen[0]);
  CHECK(seen[2] <= Clock::now());
}

TEST_CASE_METHOD(LoopFixture, "event loop: a clock read before the wait is not used after it",
                 "[net][event_loop]") {
  const TimePoint before = loop.now();
  loop.turn();
  CHECK(loop.now() > before);
}

TEST_CASE_METHOD(LoopFixture, "event loop: its timers run by themselves", "[net][event_loop]") {
  struct Alarm {
    void on_fired() { fired = true; }
    bool fired = false;
  } alarm;
  Timer timer(loop.timers(), Timer::Callback::of<&Alarm::on_fired>(&alarm));
  const TimePoint deadline = loop.now() + std::chrono::milliseconds(60);
  timer.set(deadline);
  support::run_until(loop, [&alarm] { return alarm.fired; });
  CHECK(loop.now() >= deadline);
}

TEST_CASE_METHOD(LoopFixture, "event loop: one that slept without a timer has the next one in time",
                 "[net][event_loop]") {
  struct Alarm {
    void on_fired() { loop.stop(); }
    EventLoop& loop;
  } alarm{loop};
  Timer timer(loop.timers(), Timer::Callback::of<&Alarm::on_fired>(&alarm));
  TimePoint deadline;
  loop.post([&] {
    deadline = loop.now() + std::chrono::milliseconds(60);
    timer.set(deadline);
  });
  loop.run();
  CHECK(loop.now() >= deadline);
  CHECK_FALSE(loop.timers().ticking());
}

TEST_CASE_METHOD(LoopFixture, "fd event: comes while it is enabled, and with its bits",
                 "[net][fd_event]") {
  struct Watcher {
    void on_event(short what) { seen.push_back(what); }
    std::vector<short> seen;
  } watcher;
  const Fd fd(eventfd(1, EFD_NONBLOCK | EFD_CLOEXEC));
  FdEvent event(loop.base(), fd.get(), short{EV_READ},
                FdEvent::Callback::of<&Watcher::on_event>(&watcher));
  loop.turn();
  CHECK(watcher.seen.empty());
  event.enable();
  event.enable();                                                             // again does not harm
  support::run_until(loop, [&watcher] { return watcher.seen.size() == 2; });  // level-triggered
  CHECK(watcher.seen[0] == EV_READ);
  event.disable();
  event.disable();
  const std::size_t count = watcher.seen.size();
  loop.turn();
  CHECK(watcher.seen.size() == count);
}

TEST_CASE_METHOD(LoopFixture, "event loop: scratch memory has the size it says",
                 "[net][event_loop]") {
  REQUIRE(loop.scratch().size() == EventLoop::kScratchBytes);
  loop.scratch().back() = 'x';
  CHECK(loop.scratch().back() == 'x');
}

}  // namespace sluice::net
