// SPDX-License-Identifier: MIT
#include "proxy/access/token_bucket.h"

#include <algorithm>

#include "proxy/base/check.h"

namespace sluice::access {

namespace {

constexpr std::uint64_t kMaxSkewSpan = static_cast<std::uint64_t>(TokenBucket::kMaxSkew.count())
                                       << BucketWord::kSpanShift;

// count * span, at most kMaxSpan and still a multiple of `span`, but never less than one.
std::uint64_t times(std::uint64_t count, std::uint64_t span) {
  return std::min(count, std::max<std::uint64_t>(TokenBucket::kMaxSpan / span, 1)) * span;
}

std::uint64_t token_span(const Quota& quota) {
  CHECK(quota.tokens > 0 && quota.period.count() > 0 && quota.cost > 0);
  constexpr std::uint64_t kQuartersPerNs =
      (std::uint64_t{1} << BucketWord::kSpanShift) / BucketWord::kQuarter;
  constexpr std::uint64_t kMaxQuarters = TokenBucket::kMaxSpan / BucketWord::kQuarter;
  const auto period = static_cast<std::uint64_t>(quota.period.count());
  const std::uint64_t quarters = std::min(period, kMaxQuarters / kQuartersPerNs) * kQuartersPerNs;
  const std::uint64_t half = quota.tokens / 2;
  return std::max<std::uint64_t>((quarters + half) / quota.tokens, 1) * BucketWord::kQuarter;
}

// A bucket holds at least what one request costs.
std::uint64_t capacity_of(const Quota& quota, std::uint64_t cost, std::uint64_t token) {
  return std::max(times(quota.burst, token), times(cost, token));
}

std::uint64_t limit_of(const Quota& quota, std::uint64_t cost, std::uint64_t token) {
  return capacity_of(quota, cost, token) + times(quota.delay, times(cost, token));
}

// Rounded up, so that who waits so long has waited long enough.
nanoseconds to_ns(std::uint64_t span) {
  constexpr std::uint64_t kAlmostOne = (std::uint64_t{1} << BucketWord::kSpanShift) - 1;
  return nanoseconds(static_cast<std::int64_t>((span + kAlmostOne) >> BucketWord::kSpanShift));
}

}  // namespace

TokenBucket::TokenBucket(const Quota& quota)
    : token_(token_span(quota)),
      charge_(times(quota.cost, token_)),
      capacity_(capacity_of(quota, quota.cost, token_)),
      limit_(limit_of(quota, quota.cost, token_)),
      ceiling_(limit_of(quota, std::max(quota.cost, quota.highest_cost), token_)) {}

nanoseconds TokenBucket::fill_time() const {
  return to_ns(capacity_);
}

Outcome TokenBucket::take(BucketWord word, Time now) const {
  const std::uint64_t ahead = word.in_use() ? word.full_in(now) : 0;
  // A clock that went back, or a smaller burst since a reload, makes no one wait longer than the
  // dearest request does; what that has left to pay is not forgiven by a cheaper one.
  const std::uint64_t before = std::min(ahead, ceiling_);
  const std::uint64_t after = before + charge_;
  Outcome outcome;
  std::uint64_t used = before;
  if (after > limit_) {
    outcome.kind = Outcome::Kind::Refuse;
    outcome.wait = to_ns(after - limit_);
    outcome.next = word.with(BucketWord::State::Exhausted);
    if (ahead > ceiling_ + kMaxSkewSpan)
      outcome.next = outcome.next.full_after(ceiling_, now).next_lap();
  } else {
    used = after;
    outcome.next = word.full_after(after, now);
    if (before == 0) outcome.next = outcome.next.with(BucketWord::State::Live);
    if (after > capacity_) {
      outcome.kind = Outcome::Kind::Delay;
      outcome.wait = to_ns(after - capacity_);
    }
  }
  outcome.remaining = used < capacity_ ? (capacity_ - used) / token_ : 0;
  outcome.full_in = to_ns(used);
  return outcome;
}

BucketWord TokenBucket::put_back(BucketWord word, Time now) const {
  const std::uint64_t ahead = word.full_in(now);
  return word.full_after(ahead - std::min(ahead, charge_), now).next_lap();
}

}  // namespace sluice::access
