// SPDX-License-Identifier: MIT
// The arithmetic of a token bucket in one 64-bit word (GCRA): no refill timer, no division to know
// whether a request may pass. Values only; time is an argument.
//
// The word holds when the bucket will be full again. Each request moves that moment by what it
// costs; it may pass as long as the moment is not further ahead than an empty bucket needs to fill.
#pragma once

#include <chrono>
#include <cstdint>

namespace sluice::access {

using Time = std::chrono::steady_clock::time_point;
using std::chrono::nanoseconds;

// A bucket, and what its slot in a table has to know, in one word.
//
//   63..5  when it is full again: quarters of nanoseconds of the steady clock, modulo 4.6 years
//    4..2  the lap: changes whenever the moment goes back, and whenever the slot gets a new key
//    1..0  the state
//
// The moments are compared modulo their range: up to 208 days ahead of now they lie in the future,
// all others are past. A slot untouched for more than four years is misread, as an empty bucket.
class BucketWord {
 public:
  enum class State : std::uint8_t {
    Vacant = 0,     // so that zeroed memory is a table of them
    Live = 1,       // has refused nothing since it was last full
    Exhausted = 2,  // has refused since it was last full
    Locked = 3,     // its slot is getting another key
  };

  // Spans are distances between moments, in the unit that makes them line up with the word:
  // nanoseconds * kSpanPerNs, the bits below kQuarter being zero.
  static constexpr unsigned kSpanShift = 7;
  static constexpr std::uint64_t kQuarter = 1U << 5;
  static constexpr std::uint64_t kHorizon = std::uint64_t{1} << 61;

  BucketWord() = default;
  explicit BucketWord(std::uint64_t bits) : bits_(bits) {}

  std::uint64_t bits() const { return bits_; }
  State state() const { return static_cast<State>(bits_ & kStateMask); }
  bool in_use() const { return state() == State::Live || state() == State::Exhausted; }

  // How long until it is full, as a span; 0 when it is. That of a vacant slot means nothing.
  std::uint64_t full_in(Time now) const {
    const std::uint64_t ahead = (bits_ & kMomentMask) - moment(now);
    return ahead < kHorizon ? ahead : 0;
  }
  // It refused, and is not full again yet.
  bool exhausted(Time now) const { return state() == State::Exhausted && full_in(now) != 0; }

  BucketWord with(State state) const {
    return BucketWord((bits_ & ~kStateMask) | static_cast<std::uint64_t>(state));
  }
  // Full again that span after `now`.
  BucketWord full_after(std::uint64_t span, Time now) const {
    return BucketWord((bits_ & ~kMomentMask) | (moment(now) + span));
  }
  BucketWord next_lap() const {
    return BucketWord((bits_ & ~kLapMask) | ((bits_ + kLapStep) & kLapMask));
  }

  friend bool operator==(BucketWord, BucketWord) = default;

 private:
  static constexpr std::uint64_t kStateMask = 3;
  static constexpr std::uint64_t kLapStep = 4;
  static constexpr std::uint64_t kLapMask = 7 * kLapStep;
  static constexpr std::uint64_t kMomentMask = ~(kQuarter - 1);

  static std::uint64_t moment(Time now) {
    const nanoseconds since_epoch = now.time_since_epoch();
    return static_cast<std::uint64_t>(since_epoch.count()) << kSpanShift;
  }

  std::uint64_t bits_ = 0;
};

// What an operator grants.
struct Quota {
  std::uint64_t tokens = 1;  // so many come back in each period
  nanoseconds period = std::chrono::seconds(1);
  std::uint64_t burst = 1;  // the bucket holds so many
  std::uint64_t cost = 1;   // a request takes so many
  std::uint64_t delay = 0;  // so many requests may wait for their tokens
  // What the dearest request of the same bucket takes, where that is more than `cost`.
  std::uint64_t highest_cost = 0;
};

// What a bucket says to a request.
struct Outcome {
  enum class Kind : std::uint8_t { Pass, Delay, Refuse };

  Kind kind = Kind::Pass;
  nanoseconds wait{0};          // Delay: hold it so long. Refuse: then it would not be refused
  std::uint64_t remaining = 0;  // whole tokens left
  nanoseconds full_in{0};       // until the bucket is full
  BucketWord next;              // what the word becomes
};

// A Quota compiled to spans. Immutable; any thread may use one.
//
// The span of one token is rounded to a quarter of a nanosecond and everything else is a multiple
// of it, so a bucket is exact for a rate that is off by at most an eighth of a nanosecond a token
// (0.013 % at 1,000,000/s), however long it runs.
class TokenBucket {
 public:
  // What a burst, the requests that wait, and one request may span: 52 days each. More is cut off.
  static constexpr std::uint64_t kMaxSpan = BucketWord::kHorizon / 4;

  // How far the clocks of two threads may be apart: a word further ahead than it can be for this
  // quota, even so, was made by another quota or another clock, and is brought back.
  static constexpr nanoseconds kMaxSkew = std::chrono::seconds(1);

  // A bucket holds at least what one request costs.
  // REQUIRES: tokens, period and cost are above zero.
  explicit TokenBucket(const Quota& quota);

  // One request. Refused ones are not charged: `next` then only remembers the refusal.
  Outcome take(BucketWord word, Time now) const;

  // Undoes one take() that passed or delayed.
  BucketWord put_back(BucketWord word, Time now) const;

  // Whole tokens that a full bucket holds, and how long an empty one needs to fill.
  std::uint64_t burst() const { return capacity_ / token_; }
  nanoseconds fill_time() const;

 private:
  std::uint64_t token_;     // the span of one
  std::uint64_t charge_;    // of a request
  std::uint64_t capacity_;  // of a burst
  std::uint64_t limit_;     // of a burst and of those that wait
  std::uint64_t ceiling_;   // how far ahead the dearest request may leave the bucket
};

}  // namespace sluice::access
