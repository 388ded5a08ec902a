// SPDX-License-Identifier: MIT
// Replacement: keeps account of the bytes of all stored entries and chooses what has to go.
//
// Two queues and a Ghost (S3-FIFO). What is new waits in a small queue, a tenth of the capacity,
// and leaves it for the main one if it was hit meanwhile; otherwise it goes, and only its hash is
// kept. Who comes back while its hash is known goes to the main queue at once. The main queue gives
// those that were hit since they were queued another round. So what is asked for once flows through
// the tenth and disturbs nothing else, and a hit only notes itself in the entry: no queue changes.
//
// Threading: has a mutex of its own, which may be taken under a shard's. An entry is queued only
// while it is stored (forget() comes before its shard lets go of it), so that queues need no
// counts.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <span>

#include "cache/entry.h"
#include "cache/ghost.h"

namespace sluice::cache {

class Replacement {
 public:
  explicit Replacement(std::size_t capacity);

  // Notes a hit. Any thread, no lock.
  static void note_hit(Entry& entry) {
    const std::uint8_t hits = entry.hits_.load(std::memory_order_relaxed);
    if (hits < kHitsMax) entry.hits_.store(hits + 1, std::memory_order_relaxed);
  }

  // Charges and queues a stored entry; in the place and with the merits of another that it stands
  // in for, if any. REQUIRES: it is not queued.
  void admit(Entry& entry, const Entry* predecessor);
  // Charges what a queued entry costs now.
  void recharge(Entry& entry);
  // Takes it out of its queue and account. No-op where it is in none.
  void forget(Entry& entry);

  // Takes out entries until the rest fits, or `out` is full, or it has looked at kSteps. Returns
  // how many; the shards still hold them. `force` passes over no entry for having been hit.
  std::size_t take_victims(std::span<EntryPtr> out, bool force);
  bool over_capacity() const noexcept { return bytes() > capacity(); }

  void set_capacity(std::size_t bytes);
  std::size_t capacity() const noexcept { return capacity_.load(std::memory_order_relaxed); }
  std::size_t bytes() const noexcept { return bytes_.load(std::memory_order_relaxed); }
  std::size_t queued() const;
  std::size_t charge_of(const Entry& entry) const;

  static constexpr std::size_t kSteps = 128;  // looked at under one lock

 private:
  static constexpr std::uint8_t kHitsMax = 3;
  // Hits that take an entry from the small queue to the main one.
  static constexpr std::uint8_t kPromotion = 1;

  // Entry::queue_.
  static constexpr std::uint8_t kNone = 0;
  static constexpr std::uint8_t kSmall = 1;
  static constexpr std::uint8_t kMain = 2;

  struct Queue {
    Entry* newest = nullptr;
    Entry* oldest = nullptr;
    std::size_t bytes = 0;
    std::size_t entries = 0;
  };

  Queue& queue_of(const Entry& entry) { return queues_[entry.queue_ - 1]; }
  Queue& small() { return queues_[kSmall - 1]; }
  Queue& main() { return queues_[kMain - 1]; }
  void push(Entry& entry, std::uint8_t id);
  void unqueue(Entry& entry);
  bool keep(Entry& entry);
  void set_charge(Entry& entry, std::size_t bytes);

  mutable std::mutex mutex_;
  std::array<Queue, 2> queues_;
  Ghost ghost_;
  std::atomic<std::size_t> capacity_;
  std::atomic<std::size_t> bytes_{0};  // changed under the mutex
};

}  // namespace sluice::cache
