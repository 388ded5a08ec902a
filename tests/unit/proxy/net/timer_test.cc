// SPDX-License-Identifier: MIT
#include "proxy/net/timer.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <functional>
#include <memory>
#include <random>
#include <vector>

namespace sluice::net {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr milliseconds kTick = TimerWheel::kTick;
constexpr milliseconds kHorizon = kTick * static_cast<int>(TimerWheel::kSlots);
const TimePoint kStart = TimePoint() + std::chrono::hours(1000);

// A timer that says when it fired, in the wheel's time.
struct Alarm {
  Alarm(TimerWheel& wheel, const TimePoint& now)
      : timer(wheel, Timer::Callback::of<&Alarm::on_fired>(this)), now_(now) {}

  void on_fired() {
    fired.push_back(now_);
    if (then) then();
  }

  Timer timer;
  std::vector<TimePoint> fired;
  std::function<void()> then;

 private:
  const TimePoint& now_;
};

struct WheelFixture {
  void advance_to(TimePoint time) {
    now = time;
    wheel.advance(now);
  }
  // As a loop does: tick by tick.
  void run_to(TimePoint time) {
    while (now + kTick <= time) advance_to(now + kTick);
    advance_to(time);
  }

  TimePoint now = kStart;
  TimerWheel wheel{kStart};
  Alarm alarm{wheel, now};
};

}  // namespace

TEST_CASE_METHOD(WheelFixture, "timer: fires once, never early and at most one tick late",
                 "[net][timer]") {
  for (const milliseconds delay :
       {milliseconds(0), milliseconds(1), milliseconds(49), milliseconds(50), milliseconds(51),
        milliseconds(1000), kHorizon - kTick, kHorizon - milliseconds(1), kHorizon,
        kHorizon + milliseconds(1), 3 * kHorizon + milliseconds(7)}) {
    CAPTURE(delay.count());
    alarm.fired.clear();
    const TimePoint deadline = now + delay;
    alarm.timer.set(deadline);
    CHECK(alarm.timer.armed());
    run_to(deadline + 3 * kTick);
    REQUIRE(alarm.fired.size() == 1);
    CHECK(alarm.fired[0] >= deadline);
    CHECK(alarm.fired[0] <= deadline + kTick);
    CHECK_FALSE(alarm.timer.armed());
  }
}

TEST_CASE_METHOD(WheelFixture, "timer: a cleared one does not fire", "[net][timer]") {
  alarm.timer.set(now + seconds(1));
  alarm.timer.clear();
  CHECK_FALSE(alarm.timer.armed());
  run_to(now + seconds(2));
  CHECK(alarm.fired.empty());
}

TEST_CASE_METHOD(WheelFixture, "timer: the deadline may be moved either way", "[net][timer]") {
  alarm.timer.set(now + seconds(1));
  SECTION("later") {
    const TimePoint later = now + seconds(5);
    alarm.timer.set(later);
    run_to(later - milliseconds(1));
    CHECK(alarm.fired.empty());
    run_to(later + kTick);
    CHECK(alarm.fired.size() == 1);
  }
  SECTION("earlier") {
    const TimePoint earlier = now + milliseconds(100);
    alarm.timer.set(earlier);
    run_to(earlier + kTick);
    CHECK(alarm.fired.size() == 1);
    run_to(now + seconds(2));
    CHECK(alarm.fired.size() == 1);
  }
  SECTION("later, then earlier than at first") {
    alarm.timer.set(now + seconds(9));
    const TimePoint earlier = now + milliseconds(200);
    alarm.timer.set(earlier);
    run_to(earlier + kTick);
    CHECK(alarm.fired.size() == 1);
  }
  SECTION("off and on again") {
    alarm.timer.clear();
    alarm.timer.set(now + seconds(2));
    run_to(now + seconds(2) + kTick);
    CHECK(alarm.fired.size() == 1);
  }
}

TEST_CASE_METHOD(WheelFixture, "timer: a deadline that has passed fires with the next tick",
                 "[net][timer]") {
  run_to(now + seconds(3));
  for (const TimePoint past : {now - seconds(1), kStart - seconds(5), TimePoint(), now}) {
    alarm.fired.clear();
    alarm.timer.set(past);
    CHECK(alarm.fired.empty());
    advance_to(now + kTick);
    CHECK(alarm.fired.size() == 1);
  }
}

TEST_CASE_METHOD(WheelFixture, "timer: a deadline at the end of time is kept", "[net][timer]") {
  alarm.timer.set(TimePoint::max() - milliseconds(1));
  run_to(now + 2 * kHorizon);
  CHECK(alarm.timer.armed());
  CHECK(alarm.fired.empty());
}

TEST_CASE_METHOD(WheelFixture, "timer: after a stall everything that is due fires, once",
                 "[net][timer]") {
  std::vector<std::unique_ptr<Alarm>> alarms;
  for (int i = 0; i < 2000; ++i) {
    alarms.push_back(std::make_unique<Alarm>(wheel, now));
    alarms.back()->timer.set(now + kTick * i);
  }
  const TimePoint stalled = now + kTick * 1500;
  advance_to(stalled);
  for (const auto& one : alarms) CHECK(one->fired.size() == (one->timer.armed() ? 0 : 1));
  CHECK(alarms[1500]->fired.size() == 1);
  CHECK(alarms[1501]->fired.empty());
  run_to(kStart + kTick * 2001);
  for (const auto& one : alarms) CHECK(one->fired.size() == 1);
}

