// SPDX-License-Identifier: MIT
#include "proxy/access/token_bucket.h"

#include <catch2/catch.hpp>

#include "tests/support/limiter_rig.h"

namespace sluice::access {
namespace {

using namespace std::chrono_literals;
using support::at;
using Kind = Outcome::Kind;
using State = BucketWord::State;

Outcome take_from_bucket(const TokenBucket& bucket, BucketWord& word, Time now) {
  const Outcome outcome = bucket.take(word, now);
  word = outcome.next;
  return outcome;
}

// Requests at `now` until one is refused.
std::uint64_t drain_bucket(const TokenBucket& bucket, BucketWord& word, Time now) {
  std::uint64_t passed = 0;
  while (take_from_bucket(bucket, word, now).kind != Kind::Refuse) ++passed;
  return passed;
}

}  // namespace

TEST_CASE("token_bucket: a new bucket holds its burst", "[access]") {
  const TokenBucket bucket({10, 1s, 3, 1, 0});
  BucketWord word;
  for (std::uint64_t left = 3; left-- > 0;) {
    const Outcome outcome = take_from_bucket(bucket, word, at(5s));
    CHECK(outcome.kind == Kind::Pass);
    CHECK(outcome.wait == 0ns);
    CHECK(outcome.remaining == left);
    CHECK(outcome.full_in == 100ms * (3 - left));
  }
  const Outcome refused = take_from_bucket(bucket, word, at(5s));
  CHECK(refused.kind == Kind::Refuse);
  CHECK(refused.wait == 100ms);
  CHECK(refused.remaining == 0);
  CHECK(refused.full_in == 300ms);
  CHECK(bucket.burst() == 3);
  CHECK(bucket.fill_time() == 300ms);
}

TEST_CASE("token_bucket: who waits as told passes, a nanosecond earlier does not", "[access]") {
  const TokenBucket bucket({7, 1s, 5, 2, 0});
  BucketWord word;
  CHECK(drain_bucket(bucket, word, at(0s)) == 2);
  const Outcome refused = bucket.take(word, at(0s));
  CHECK(bucket.take(word, at(refused.wait - 1ns)).kind == Kind::Refuse);
  CHECK(bucket.take(word, at(refused.wait)).kind == Kind::Pass);
}

TEST_CASE("token_bucket: a refusal costs nothing and is remembered until full", "[access]") {
  const TokenBucket bucket({1, 1s, 2, 1, 0});
  BucketWord word;
  take_from_bucket(bucket, word, at(0s));
  take_from_bucket(bucket, word, at(0s));
  CHECK(word.state() == State::Live);
  const BucketWord before = word;
  for (int i = 0; i < 10; ++i) CHECK(take_from_bucket(bucket, word, at(0s)).kind == Kind::Refuse);
  CHECK(word == before.with(State::Exhausted));
  CHECK(take_from_bucket(bucket, word, at(1s)).kind == Kind::Pass);
  CHECK(word.exhausted(at(1s)));
  CHECK(word.exhausted(at(3s - 1ns)));
  CHECK_FALSE(word.exhausted(at(3s)));
  CHECK(take_from_bucket(bucket, word, at(3s)).kind == Kind::Pass);
  CHECK(word.state() == State::Live);
}

TEST_CASE("token_bucket: requests beyond the burst may wait, so many of them", "[access]") {
  const TokenBucket bucket({10, 1s, 2, 1, 3});
  BucketWord word;
  CHECK(take_from_bucket(bucket, word, at(0s)).kind == Kind::Pass);
  CHECK(take_from_bucket(bucket, word, at(0s)).kind == Kind::Pass);
  for (int i = 1; i <= 3; ++i) {
    const Outcome outcome = take_from_bucket(bucket, word, at(0s));
    CHECK(outcome.kind == Kind::Delay);
    CHECK(outcome.wait == 100ms * i);
    CHECK(outcome.remaining == 0);
    CHECK(outcome.full_in == 200ms + 100ms * i);
  }
  const Outcome refused = take_from_bucket(bucket, word, at(0s));
  CHECK(refused.kind == Kind::Refuse);
  CHECK(refused.wait == 100ms);
  CHECK(take_from_bucket(bucket, word, at(100ms)).wait == 300ms);
}

TEST_CASE("token_bucket: a bucket holds at least one request", "[access]") {
  const TokenBucket bucket({1, 1s, 2, 5, 0});
  BucketWord word;
  CHECK(drain_bucket(bucket, word, at(0s)) == 1);
  CHECK(drain_bucket(bucket, word, at(5s)) == 1);
}

TEST_CASE("token_bucket: over hours exactly the burst and the rate pass", "[access]") {
  struct Row {
    std::uint64_t tokens;
    nanoseconds period;
    std::uint64_t burst;
    nanoseconds time;
    nanoseconds step;
  };
  const Row rows[] = {
      {7, 1s, 10, 24h, 50ms},    {3, 1min, 2, 240h, 7s},       {1, 1h, 2, 24'000h, 31min},
      {100, 1s, 200, 5h, 100ms}, {999'983, 1s, 1000, 3s, 1us}, {1'000'000, 1s, 1'000'000, 3s, 1us},
  };
  for (const Row& row : rows) {
    const TokenBucket bucket({row.tokens, row.period, row.burst, 1, 0});
    BucketWord word;
    std::uint64_t passed = 0;
    for (nanoseconds now{0}; now <= row.time; now += row.step) {
      passed += drain_bucket(bucket, word, at(now));
    }
    const double periods = static_cast<double>((row.time / row.step * row.step).count()) /
                           static_cast<double>(row.period.count());
    const double exact = static_cast<double>(row.burst) + static_cast<double>(row.tokens) * periods;
    INFO(row.tokens << " in " << row.period.count() << " ns");
    CHECK(std::abs(static_cast<double>(passed) - exact) <= 1.0 + exact * 0.00013);
  }
}

TEST_CASE("token_bucket: a clock that goes back makes nobody wait longer than an empty bucket",
          "[access]") {
  const TokenBucket bucket({1, 1s, 5, 1, 0});
  BucketWord word;
  drain_bucket(bucket, word, at(2h));
  const Outcome refused = take_from_bucket(bucket, word, at(1h));
  CHECK(refused.kind == Kind::Refuse);
  CHECK(refused.wait == 1s);
  CHECK(refused.full_in == 5s);
  CHECK(take_from_bucket(bucket, word, at(1h + 1s)).kind == Kind::Pass);
  CHECK(take_from_bucket(bucket, word, at(1h + 1s)).kind == Kind::Refuse);
}

TEST_CASE("token_bucket: two threads whose clocks differ get no token twice", "[access]") {
  const TokenBucket bucket({1000, 1s, 5, 1, 0});
  BucketWord word;
  CHECK(drain_bucket(bucket, word, at(2s)) == 5);
  for (int i = 0; i < 100; ++i) {
    CHECK(take_from_bucket(bucket, word, at(2s - TokenBucket::kMaxSkew)).kind == Kind::Refuse);
    CHECK(take_from_bucket(bucket, word, at(2s)).kind == Kind::Refuse);
  }
}

TEST_CASE("token_bucket: a smaller burst counts at once, also for what was granted before",
          "[access]") {
  BucketWord word;
  drain_bucket(TokenBucket({1, 1s, 10'000, 1, 0}), word, at(0s));
  const TokenBucket smaller({1, 1s, 2, 1, 0});
  CHECK(take_from_bucket(smaller, word, at(0s)).wait == 1s);
  CHECK(take_from_bucket(smaller, word, at(1s)).kind == Kind::Pass);
}

TEST_CASE("token_bucket: moments wrap around", "[access]") {
  const TokenBucket bucket({10, 1s, 3, 1, 0});
  const nanoseconds range{std::int64_t{1} << (64 - BucketWord::kSpanShift)};
  for (const nanoseconds start : {range - 150ms, 2 * range - 50ms, 63 * range - 1ns}) {
    BucketWord word;
    CHECK(drain_bucket(bucket, word, at(start)) == 3);
    CHECK(take_from_bucket(bucket, word, at(start + 99ms)).kind == Kind::Refuse);
    CHECK(take_from_bucket(bucket, word, at(start + 100ms)).kind == Kind::Pass);
    CHECK(word.full_in(at(start + 400ms)) == 0);
    CHECK(drain_bucket(bucket, word, at(start + 2h)) == 3);
    CHECK(drain_bucket(bucket, word, at(start + 24h * 1000)) == 3);
  }
}

TEST_CASE("token_bucket: what was taken can be put back", "[access]") {
  const TokenBucket bucket({1, 1s, 3, 2, 0});
  BucketWord word;
  take_from_bucket(bucket, word, at(0s));
  const BucketWord full = bucket.put_back(word, at(0s));
  CHECK(full.full_in(at(0s)) == 0);
  CHECK(full.state() == State::Live);
  // Of what has come back in the meantime nothing is given twice.
  CHECK(bucket.put_back(word, at(1s)).full_in(at(1s)) == 0);
  CHECK(bucket.put_back(word, at(1h)).full_in(at(1h)) == 0);
}

TEST_CASE("token_bucket: a word that goes back is no word that was there before", "[access]") {
  const TokenBucket bucket({1, 1s, 3, 1, 0});
  BucketWord word;
  take_from_bucket(bucket, word, at(0s));
  const BucketWord once = word;
  take_from_bucket(bucket, word, at(0s));
  word = bucket.put_back(word, at(0s));
  CHECK(word.full_in(at(0s)) == once.full_in(at(0s)));
  CHECK(word != once);
  drain_bucket(bucket, word, at(2h));
  const BucketWord late = word;
  take_from_bucket(bucket, word, at(0s));
  drain_bucket(bucket, word, at(2h));
  CHECK(word.full_in(at(2h)) == late.full_in(at(2h)));
  CHECK(word != late);
}

TEST_CASE("token_bucket: quotas beyond all reason are cut off, not wrapped", "[access]") {
  constexpr std::uint64_t kMost = ~std::uint64_t{0};
  for (const Quota& quota :
       {Quota{kMost, 1ns, kMost, kMost, kMost}, Quota{1, nanoseconds::max(), kMost, kMost, kMost},
        Quota{1, 1h, kMost, 1, kMost}}) {
    const TokenBucket bucket(quota);
    BucketWord word;
    CHECK(take_from_bucket(bucket, word, at(0s)).kind == Kind::Pass);
    int more = 0;
    while (more < 10'000 && take_from_bucket(bucket, word, at(0s)).kind != Kind::Refuse) ++more;
    CHECK(word.full_in(at(0s)) <= 2 * TokenBucket::kMaxSpan);
  }
}

TEST_CASE("token_bucket: a cheap request forgives nothing of what a dear one owes", "[access]") {
  const auto owed_after = [](std::uint64_t delay) {
    TokenBucket dear({.tokens = 1, .burst = 10, .cost = 100, .delay = delay, .highest_cost = 100});
    TokenBucket cheap({.tokens = 1, .burst = 10, .cost = 1, .delay = delay, .highest_cost = 100});
    BucketWord word;
    drain_bucket(dear, word, at(0s));
    const auto owed = word.full_in(at(0s));
    CHECK(take_from_bucket(cheap, word, at(0s)).kind == Kind::Refuse);
    CHECK(word.full_in(at(0s)) == owed);
    const Outcome told = take_from_bucket(cheap, word, at(1s));
    CHECK(told.kind == Kind::Refuse);
    CHECK(take_from_bucket(cheap, word, at(1s) + told.wait - 1ns).kind == Kind::Refuse);
    CHECK(take_from_bucket(cheap, word, at(1s) + told.wait).kind != Kind::Refuse);
    return owed >> BucketWord::kSpanShift;
  };
  CHECK(owed_after(0) == 100'000'000'000);
  CHECK(owed_after(2) == 300'000'000'000);
}

}  // namespace sluice::access
