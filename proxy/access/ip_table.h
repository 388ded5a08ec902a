// SPDX-License-Identifier: MIT
// IpTable: the token buckets of all clients, in a fixed piece of memory that all workers share.
//
// Owned by the Server and outlives every Snapshot; any thread may call anything but the
// destructor. Nothing is allocated after create(), and memory that was never needed is never
// touched. Finding and charging a bucket takes no lock; a key's first request takes one of many,
// for the time of writing one slot.
//
// When there is no room for a new key, a bucket that is full (it has nothing to remember) makes
// room for it; if there is none, that which will be full first. One that refused since it was last
// full never does. Where nothing else is left, the newcomer passes without a bucket, and is
// counted.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "conf/result.h"
#include "proxy/access/sip_hash.h"
#include "proxy/access/token_bucket.h"

namespace sluice::access {

class IpTable {
 public:
  // What a bucket is found by: a keyed hash, so that nobody outside can choose keys that meet.
  using Key = std::uint64_t;

  // Room for so many keys, 16 bytes each. (A key has eight places to be in, so of as many keys as
  // there is room for one in twelve does not find any.) Fails when the address space cannot be had,
  // and for more than 2^34 keys.
  // REQUIRES: keys > 0.
  static Result<std::unique_ptr<IpTable>> create(std::size_t keys);
  // The same with a known secret. For tests and measurements.
  static Result<std::unique_ptr<IpTable>> create(std::size_t keys, const SipSecret& secret);

  ~IpTable();
  IpTable(const IpTable&) = delete;
  IpTable& operator=(const IpTable&) = delete;

  // The key of an address prefix under a rule.
  Key key(const std::array<std::uint64_t, 2>& prefix, std::uint8_t prefix_bits,
          std::uint64_t rule) const {
    return sip_hash(secret_, {prefix[0], prefix[1], rule}, prefix_bits);
  }

  // Asks for the memory of a key that is about to be used.
  void prefetch(Key key) const;

  // What take() would say. Charges nothing, but a refusal is remembered.
  Outcome test(Key key, const TokenBucket& bucket, Time now);
  // One request.
  Outcome take(Key key, const TokenBucket& bucket, Time now);
  // Undoes a take() that passed or delayed, if the bucket is still there.
  void put_back(Key key, const TokenBucket& bucket, Time now);

  // Requests that passed without a bucket.
  std::uint64_t untracked() const { return untracked_.load(std::memory_order_relaxed); }
  std::size_t capacity() const { return lines_ * kSlotsPerLine; }  // in keys
  std::size_t bytes() const { return lines_ * sizeof(Line); }

 private:
  struct Slot {
    std::atomic<Key> key;
    std::atomic<std::uint64_t> word;
  };
  static_assert(sizeof(Slot) == 16 && std::atomic<std::uint64_t>::is_always_lock_free);

  static constexpr std::size_t kSlotsPerLine = 4;
  struct alignas(64) Line {
    std::array<Slot, kSlotsPerLine> slots;
  };

  static constexpr std::size_t kLocks = 256;
  struct alignas(64) Lock {
    std::atomic<bool> held{false};
  };

  // A slot that may get a new key, and why it of all.
  struct Victim;
  class Holding;

  IpTable(Line* lines, std::size_t count, const SipSecret& secret)
      : secret_(secret), lines_at_(lines), lines_(count) {}

  // The two lines that a key may be in.
  Line& first_line(Key key) const { return lines_at_[((key >> 32) * lines_) >> 32]; }
  Line& second_line(Key key) const { return lines_at_[((key & 0xffffffff) * lines_) >> 32]; }

  // Replaces the word of the key's slot by what `change` makes of it, and says whether there is
  // one.
  template <typename Change>
  bool update(Key key, Change change);
  Outcome take_new(Key key, const TokenBucket& bucket, Time now);
  Victim choose(Key key, Time now) const;
  static Victim choose_in(Line& line, Time now);

  const SipSecret secret_;
  Line* const lines_at_;  // mapped
  const std::size_t lines_;
  std::atomic<std::uint64_t> untracked_{0};
  std::array<Lock, kLocks> locks_;
};

}  // namespace sluice::access
