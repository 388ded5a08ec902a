// SPDX-License-Identifier: MIT
#include "proxy/net/timer.h"

#include <algorithm>

namespace sluice::net {

void Timer::set(TimePoint deadline) {
  deadline_ = deadline;
  if (deadline == TimePoint::max()) return;
  if (linked() && wheel_->tick_of(deadline) >= filed_tick_) return;  // found late, filed again
  unlink();
  wheel_->file(*this);
}

std::int64_t TimerWheel::tick_of(TimePoint deadline) const {
  std::chrono::nanoseconds since_start = std::max(deadline, start_) - start_;
  bool partial = since_start % kTick != std::chrono::nanoseconds(0);
  return since_start / kTick + (partial ? 1 : 0);
}

void TimerWheel::file(Timer& timer) {
  constexpr auto kHorizon = static_cast<std::int64_t>(kSlots) - 1;
  timer.filed_tick_ =
      std::clamp(tick_of(timer.deadline_), current_tick_ + 1, current_tick_ + kHorizon);
  slots_[static_cast<std::size_t>(timer.filed_tick_) % kSlots].push_back(timer);
  ticking_ = true;
}

bool TimerWheel::empty() const {
  return std::all_of(slots_.begin(), slots_.end(), [](const Slot& slot) { return slot.empty(); });
}

void TimerWheel::advance(TimePoint now) {
  // The tick that `now` has fully reached; tick_of() rounds up, so the last one may lie ahead.
  std::int64_t target = (now - start_) / std::chrono::nanoseconds(kTick);
  // After a long stall one turn of the wheel visits every slot; more would visit them again.
  current_tick_ = std::max(current_tick_, target - static_cast<std::int64_t>(kSlots));
  while (current_tick_ < target) {
    ++current_tick_;
    run_slot(slots_[static_cast<std::size_t>(current_tick_) % kSlots], now);
  }
  ticking_ = !empty();
}

void TimerWheel::run_slot(Slot& slot, TimePoint now) {
  // Taken whole first: timers filed by callbacks belong to a later visit.
  Slot due;
  slot.move_to(due);
  while (Timer* timer = due.pop_front()) {
    if (timer->deadline_ == TimePoint::max()) continue;
    if (timer->deadline_ > now) {
      file(*timer);
      continue;
    }
    timer->deadline_ = TimePoint::max();
    timer->callback_();
  }
}

}  // namespace sluice::net
