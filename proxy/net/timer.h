// SPDX-License-Identifier: MIT
// Timer and TimerWheel: deadlines at no cost per request.
//
// A Timer is a member of what it guards. Moving its deadline later, the common case on a keep-alive
// connection, writes one field: the wheel finds out when the old place comes up and files it again.
// Only an earlier deadline moves the timer at once. Deadlines are kept to two ticks (of 50 ms),
// late rather than early. Hashed wheel after Varghese and Lauck, "Hashed and Hierarchical Timing
// Wheels" (SOSP 1987), scheme 6, with deadlines beyond the horizon filed at its end.
//
// Single-threaded: a wheel and its timers belong to one EventLoop. Time is an argument.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

#include "proxy/base/delegate.h"
#include "proxy/base/intrusive_list.h"

namespace sluice::net {

using Clock = std::chrono::steady_clock;
using TimePoint = Clock::time_point;

struct TimerTag;
class TimerWheel;

class Timer : private ListHook<TimerTag> {
 public:
  using Callback = Delegate<void()>;

  // Borrows the wheel. Destroying the timer guarantees that the callback never runs again.
  Timer(TimerWheel& wheel, Callback callback) : wheel_(&wheel), callback_(callback) {}

  // Replaces the deadline. TimePoint::max() is "none".
  void set(TimePoint deadline);
  void clear() { deadline_ = TimePoint::max(); }

  bool armed() const { return deadline_ != TimePoint::max(); }
  TimePoint deadline() const { return deadline_; }

 private:
  friend class TimerWheel;
  friend class IntrusiveList<Timer, TimerTag>;

  TimerWheel* wheel_;
  Callback callback_;
  TimePoint deadline_ = TimePoint::max();
  std::int64_t filed_tick_ = 0;  // meaningful while linked
};

class TimerWheel {
 public:
  static constexpr std::chrono::milliseconds kTick{50};
  static constexpr std::size_t kSlots = 512;  // horizon: 25.6 s

  explicit TimerWheel(TimePoint start) : start_(start) {}

  // Runs the callbacks of every timer whose deadline is at or before `now`. A callback may set,
  // clear or destroy any timer, its own too.
  void advance(TimePoint now);

  // Whether advance() has to be called, tick by tick: not while no timer waits.
  bool ticking() const { return ticking_; }

 private:
  friend class Timer;
  using Slot = IntrusiveList<Timer, TimerTag>;

  // The first tick at which a deadline has certainly passed.
  std::int64_t tick_of(TimePoint deadline) const;
  void file(Timer& timer);
  void run_slot(Slot& slot, TimePoint now);
  bool empty() const;

  TimePoint start_;
  std::int64_t current_tick_ = 0;  // the last tick that advance() completed
  bool ticking_ = false;
  std::array<Slot, kSlots> slots_;
};

}  // namespace sluice::net
