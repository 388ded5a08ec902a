// SPDX-License-Identifier: MIT
#include "proxy/access/rate_limit.h"

#include <catch2/catch.hpp>

#include "tests/support/limiter_rig.h"

namespace sluice::access {
namespace {

using namespace std::chrono_literals;
using support::at;
using support::ip;
using support::make_ip_table;
using VerdictKind = LimitVerdict::Kind;

// Two requests at once, then one a second.
RateRule slow_rule() {
  RateRule rule;
  rule.quota = {1, 1s, 2, 1, 0};
  return rule;
}

RateRule without_wider(RateRule rule) {
  rule.wider_ipv6_bits = 0;
  return rule;
}

// Requests of a client at `now` until one is refused.
std::uint64_t drain_limit(const RateLimit& limit, const IpAddress& client, Time now) {
  std::uint64_t passed = 0;
  while (limit.check(client, now).kind == VerdictKind::Pass) ++passed;
  return passed;
}

}  // namespace

TEST_CASE("rate_limit: a client has its burst, then its rate", "[access]") {
  const auto table = make_ip_table(1000);
  const RateLimit limit("a", slow_rule(), *table);
  const IpAddress client = ip("192.0.2.1");
  const LimitVerdict first = limit.check(client, at(0s));
  CHECK(first.kind == VerdictKind::Pass);
  CHECK(first.remaining == 1);
  CHECK(first.full_in == 1s);
  CHECK(first.wait == 0s);
  CHECK(limit.check(client, at(0s)).kind == VerdictKind::Pass);
  const LimitVerdict refused = limit.check(client, at(250ms));
  CHECK(refused.kind == VerdictKind::Refuse);
  CHECK(refused.wait == 750ms);
  CHECK(refused.remaining == 0);
  CHECK(refused.full_in == 1750ms);
  CHECK(limit.check(client, at(1s)).kind == VerdictKind::Pass);
  CHECK(limit.burst() == 2);
  CHECK(limit.fill_time() == 2s);
}

TEST_CASE("rate_limit: IPv4 addresses have buckets of their own, however they are written",
          "[access]") {
  const auto table = make_ip_table(1000);
  const RateLimit limit("a", slow_rule(), *table);
  CHECK(drain_limit(limit, ip("192.0.2.1"), at(0s)) == 2);
  CHECK(drain_limit(limit, ip("::ffff:192.0.2.1"), at(0s)) == 0);
  CHECK(drain_limit(limit, ip("192.0.2.2"), at(0s)) == 2);
}

TEST_CASE("rate_limit: IPv4 addresses of one network share a bucket where the rule says so",
          "[access]") {
  const auto table = make_ip_table(1000);
  RateRule rule = slow_rule();
  rule.ipv4_bits = 24;
  const RateLimit limit("a", rule, *table);
  CHECK(drain_limit(limit, ip("192.0.2.1"), at(0s)) == 2);
  CHECK(drain_limit(limit, ip("192.0.2.255"), at(0s)) == 0);
  CHECK(drain_limit(limit, ip("192.0.3.1"), at(0s)) == 2);
}

TEST_CASE("rate_limit: IPv6 addresses share a /64", "[access]") {
  const auto table = make_ip_table(1000);
  const RateLimit limit("a", without_wider(slow_rule()), *table);
  CHECK(drain_limit(limit, ip("2001:db8:0:1::1"), at(0s)) == 2);
  CHECK(drain_limit(limit, ip("2001:db8:0:1:ffff:ffff:ffff:ffff"), at(0s)) == 0);
  CHECK(drain_limit(limit, ip("2001:db8:0:2::1"), at(0s)) == 2);
}

TEST_CASE("rate_limit: the /64s of a /48 share a multiple of the quota", "[access]") {
  const auto table = make_ip_table(1000);
  RateRule rule = slow_rule();
  rule.wider_multiple = 3;
  const RateLimit limit("a", rule, *table);
  CHECK(drain_limit(limit, ip("2001:db8:0:1::1"), at(0s)) == 2);
  CHECK(drain_limit(limit, ip("2001:db8:0:2::1"), at(0s)) == 2);
  CHECK(drain_limit(limit, ip("2001:db8:0:3::1"), at(0s)) == 2);
  const LimitVerdict refused = limit.check(ip("2001:db8:0:4::1"), at(0s));
  CHECK(refused.kind == VerdictKind::Refuse);
  CHECK(refused.wait > 333ms);
  CHECK(refused.wait < 334ms);
  CHECK(drain_limit(limit, ip("2001:db8:1:1::1"), at(0s)) == 2);  // another /48
  CHECK(limit.check(ip("2001:db8:0:4::1"), at(334ms)).kind == VerdictKind::Pass);
}

TEST_CASE("rate_limit: IPv4 can have a wider bucket, too", "[access]") {
  const auto table = make_ip_table(1000);
  RateRule rule = slow_rule();
  rule.wider_ipv4_bits = 24;
  rule.wider_multiple = 2;
  const RateLimit limit("a", rule, *table);
  CHECK(drain_limit(limit, ip("192.0.2.1"), at(0s)) == 2);
  CHECK(drain_limit(limit, ip("192.0.2.2"), at(0s)) == 2);
  CHECK(drain_limit(limit, ip("192.0.2.3"), at(0s)) == 0);
  CHECK(drain_limit(limit, ip("192.0.3.3"), at(0s)) == 2);
}

TEST_CASE("rate_limit: a wider prefix that is not wider charges nothing twice", "[access]") {
  const auto table = make_ip_table(1000);
  RateRule rule = slow_rule();
  rule.wider_ipv4_bits = 32;
  rule.wider_multiple = 1;
  CHECK(drain_limit(RateLimit("a", rule, *table), ip("192.0.2.1"), at(0s)) == 2);
}

TEST_CASE("rate_limit: who is refused by one bucket is charged by neither", "[access]") {
  const auto table = make_ip_table(1000);
  RateRule rule = slow_rule();
  rule.wider_multiple = 2;
  const RateLimit limit("a", rule, *table);
  // By the own one: the wider one still has two of its four.
  for (int i = 0; i < 10; ++i) limit.check(ip("2001:db8:0:1::1"), at(0s));
  CHECK(drain_limit(limit, ip("2001:db8:0:2::1"), at(0s)) == 2);
  // By the wider one: the own one is still full.
  for (int i = 0; i < 10; ++i) {
    CHECK(limit.check(ip("2001:db8:0:3::1"), at(0s)).kind == VerdictKind::Refuse);
  }
  const RateLimit own_only("a", without_wider(rule), *table);
  CHECK(drain_limit(own_only, ip("2001:db8:0:3::1"), at(0s)) == 2);
}

TEST_CASE("rate_limit: which of the two buckets refuses is told", "[access]") {
  const auto table = make_ip_table(1000);
  RateRule rule = slow_rule();
  rule.wider_multiple = 1;
  const RateLimit limit("a", rule, *table);
  CHECK(drain_limit(limit, ip("2001:db8:0:1::1"), at(0s)) == 2);
  CHECK(limit.check(ip("2001:db8:0:2::1"), at(0s)).by_wider);
  CHECK_FALSE(limit.check(ip("2001:db8:0:1::1"), at(0s)).by_wider);  // both do
  const auto others = make_ip_table(1000);
  rule.wider_multiple = 2;
  const RateLimit roomy("a", rule, *others);
  CHECK(drain_limit(roomy, ip("2001:db8:0:1::1"), at(0s)) == 2);
  CHECK_FALSE(roomy.check(ip("2001:db8:0:1::1"), at(0s)).by_wider);
}

TEST_CASE("rate_limit: what is put back can be taken again, from both buckets", "[access]") {
  const auto table = make_ip_table(1000);
  RateRule rule = slow_rule();
  rule.wider_multiple = 1;
  const RateLimit limit("a", rule, *table);
  const IpAddress client = ip("2001:db8:0:1::1");
  CHECK(drain_limit(limit, client, at(0s)) == 2);
  limit.put_back(client, at(0s));
  CHECK(drain_limit(limit, ip("2001:db8:0:2::1"), at(0s)) == 1);  // of the wider one
  limit.put_back(ip("2001:db8:0:2::1"), at(0s));
  CHECK(drain_limit(limit, client, at(0s)) == 1);
  limit.put_back(IpAddress(), at(0s));
}

TEST_CASE("rate_limit: of two buckets the one with less left is told of", "[access]") {
  const auto table = make_ip_table(1000);
  RateRule rule;
  rule.quota = {10, 1s, 10, 1, 0};
  rule.wider_multiple = 2;
  const RateLimit limit("a", rule, *table);
  const LimitVerdict own = limit.check(ip("2001:db8:0:1::1"), at(0s));
  CHECK(own.remaining == 9);
  CHECK(own.full_in == 100ms);
  CHECK(drain_limit(limit, ip("2001:db8:0:1::1"), at(0s)) == 9);
  CHECK(limit.check(ip("2001:db8:0:2::1"), at(0s)).remaining == 9);
  CHECK(drain_limit(limit, ip("2001:db8:0:2::1"), at(0s)) == 9);
  const LimitVerdict wider = limit.check(ip("2001:db8:0:3::1"), at(100ms));
  CHECK(wider.kind == VerdictKind::Pass);
  CHECK(wider.remaining == 1);
  CHECK(wider.full_in == 950ms);
}

TEST_CASE("rate_limit: requests wait where the rule lets them", "[access]") {
  const auto table = make_ip_table(1000);
  RateRule rule = slow_rule();
  rule.quota.delay = 2;
  const RateLimit limit("a", rule, *table);
  const IpAddress client = ip("192.0.2.1");
  CHECK(drain_limit(limit, client, at(0s)) == 2);  // and the third waits
  const LimitVerdict fourth = limit.check(client, at(0s));
  CHECK(fourth.kind == VerdictKind::Delay);
  CHECK(fourth.wait == 2s);
  const LimitVerdict fifth = limit.check(client, at(0s));
  CHECK(fifth.kind == VerdictKind::Refuse);
  CHECK(fifth.wait == 1s);
}

TEST_CASE("rate_limit: with two buckets a request waits for the slower one", "[access]") {
  const auto table = make_ip_table(1000);
  RateRule rule = slow_rule();
  rule.quota.delay = 2;
  rule.wider_multiple = 1;
  const RateLimit limit("a", rule, *table);
  CHECK(drain_limit(limit, ip("2001:db8:0:1::1"), at(0s)) == 2);
  const LimitVerdict other = limit.check(ip("2001:db8:0:2::1"), at(0s));
  CHECK(other.kind == VerdictKind::Delay);
  CHECK(other.wait == 2s);
  CHECK(limit.check(ip("2001:db8:0:3::1"), at(0s)).kind == VerdictKind::Refuse);
}

TEST_CASE("rate_limit: a shadow refuses and delays nobody, and says whom it would have refused",
          "[access]") {
  const auto table = make_ip_table(1000);
  RateRule rule = slow_rule();
  rule.shadow = true;
  rule.quota.delay = 1;
  const RateLimit limit("a", rule, *table);
  const IpAddress client = ip("192.0.2.1");
  for (int i = 0; i < 3; ++i) {
    const LimitVerdict verdict = limit.check(client, at(0s));
    CHECK(verdict.kind == VerdictKind::Pass);
    CHECK(verdict.wait == 0s);
  }
  for (int i = 0; i < 3; ++i) {
    const LimitVerdict verdict = limit.check(client, at(0s));
    CHECK(verdict.kind == VerdictKind::ShadowRefuse);
    CHECK(verdict.wait == 1s);
  }
  CHECK(limit.check(client, at(1s)).kind == VerdictKind::Pass);
}

TEST_CASE("rate_limit: a request can cost several tokens", "[access]") {
  const auto table = make_ip_table(1000);
  RateRule rule;
  rule.quota = {10, 1s, 25, 10, 0};
  const RateLimit limit("a", rule, *table);
  CHECK(drain_limit(limit, ip("192.0.2.1"), at(0s)) == 2);
  const LimitVerdict refused = limit.check(ip("192.0.2.1"), at(0s));
  CHECK(refused.remaining == 5);
  CHECK(refused.wait == 500ms);
}

TEST_CASE("rate_limit: rules share no buckets, but with themselves after a reload", "[access]") {
  const auto table = make_ip_table(1000);
  const IpAddress client = ip("192.0.2.1");
  const RateLimit limit("a", slow_rule(), *table);
  const RateLimit other("b", slow_rule(), *table);
  CHECK(drain_limit(limit, client, at(0s)) == 2);
  CHECK(drain_limit(other, client, at(0s)) == 2);
  CHECK(drain_limit(RateLimit("a", slow_rule(), *table), client, at(0s)) == 0);
  // With another quota, too: what was used stays used.
  RateRule larger = slow_rule();
  larger.quota.burst = 5;
  CHECK(drain_limit(RateLimit("a", larger, *table), client, at(0s)) == 3);
}

TEST_CASE("rate_limit: who has no address passes", "[access]") {
  const auto table = make_ip_table(1000);
  const RateLimit limit("a", slow_rule(), *table);
  for (int i = 0; i < 10; ++i) {
    const LimitVerdict verdict = limit.check(IpAddress(), at(0s));
    CHECK(verdict.kind == VerdictKind::Pass);
    CHECK(verdict.remaining == 2);
  }
}

}  // namespace sluice::access
