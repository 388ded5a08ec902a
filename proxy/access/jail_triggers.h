// SPDX-License-Identifier: MIT
// EventCounters: how often each address has done each thing that may put it away, lately.
//
// An event counts in the present half of its window; the half before counts, too, and nothing
// older. So nobody is caught for fewer events within a window than the rule says, and everybody for
// as many within half a window; who spreads them over more may get away with it, with up to twice
// as many in the worst case.
//
// A table of fixed size, 32 bytes a counter: where eight addresses have met already, the one that
// has been quiet for longest is forgotten. Thread-safe, by many short locks: events are the
// exceptions among requests. The caller gives the time.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <mutex>

#include "proxy/access/jail_rules.h"
#include "proxy/access/prefix.h"
#include "proxy/base/zeroed_array.h"

namespace sluice::access {

class EventCounters {
 public:
  // `counters` is rounded up to a power of two.
  EventCounters(std::size_t counters, std::uint64_t seed);

  // Counts one event. True when it is the one that reaches the rule's count, which starts over
  // then. REQUIRES: the rule's count is not 0.
  bool note(const Prefix& who, Reason reason, const TriggerRule& rule, WallTime now);

 private:
  static constexpr std::size_t kWays = 8;
  static constexpr std::size_t kLocks = 64;

  struct Counter {
    std::uint64_t high = 0;
    std::uint64_t low = 0;
    std::int64_t last_ms = 0;   // of the last event
    std::uint16_t current = 0;  // in the half window of that; 0: free
    std::uint16_t before = 0;   // in the one before
    std::uint8_t bits = 0;
    Reason reason = Reason::Limiter;
  };
  static_assert(sizeof(Counter) == 32);
  using Bucket = std::array<Counter, kWays>;
  struct alignas(64) Lock {
    std::mutex mutex;
  };

  static Counter& counter_of(Bucket& bucket, const Prefix& who, Reason reason);
  static void count(Counter& counter, std::int64_t half_ms, std::int64_t now_ms);

  const std::uint64_t seed_;
  ZeroedArray<Bucket> buckets_;
  std::array<Lock, kLocks> locks_;
};

}  // namespace sluice::access