TEST_CASE_METHOD(WheelFixture, "timer: the wheel asks for ticks only while a timer waits",
                 "[net][timer]") {
  CHECK_FALSE(wheel.ticking());
  alarm.timer.set(now + seconds(1));
  CHECK(wheel.ticking());
  run_to(now + milliseconds(500));
  CHECK(wheel.ticking());
  run_to(now + seconds(1));
  CHECK(alarm.fired.size() == 1);
  CHECK_FALSE(wheel.ticking());
  alarm.timer.set(now + seconds(1));
  alarm.timer.clear();
  run_to(now + seconds(2));
  CHECK_FALSE(wheel.ticking());
}

TEST_CASE_METHOD(WheelFixture,
                 "timer: one that is set after a time without ticks is as exact as ever",
                 "[net][timer]") {
  for (const milliseconds silence : {milliseconds(70), kHorizon - kTick, 7 * kHorizon + kTick}) {
    now += silence;
    alarm.fired.clear();
    const TimePoint deadline = now + seconds(1);
    alarm.timer.set(deadline);
    run_to(deadline + 3 * kTick);
    REQUIRE(alarm.fired.size() == 1);
    CHECK(alarm.fired[0] >= deadline);
    CHECK(alarm.fired[0] <= deadline + kTick);
  }
}

TEST_CASE_METHOD(WheelFixture, "timer: a callback may set its own timer again", "[net][timer]") {
  alarm.then = [this] { alarm.timer.set(now + seconds(1)); };
  alarm.timer.set(now + seconds(1));
  run_to(kStart + milliseconds(4500));
  CHECK(alarm.fired.size() == 4);
}

TEST_CASE_METHOD(WheelFixture, "timer: one set to now again and again does not hold up the wheel",
                 "[net][timer]") {
  alarm.then = [this] { alarm.timer.set(now); };
  alarm.timer.set(now);
  for (int i = 0; i < 10; ++i) advance_to(now + kTick);
  CHECK(alarm.fired.size() == 10);
}

TEST_CASE_METHOD(WheelFixture,
                 "timer: a callback may destroy its own timer and the others of its tick",
                 "[net][timer]") {
  std::vector<std::unique_ptr<Alarm>> alarms;
  int fired = 0;
  for (int i = 0; i < 3; ++i) {
    alarms.push_back(std::make_unique<Alarm>(wheel, now));
    alarms.back()->timer.set(now + seconds(1));
    alarms.back()->then = [&alarms, &fired] {
      ++fired;
      alarms.clear();
    };
  }
  run_to(now + seconds(2));
  CHECK(fired == 1);
}

TEST_CASE_METHOD(WheelFixture, "timer: a callback may clear or move the others of its tick",
                 "[net][timer]") {
  Alarm cleared(wheel, now);
  Alarm moved(wheel, now);
  alarm.then = [&] {
    cleared.timer.clear();
    moved.timer.set(now + seconds(1));
  };
  for (Alarm* one : {&alarm, &cleared, &moved}) one->timer.set(now + seconds(1));
  run_to(kStart + milliseconds(1500));
  CHECK(cleared.fired.empty());
  CHECK(moved.fired.empty());
  run_to(kStart + milliseconds(2200));
  CHECK(moved.fired.size() == 1);
}

// Against a plain list of deadlines: whatever is set, moved, cleared and however time jumps, each
// advance fires exactly what its last full tick has passed.
TEST_CASE("timer: agrees with a list of deadlines under random use", "[net][timer]") {
  const auto seed = GENERATE(range(1U, 21U));
  CAPTURE(seed);
  std::mt19937 random(seed);
  const auto below = [&random](int limit) {
    return std::uniform_int_distribution<int>(0, limit - 1)(random);
  };
  TimePoint now = kStart;
  TimerWheel wheel(kStart);
  std::vector<std::unique_ptr<Alarm>> alarms;
  std::vector<TimePoint> expected(50, TimePoint::max());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    alarms.push_back(std::make_unique<Alarm>(wheel, now));
  }
  for (int step = 0; step < 400; ++step) {
    const auto i = static_cast<std::size_t>(below(50));
    if (below(5) == 0) {
      expected[i] = TimePoint::max();
      alarms[i]->timer.clear();
    } else {
      expected[i] = now + milliseconds(below(below(4) == 0 ? 80'000 : 2'000));
      alarms[i]->timer.set(expected[i]);
    }
    if (below(3) != 0) continue;
    now += milliseconds(below(below(50) == 0 ? 60'000 : 120));
    wheel.advance(now);
    const TimePoint last_tick = now - (now - kStart) % kTick;
    for (std::size_t k = 0; k < expected.size(); ++k) {
      CAPTURE(step, k);
      // Set since the last full tick, it may come with the one after.
      const bool due = expected[k] <= last_tick;
      if (!alarms[k]->fired.empty()) {
        REQUIRE(expected[k] <= now);
        alarms[k]->fired.clear();
        expected[k] = TimePoint::max();
      } else if (due && expected[k] != TimePoint::max()) {
        REQUIRE(expected[k] + kTick > now);
      }
      REQUIRE(alarms[k]->timer.armed() == (expected[k] != TimePoint::max()));
    }
  }
}

}  // namespace sluice::net
