// SPDX-License-Identifier: MIT
#include "proxy/access/ip_table.h"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <fstream>

#include "tests/support/limiter_rig.h"

namespace sluice::access {
namespace {

using namespace std::chrono_literals;
using support::at;
using support::make_ip_table;
using Kind = Outcome::Kind;

// Two requests at once, then one an hour.
const TokenBucket kHourly({1, 1h, 2, 1, 0});

// The same, but it takes longer to be full again.
const TokenBucket kDaily({1, 24h, 2, 1, 0});

constexpr std::uint64_t kRule = 7;

IpTable::Key key_of(const IpTable& table, std::uint64_t client) {
  return table.key({client, 0}, 64, kRule);
}

Outcome take_from_table(IpTable& table, std::uint64_t client, Time now,
                        const TokenBucket& bucket = kHourly) {
  return table.take(key_of(table, client), bucket, now);
}

// Whole tokens: those that a request would leave, and the one it would take.
std::uint64_t left(IpTable& table, std::uint64_t client, Time now) {
  const Outcome outcome = table.test(key_of(table, client), kHourly, now);
  return outcome.kind == Kind::Refuse ? 0 : outcome.remaining + 1;
}

void exhaust(IpTable& table, std::uint64_t client, Time now) {
  for (int i = 0; i < 3; ++i) take_from_table(table, client, now);
}

std::size_t resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  std::size_t pages = 0;
  statm >> pages >> pages;
  return pages * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

}  // namespace

TEST_CASE("ip_table: each key has a bucket of its own", "[access]") {
  const auto table = make_ip_table(1000);
  CHECK(take_from_table(*table, 1, at(0s)).remaining == 1);
  CHECK(take_from_table(*table, 1, at(0s)).remaining == 0);
  CHECK(take_from_table(*table, 1, at(0s)).kind == Kind::Refuse);
  CHECK(take_from_table(*table, 2, at(0s)).remaining == 1);
  CHECK(take_from_table(*table, 1, at(1h)).kind == Kind::Pass);
  CHECK(table->untracked() == 0);
}

TEST_CASE("ip_table: a test charges nothing", "[access]") {
  const auto table = make_ip_table(1000);
  CHECK(left(*table, 1, at(0s)) == 2);
  CHECK(left(*table, 1, at(0s)) == 2);
  take_from_table(*table, 1, at(0s));
  CHECK(left(*table, 1, at(0s)) == 1);
  CHECK(left(*table, 1, at(0s)) == 1);
}

TEST_CASE("ip_table: what was taken can be put back, also when it is gone", "[access]") {
  const auto table = make_ip_table(1000);
  take_from_table(*table, 1, at(0s));
  take_from_table(*table, 1, at(0s));
  table->put_back(key_of(*table, 1), kHourly, at(0s));
  CHECK(left(*table, 1, at(0s)) == 1);
  table->put_back(key_of(*table, 2), kHourly, at(0s));
  CHECK(left(*table, 2, at(0s)) == 2);
}

TEST_CASE("ip_table: keys depend on the secret, the prefix, its length and the rule", "[access]") {
  const auto table = make_ip_table(4);
  const IpTable::Key key = table->key({1, 2}, 64, 3);
  CHECK(key == table->key({1, 2}, 64, 3));
  CHECK(key != table->key({0, 2}, 64, 3));
  CHECK(key != table->key({1, 0}, 64, 3));
  CHECK(key != table->key({1, 2}, 48, 3));
  CHECK(key != table->key({1, 2}, 64, 4));
  const auto one = IpTable::create(4);
  const auto other = IpTable::create(4);
  REQUIRE((one && other));
  CHECK((*one)->key({1, 2}, 64, 3) != (*other)->key({1, 2}, 64, 3));
}

TEST_CASE("ip_table: a vacant slot, then a full bucket, then that which is full first makes room",
          "[access]") {
  const auto table = make_ip_table(4);
  REQUIRE(table->capacity() == 4);
  take_from_table(*table, 1, at(0s));
  take_from_table(*table, 2, at(10min));
  take_from_table(*table, 3, at(20min));
  CHECK(left(*table, 1, at(20min)) == 1);
  take_from_table(*table, 4, at(20min));  // the vacant slot
  for (const unsigned client : {1U, 2U, 3U, 4U}) CHECK(left(*table, client, at(21min)) == 1);

  take_from_table(*table, 5, at(1h));  // 1 is full
  CHECK(left(*table, 5, at(1h)) == 1);
  for (const unsigned client : {2U, 3U, 4U}) CHECK(left(*table, client, at(1h)) == 1);

  take_from_table(*table, 2, at(61min));  // full in 1:09; 3 and 4 in 19 minutes, 5 in 59
  take_from_table(*table, 4, at(61min));
  take_from_table(*table, 6, at(61min));
  CHECK(left(*table, 3, at(61min)) == 2);
  CHECK(left(*table, 2, at(61min)) == 0);
  for (const unsigned client : {5U, 6U}) CHECK(left(*table, client, at(61min)) == 1);
  CHECK(table->untracked() == 0);
}

TEST_CASE("ip_table: an exhausted bucket makes no room, whatever comes", "[access]") {
  const auto table = make_ip_table(4);
  exhaust(*table, 1, at(0s));
  for (std::uint64_t client = 2; client < 1000; ++client) {
    CHECK(take_from_table(*table, client, at(0s)).kind == Kind::Pass);
  }
  CHECK(table->untracked() == 0);
  CHECK(take_from_table(*table, 1, at(0s)).kind == Kind::Refuse);
  // One token has come back, but it refused since it was last full.
  take_from_table(*table, 1, at(1h));
  for (std::uint64_t client = 1000; client < 2000; ++client) {
    take_from_table(*table, client, at(1h));
  }
  CHECK(take_from_table(*table, 1, at(1h)).kind == Kind::Refuse);
}

TEST_CASE("ip_table: where all are exhausted, a newcomer passes without a bucket", "[access]") {
  const auto table = make_ip_table(4);
  for (const unsigned client : {1U, 2U, 3U, 4U}) exhaust(*table, client, at(0s));
  for (int i = 0; i < 10; ++i) {
    const Outcome outcome = take_from_table(*table, 5, at(0s));
    CHECK(outcome.kind == Kind::Pass);
    CHECK(outcome.remaining == 1);
  }
  CHECK(table->untracked() == 10);
  for (const unsigned client : {1U, 2U, 3U, 4U}) {
    CHECK(take_from_table(*table, client, at(0s)).kind == Kind::Refuse);
  }
  // Full again, they have nothing to remember.
  exhaust(*table, 5, at(2h));
  CHECK(take_from_table(*table, 5, at(2h)).kind == Kind::Refuse);
  CHECK(table->untracked() == 10);
}

TEST_CASE("ip_table: a refused test is remembered, too", "[access]") {
  const auto table = make_ip_table(4);
  take_from_table(*table, 1, at(0s));
  take_from_table(*table, 1, at(0s));
  CHECK(table->test(key_of(*table, 1), kHourly, at(0s)).kind == Kind::Refuse);
  for (std::uint64_t client = 2; client < 1000; ++client) {
    take_from_table(*table, client, at(0s));
    take_from_table(*table, client, at(0s));
  }
  CHECK(take_from_table(*table, 1, at(0s)).kind == Kind::Refuse);
}

TEST_CASE("ip_table: a million addresses wash nothing exhausted out of a smaller table",
          "[access]") {
  constexpr std::uint64_t kExhausted = 10'000;
  const auto table = make_ip_table(100'000);
  for (std::uint64_t client = 0; client < kExhausted; ++client) exhaust(*table, client, at(0s));
  // They would be the first to be full, if that were all that counts.
  nanoseconds now = 0s;
  std::uint64_t passed = 0;
  for (std::uint64_t client = 0; client < 1'000'000; ++client) {
    now += 1us;
    if (take_from_table(*table, kExhausted + client, at(now), kDaily).kind == Kind::Pass) ++passed;
  }
  CHECK(passed == 1'000'000);
  CHECK(table->untracked() == 0);
  std::uint64_t refused = 0;
  for (std::uint64_t client = 0; client < kExhausted; ++client) {
    if (take_from_table(*table, client, at(now)).kind == Kind::Refuse) ++refused;
  }
  CHECK(refused == kExhausted);
}

TEST_CASE("ip_table: as many keys as it has room for mostly find it", "[access]") {
  constexpr std::uint64_t kKeys = 100'000;
  const auto table = make_ip_table(kKeys);
  for (std::uint64_t client = 0; client < kKeys; ++client) take_from_table(*table, client, at(0s));
  std::uint64_t kept = 0;
  for (std::uint64_t client = 0; client < kKeys; ++client) {
    if (left(*table, client, at(0s)) == 1) ++kept;
  }
  CHECK(kept >= kKeys / 100 * 90);
  CHECK(kept <= kKeys);
}

TEST_CASE("ip_table: half full of exhausted buckets, it finds room for nearly all others",
          "[access]") {
  constexpr std::uint64_t kKeys = 100'000;
  const auto table = make_ip_table(kKeys);
  for (std::uint64_t client = 0; client < kKeys / 2; ++client) exhaust(*table, client, at(0s));
  for (std::uint64_t client = 0; client < kKeys; ++client) {
    take_from_table(*table, kKeys + client, at(0s));
  }
  CHECK(table->untracked() < kKeys / 1000);
}

TEST_CASE("ip_table: the memory is 16 bytes a key, and only what is used", "[access]") {
  const auto table = make_ip_table(5);
  CHECK(table->capacity() == 8);
  CHECK(table->bytes() == 128);
  const std::size_t before = resident_bytes();
  const auto large = make_ip_table(16'000'000);
  CHECK(large->bytes() == 256'000'000);
  // At most two pages for each of these, and a sanitizer's own memory of them.
  for (std::uint64_t client = 0; client < 1000; ++client) take_from_table(*large, client, at(0s));
  CHECK(resident_bytes() < before + large->bytes() / 4);
}

TEST_CASE("ip_table: more than the machine can address is an error", "[access]") {
  CHECK(IpTable::create((std::size_t{1} << 34) + 1).error().what == "more than 2^34 keys");
}

}  // namespace sluice::access
