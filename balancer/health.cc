// SPDX-License-Identifier: MIT
#include "balancer/health.h"

#include <algorithm>

namespace sluice::balancer {
namespace {

constexpr std::uint64_t kFailsMax = 0xffff;

// The word, taken apart. From the low end: 16 bits of fails, 1 bit of trial, 47 bits of stamp
// (milliseconds of the steady clock: 4400 years). No other memory is published through it, so
// relaxed operations do.
struct State {
  std::uint64_t fails;     // since the last success that counted; sticks at kFailsMax
  bool trial;              // a trial was taken since the last failure
  std::uint64_t stamp_ms;  // the later of the last failure and the last trial

  static State unpack(std::uint64_t word) {
    return {word & kFailsMax, ((word >> 16) & 1) != 0, word >> 17};
  }
  std::uint64_t pack() const {
    return fails | (trial ? std::uint64_t{1} << 16 : 0) | (stamp_ms << 17);
  }

  bool ejectable(std::uint64_t max_fails) const { return fails >= max_fails; }
  bool timed_out(const HealthPolicy& policy, std::uint64_t now_ms) const {
    const std::uint64_t elapsed = now_ms > stamp_ms ? now_ms - stamp_ms : 0;
    return elapsed >=
           static_cast<std::uint64_t>(std::max<std::int64_t>(policy.fail_timeout.count(), 0));
  }
};

std::uint64_t to_ms(TimePoint now) {
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch());
  return static_cast<std::uint64_t>(std::max<std::int64_t>(ms.count(), 0));
}

// REQUIRES: policy.max_fails > 0.
std::uint64_t fails_limit(const HealthPolicy& policy) {
  return std::min(static_cast<std::uint64_t>(policy.max_fails), kFailsMax);
}

}  // namespace

bool Health::eligible(const HealthPolicy& policy, TimePoint now) const noexcept {
  const std::uint64_t word = word_.load(std::memory_order_relaxed);
  if (word == 0 || policy.max_fails <= 0) return true;
  const State state = State::unpack(word);
  return !state.ejectable(fails_limit(policy)) || state.timed_out(policy, to_ms(now));
}

Admission Health::admit(const HealthPolicy& policy, TimePoint now) noexcept {
  std::uint64_t word = word_.load(std::memory_order_relaxed);
  while (word != 0 && policy.max_fails > 0) {
    State state = State::unpack(word);
    if (!state.timed_out(policy, to_ms(now))) {
      return state.ejectable(fails_limit(policy)) ? Admission::Refused : Admission::Admitted;
    }
    state.trial = true;
    state.stamp_ms = std::max(state.stamp_ms, to_ms(now));
    if (word_.compare_exchange_weak(word, state.pack(), std::memory_order_relaxed)) {
      return Admission::Trial;
    }
  }
  return Admission::Admitted;
}

bool Health::on_success(const HealthPolicy& policy, bool trial) noexcept {
  if (!trial || policy.max_fails <= 0) return false;
  std::uint64_t word = word_.load(std::memory_order_relaxed);
  // A failure since the trial began has cleared the mark, and outweighs this success.
  while (State::unpack(word).trial) {
    if (word_.compare_exchange_weak(word, 0, std::memory_order_relaxed)) {
      return State::unpack(word).ejectable(fails_limit(policy));
    }
  }
  return false;
}

bool Health::on_failure(const HealthPolicy& policy, TimePoint now) noexcept {
  if (policy.max_fails <= 0) return false;
  const std::uint64_t limit = fails_limit(policy);
  std::uint64_t word = word_.load(std::memory_order_relaxed);
  for (;;) {
    State state = State::unpack(word);
    const bool was_ejected = state.ejectable(limit);
    state.fails = std::min(state.fails + 1, kFailsMax);
    state.trial = false;
    state.stamp_ms = std::max(state.stamp_ms, to_ms(now));
    if (word_.compare_exchange_weak(word, state.pack(), std::memory_order_relaxed)) {
      return !was_ejected && state.ejectable(limit);
    }
  }
}

}  // namespace sluice::balancer
