// SPDX-License-Identifier: MIT
#include "proxy/access/jail_triggers.h"

#include <algorithm>
#include <bit>
#include <limits>

namespace sluice::access {

EventCounters::EventCounters(std::size_t counters, std::uint64_t seed)
    : seed_(seed), buckets_(std::bit_ceil((std::max(counters, kWays) + kWays - 1) / kWays)) {}

bool EventCounters::note(const Prefix& who, Reason reason, const TriggerRule& rule, WallTime now) {
  const std::uint64_t hash = who.hash(seed_ + static_cast<std::uint64_t>(reason));
  const std::size_t index = hash & (buckets_.size() - 1);
  const std::int64_t half_ms = std::max<std::int64_t>(rule.window.count() / 2, 1);
  const std::lock_guard lock(locks_[index % kLocks].mutex);
  Counter& counter = counter_of(buckets_[index], who, reason);
  count(counter, half_ms, now.time_since_epoch().count());
  if (counter.current + counter.before < int{rule.count}) return false;
  counter = {};
  return true;
}

EventCounters::Counter& EventCounters::counter_of(Bucket& bucket, const Prefix& who,
                                                  Reason reason) {
  Counter* quietest = bucket.data();
  for (Counter& counter : bucket) {
    const bool same = counter.high == who.high && counter.low == who.low &&
                      counter.bits == who.bits && counter.reason == reason;
    if (same && counter.current != 0) return counter;
    const bool free = counter.current == 0;
    if (quietest->current != 0 && (free || counter.last_ms < quietest->last_ms)) {
      quietest = &counter;
    }
  }
  *quietest = {who.high, who.low, 0, 0, 0, who.bits, reason};
  return *quietest;
}

// Workers' clocks differ by a little, so an event may come from just before the last one.
void EventCounters::count(Counter& counter, std::int64_t half_ms, std::int64_t now_ms) {
  const std::int64_t halves = now_ms / half_ms - counter.last_ms / half_ms;
  if (counter.current == 0 || halves > 1 || halves < -1) {
    counter.current = 0;
    counter.before = 0;
    counter.last_ms = now_ms;
  } else if (halves == 1) {
    counter.before = counter.current;
    counter.current = 0;
  }
  if (counter.current < std::numeric_limits<std::uint16_t>::max()) ++counter.current;
  counter.last_ms = std::max(counter.last_ms, now_ms);
}

}  // namespace sluice::access
