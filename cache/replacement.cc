// SPDX-License-Identifier: MIT
#include "cache/replacement.h"

#include <algorithm>

namespace sluice::cache {

namespace {

// A hash for every 2 KiB of capacity costs 0.4 % of it, and is enough for all that the main queue
// holds where entries are larger than that.
std::size_t ghosts_for(std::size_t capacity) {
  constexpr std::size_t kFewest = 1024;
  constexpr std::size_t kMost = std::size_t{1} << 24;
  return std::clamp(capacity / 2048, kFewest, kMost);
}

}  // namespace

Replacement::Replacement(std::size_t capacity)
    : ghost_(ghosts_for(capacity)), capacity_(capacity) {}

void Replacement::admit(Entry& entry, const Entry* predecessor) {
  const std::lock_guard lock(mutex_);
  std::uint8_t id = kSmall;
  if (predecessor != nullptr && predecessor->queue_ != kNone) {
    id = predecessor->queue_;
    entry.hits_.store(predecessor->hits_.load(std::memory_order_relaxed),
                      std::memory_order_relaxed);
  } else if (ghost_.take(entry.hash_, main().entries + small().entries)) {
    id = kMain;
  }
  set_charge(entry, entry.bytes_charged());
  push(entry, id);
}

void Replacement::recharge(Entry& entry) {
  const std::lock_guard lock(mutex_);
  if (entry.queue_ == kNone) return;
  Queue& queue = queue_of(entry);
  queue.bytes -= entry.charged_;
  set_charge(entry, entry.bytes_charged());
  queue.bytes += entry.charged_;
}

void Replacement::forget(Entry& entry) {
  const std::lock_guard lock(mutex_);
  if (entry.queue_ == kNone) return;
  unqueue(entry);
  set_charge(entry, 0);
}

std::size_t Replacement::take_victims(std::span<EntryPtr> out, bool force) {
  const std::lock_guard lock(mutex_);
  std::size_t taken = 0;
  for (std::size_t step = 0; step < kSteps && taken < out.size() && over_capacity(); ++step) {
    const bool from_small = main().entries == 0 || small().bytes > capacity() / 10;
    Entry* entry = from_small ? small().oldest : main().oldest;
    if (entry == nullptr) break;
    if (!force && keep(*entry)) continue;
    if (from_small) ghost_.add(entry->hash_);
    unqueue(*entry);
    set_charge(*entry, 0);
    out[taken] = EntryPtr(entry);
    ++taken;
  }
  return taken;
}

// Whether the oldest of a queue was hit since it came there, and so goes to the young end of main.
bool Replacement::keep(Entry& entry) {
  const std::uint8_t hits = entry.hits_.load(std::memory_order_relaxed);
  const bool is_small = entry.queue_ == kSmall;
  if (hits < (is_small ? kPromotion : 1)) return false;
  entry.hits_.store(is_small ? 0 : static_cast<std::uint8_t>(hits - 1), std::memory_order_relaxed);
  unqueue(entry);
  push(entry, kMain);
  return true;
}

void Replacement::set_capacity(std::size_t bytes) {
  Ghost ghost(ghosts_for(bytes));
  const std::lock_guard lock(mutex_);
  capacity_.store(bytes, std::memory_order_relaxed);
  std::swap(ghost_, ghost);
}

std::size_t Replacement::queued() const {
  const std::lock_guard lock(mutex_);
  return queues_[0].entries + queues_[1].entries;
}

std::size_t Replacement::charge_of(const Entry& entry) const {
  const std::lock_guard lock(mutex_);
  return entry.charged_;
}

void Replacement::push(Entry& entry, std::uint8_t id) {
  entry.queue_ = id;
  Queue& queue = queue_of(entry);
  entry.queue_previous_ = nullptr;
  entry.queue_next_ = queue.newest;
  (queue.newest == nullptr ? queue.oldest : queue.newest->queue_previous_) = &entry;
  queue.newest = &entry;
  queue.bytes += entry.charged_;
  ++queue.entries;
}

void Replacement::unqueue(Entry& entry) {
  Queue& queue = queue_of(entry);
  Entry* newer = entry.queue_previous_;
  Entry* older = entry.queue_next_;
  (newer == nullptr ? queue.newest : newer->queue_next_) = older;
  (older == nullptr ? queue.oldest : older->queue_previous_) = newer;
  queue.bytes -= entry.charged_;
  --queue.entries;
  entry.queue_ = kNone;
}

void Replacement::set_charge(Entry& entry, std::size_t bytes) {
  const std::size_t total = bytes_.load(std::memory_order_relaxed);
  bytes_.store(total - entry.charged_ + bytes, std::memory_order_relaxed);
  entry.charged_ = bytes;
}

}  // namespace sluice::cache
