// SPDX-License-Identifier: MIT
// Random traces through TokenBucket and through a bucket kept in exact fractions.
#include <algorithm>
#include <catch2/catch.hpp>
#include <random>

#include "proxy/access/token_bucket.h"
#include "tests/support/limiter_rig.h"

namespace sluice::access {
namespace {

using namespace std::chrono_literals;
using support::at;
using Kind = Outcome::Kind;

__extension__ using Wide = __int128;

// Counts in units of which a token has as many as its period has nanoseconds, so that each
// nanosecond brings a whole number of them.
class ExactBucket {
 public:
  explicit ExactBucket(const Quota& quota)
      : rate_(quota.tokens),
        token_(quota.period.count()),
        charge_(Wide(quota.cost) * token_),
        capacity_(std::max(Wide(quota.burst) * token_, charge_)),
        debt_(Wide(quota.delay) * charge_),
        level_(capacity_) {}

  void pass_time(nanoseconds elapsed) {
    level_ = std::min(capacity_, level_ + Wide(elapsed.count()) * rate_);
    if (level_ == capacity_) charges_ = 0;
  }
  void charge() {
    level_ -= charge_;
    charges_ += charge_ / token_;
  }

  Kind judge() const {
    if (level_ >= charge_) return Kind::Pass;
    return level_ - charge_ >= -debt_ ? Kind::Delay : Kind::Refuse;
  }
  nanoseconds wait(Kind kind) const {
    if (kind == Kind::Pass) return 0ns;
    return ns(charge_ - level_ - (kind == Kind::Refuse ? debt_ : 0));
  }
  std::uint64_t remaining() const {
    return level_ < 0 ? 0 : static_cast<std::uint64_t>(level_ / token_);
  }
  nanoseconds full_in() const { return ns(capacity_ - level_); }

  // How far a bucket may be off that rounds each token's span to quarters: 1/8 ns for each token
  // that was taken since it was last full, and for each that a full one holds.
  nanoseconds tolerance() const {
    return nanoseconds(
        static_cast<std::int64_t>((charges_ + (capacity_ + debt_) / token_) / 8 + 1));
  }
  // Whether the verdict would be another one that much earlier or later.
  bool close_call() const {
    const Wide margin = Wide(tolerance().count()) * rate_;
    const auto near = [margin](Wide value) { return value <= margin && value >= -margin; };
    return near(level_ - charge_) || near(level_ - charge_ + debt_);
  }

 private:
  nanoseconds ns(Wide units) const {
    return nanoseconds(static_cast<std::int64_t>((units + rate_ - 1) / rate_));
  }

  Wide rate_;
  Wide token_;
  Wide charge_;
  Wide capacity_;
  Wide debt_;
  Wide level_;
  Wide charges_ = 0;
};

class Random {
 public:
  explicit Random(std::uint64_t seed) : engine_(seed) {}
  std::uint64_t below(std::uint64_t bound) { return engine_() % bound; }

 private:
  std::mt19937_64 engine_;
};

constexpr nanoseconds kPeriods[] = {1s, 1min, 1h};

Quota draw_quota(Random& random) {
  Quota quota;
  quota.period = kPeriods[random.below(3)];
  quota.tokens = 1 + random.below(random.below(2) == 0 ? 20 : 100'000);
  quota.burst = 1 + random.below(random.below(2) == 0 ? 10 : 1000);
  quota.cost = random.below(3) == 0 ? 1 + random.below(5) : 1;
  quota.delay = random.below(3) == 0 ? random.below(10) : 0;
  return quota;
}

// Mostly around the time that a request's tokens need to come back, sometimes far more.
nanoseconds draw_pause(Random& random, const Quota& quota) {
  const std::uint64_t token =
      static_cast<std::uint64_t>(quota.period.count()) / quota.tokens * quota.cost + 1;
  const std::uint64_t kind = random.below(20);
  if (kind < 6) return 0ns;
  if (kind == 6)
    return nanoseconds(static_cast<std::int64_t>(token * random.below(quota.burst * 2)));
  return nanoseconds(static_cast<std::int64_t>(random.below(token * 2)));
}

std::string text_of(const Quota& quota, std::uint64_t seed) {
  return "seed " + std::to_string(seed) + ": " + std::to_string(quota.tokens) + " in " +
         std::to_string(quota.period.count()) + " ns, burst " + std::to_string(quota.burst) +
         ", cost " + std::to_string(quota.cost) + ", delay " + std::to_string(quota.delay);
}

bool within(nanoseconds a, nanoseconds b, nanoseconds tolerance) {
  return a - b <= tolerance && b - a <= tolerance;
}

// Checks one outcome against the exact bucket, and charges that as the other was.
bool agrees(const Outcome& outcome, ExactBucket& exact, bool whole) {
  const nanoseconds tolerance = whole ? 0ns : exact.tolerance();
  const bool same = outcome.kind == exact.judge();
  bool good = same || (!whole && exact.close_call());
  if (same) good = good && within(outcome.wait, exact.wait(outcome.kind), tolerance);
  if (outcome.kind != Kind::Refuse) exact.charge();
  good = good && within(outcome.full_in, exact.full_in(), tolerance);
  if (whole) return good && outcome.remaining == exact.remaining();
  return good && outcome.remaining <= exact.remaining() + 1 &&
         exact.remaining() <= outcome.remaining + 1;
}

bool follow(const Quota& quota, std::uint64_t seed, int steps) {
  // Whether a token is a whole number of quarter nanoseconds: then everything must be the same.
  const bool whole = static_cast<std::uint64_t>(quota.period.count()) * 4 % quota.tokens == 0;
  const TokenBucket bucket(quota);
  ExactBucket exact(quota);
  Random random(seed);
  BucketWord word;
  nanoseconds now = 1h;
  for (int step = 0; step < steps; ++step) {
    const nanoseconds pause = draw_pause(random, quota);
    now += pause;
    exact.pass_time(pause);
    const Outcome outcome = bucket.take(word, at(now));
    word = outcome.next;
    if (!agrees(outcome, exact, whole)) {
      FAIL_CHECK(text_of(quota, seed) << ", step " << step);
      return false;
    }
  }
  return true;
}

}  // namespace

TEST_CASE("token_bucket: random traces get the verdicts of exact fractions", "[access]") {
  int followed = 0;
  for (std::uint64_t seed = 1; seed <= 1000; ++seed) {
    Random random(seed);
    if (follow(draw_quota(random), seed, 2000)) ++followed;
  }
  CHECK(followed == 1000);
}

TEST_CASE("token_bucket: the rates that round worst follow exact fractions", "[access]") {
  for (const std::uint64_t tokens : {3ULL, 7ULL, 333ULL, 30'000ULL, 999'983ULL, 1'000'000ULL}) {
    for (const nanoseconds period : kPeriods) {
      CHECK(follow({tokens, period, 100, 1, 0}, tokens, 100'000));
      CHECK(follow({tokens, period, 100, 3, 5}, tokens, 100'000));
    }
  }
}

}  // namespace sluice::access
