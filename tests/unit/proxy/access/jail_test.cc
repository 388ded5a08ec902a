// SPDX-License-Identifier: MIT
#include "proxy/access/jail.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <chrono>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "tests/unit/proxy/access/addresses.h"

namespace sluice::access {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

// Three 404s within a minute: ten minutes.
JailRules three_not_found() {
  JailRules rules;
  rules.rule(Reason::NotFound) = {3, seconds{60}};
  return rules;
}

// A jail, its rules, and a clock that stands until it is moved.
struct JailRig {
  std::optional<Inmate> note(const std::string& text, Reason reason = Reason::NotFound) {
    return jail.note(rules, ip(text), reason, now);
  }
  // As many events as it takes.
  Inmate put_away(const std::string& text) {
    for (int i = 0; i < 3; ++i) {
      if (const std::optional<Inmate> caught = note(text)) return *caught;
    }
    FAIL(text << " was not caught");
    return {};
  }
  bool jailed(const std::string& text) const { return jail.is_jailed(ip(text), now); }
  std::vector<std::string> list() const {
    std::vector<std::string> blocks;
    for (const Inmate& inmate : jail.list(now)) blocks.push_back(inmate.block.to_string());
    return blocks;
  }

  JailRules rules = three_not_found();
  WallTime now = noon();
  Jail jail{{.table = 100, .counters = 256, .hash_seed = 1}};
};

using Blocks = std::vector<std::string>;

TEST_CASE("jail: the event that fills the count puts the address away, once", "[access][jail]") {
  JailRig rig;
  CHECK_FALSE(rig.note("192.0.2.1"));
  CHECK_FALSE(rig.note("192.0.2.1"));
  CHECK_FALSE(rig.jailed("192.0.2.1"));
  const std::optional<Inmate> caught = rig.note("192.0.2.1");
  REQUIRE(caught);
  CHECK(*caught == Inmate{cidr("192.0.2.1"), Reason::NotFound, 1, rig.now, rig.now + minutes{10}});
  CHECK(rig.jailed("192.0.2.1"));
  CHECK_FALSE(rig.jailed("192.0.2.2"));
  CHECK(rig.jail.list(rig.now) == std::vector<Inmate>{*caught});
  for (int i = 0; i < 10; ++i) CHECK_FALSE(rig.note("192.0.2.1"));
  CHECK(rig.jail.list(rig.now) == std::vector<Inmate>{*caught});
}

TEST_CASE("jail: events spread over more than the window do not", "[access][jail]") {
  JailRig rig;
  for (int i = 0; i < 20; ++i) {
    CHECK_FALSE(rig.note("192.0.2.1"));
    rig.now += seconds{31};
  }
}

TEST_CASE("jail: each trigger has a rule, and without one none puts away", "[access][jail]") {
  for (std::size_t i = 0; i < kTriggers; ++i) {
    const auto trigger = static_cast<Reason>(i);
    INFO(std::string(word_of(trigger)));
    JailRig rig;
    rig.rules = {};
    for (int n = 0; n < 10; ++n) CHECK_FALSE(rig.note("::1", trigger));
    rig.rules.rule(trigger).count = 1;
    const std::optional<Inmate> caught = rig.note("::1", trigger);
    REQUIRE(caught);
    CHECK(caught->reason == trigger);
  }
}

TEST_CASE("jail: IPv6 is put away by /64, or what the rules say", "[access][jail]") {
  JailRig rig;
  CHECK_FALSE(rig.note("2001:db8::1"));
  CHECK_FALSE(rig.note("2001:db8::2"));
  CHECK(rig.note("2001:db8::3"));
  CHECK(rig.jailed("2001:db8::ffff:1"));
  CHECK_FALSE(rig.jailed("2001:db8:0:1::1"));
  CHECK(rig.list() == Blocks{"2001:db8::/64"});

  rig.rules.v4_bits = 24;
  rig.rules.v6_bits = 48;
  rig.put_away("192.0.2.9");
  rig.put_away("2001:db8:1:9::1");
  CHECK(rig.list() == Blocks{"192.0.2.0/24", "2001:db8::/64", "2001:db8:1::/48"});
  CHECK(rig.jailed("192.0.2.77"));
  CHECK(rig.jailed("2001:db8:1:8::"));
  CHECK(rig.jailed("2001:db8::1"));
}

TEST_CASE("jail: the none address, of unix peers, is never in", "[access][jail]") {
  JailRig rig;
  rig.jail.add(cidr("0.0.0.0/0"), hours{1}, rig.now);
  rig.jail.add(cidr("::/0"), hours{1}, rig.now);
  for (int i = 0; i < 10; ++i) {
    CHECK_FALSE(rig.jail.note(rig.rules, IpAddress(), Reason::NotFound, rig.now));
  }
  CHECK_FALSE(rig.jail.is_jailed(IpAddress(), rig.now));
}

TEST_CASE("jail: who has served the time is free, whether or not expire was called",
          "[access][jail]") {
  JailRig rig;
  rig.put_away("192.0.2.1");
  rig.now += minutes{10} - milliseconds{1};
  CHECK(rig.jailed("192.0.2.1"));
  rig.now += milliseconds{1};
  CHECK_FALSE(rig.jailed("192.0.2.1"));
  CHECK(rig.list().empty());
  CHECK(rig.jail.size() == 1);
  rig.jail.expire(rig.now);
  CHECK(rig.jail.size() == 0);
  CHECK_FALSE(rig.jailed("192.0.2.1"));
}

TEST_CASE("jail: the time doubles for who comes back, up to the longest", "[access][jail]") {
  for (const bool expire : {false, true}) {
    JailRig rig;
    rig.rules.max = minutes{50};
    std::uint32_t times = 0;
    for (const int expected : {10, 20, 40, 50, 50, 50}) {
      const Inmate caught = rig.put_away("192.0.2.1");
      CHECK(caught.until - caught.since == minutes{expected});
      CHECK(caught.times == ++times);
      rig.now = caught.until;
      if (expire) rig.jail.expire(rig.now);
    }
  }
}

TEST_CASE("jail: doubling never overflows", "[access][jail]") {
  JailRules rules;
  rules.max = milliseconds::max();
  CHECK(rules.sentence(4'000'000'000) == milliseconds::max());
  rules.max = hours{1};
  rules.time = hours{2};
  CHECK(rules.sentence(1) == hours{1});
  rules.time = milliseconds{0};
  CHECK(rules.sentence(4'000'000'000) == milliseconds{0});
}

TEST_CASE("jail: who keeps away for ten times as long, or an hour, is new again",
          "[access][jail]") {
  struct {
    milliseconds time, forgotten;
  } const cases[] = {{minutes{1}, hours{1}}, {minutes{30}, hours{5}}};
  for (const auto& [time, forgotten] : cases) {
    for (const bool expire : {false, true}) {
      JailRig rig;
      rig.rules.time = time;
      rig.now = rig.put_away("192.0.2.1").until + forgotten - milliseconds{1};
      if (expire) rig.jail.expire(rig.now);
      rig.now = rig.put_away("192.0.2.1").until;
      CHECK(rig.jail.records(rig.now).at(0).times == 2);
      rig.now += 2 * forgotten;
      CHECK(rig.jail.records(rig.now).empty());
      if (expire) rig.jail.expire(rig.now);
      CHECK(rig.put_away("192.0.2.1").times == 1);
    }
  }
}

TEST_CASE("jail: other rules are for those who come, all inmates stay", "[access][jail]") {
  JailRig rig;
  const Inmate first = rig.put_away("192.0.2.1");
  rig.note("192.0.2.2");
  rig.rules.rule(Reason::NotFound) = {2, seconds{60}};
  rig.rules.time = hours{1};
  const std::optional<Inmate> second = rig.note("192.0.2.2");
  REQUIRE(second);
  CHECK(second->until == rig.now + hours{1});
  CHECK(rig.jail.list(rig.now) == std::vector<Inmate>{first, *second});
  rig.rules = {};
  CHECK(rig.jailed("192.0.2.1"));
}

TEST_CASE("jail: an operator puts away any block, for a while", "[access][jail]") {
  JailRig rig;
  const Inmate added = rig.jail.add(cidr("198.51.100.0/24"), hours{2}, rig.now);
  CHECK(added == Inmate{cidr("198.51.100.0/24"), Reason::Operator, 0, rig.now, rig.now + hours{2}});
  rig.jail.add(cidr("2001:db8::/32"), hours{1}, rig.now);
  CHECK(rig.jailed("198.51.100.255"));
  CHECK_FALSE(rig.jailed("198.51.101.0"));
  CHECK(rig.jailed("2001:db8:ffff::1"));
  rig.now += hours{1};
  CHECK(rig.list() == Blocks{"198.51.100.0/24"});
  rig.now += hours{1};
  CHECK_FALSE(rig.jailed("198.51.100.1"));
  CHECK(rig.jail.records(rig.now).empty());
  rig.jail.expire(rig.now);
  CHECK(rig.jail.size() == 0);
}

TEST_CASE("jail: an operator's word replaces the trigger's, which is not forgotten",
          "[access][jail]") {
  JailRig rig;
  rig.put_away("192.0.2.1");
  CHECK(rig.jail.add(cidr("192.0.2.1"), seconds{1}, rig.now).times == 1);
  CHECK(rig.list() == Blocks{"192.0.2.1"});
  rig.now += seconds{1};
  CHECK_FALSE(rig.jailed("192.0.2.1"));
  CHECK(rig.put_away("192.0.2.1").times == 2);
}

TEST_CASE("jail: forever is a hundred years", "[access][jail]") {
  JailRig rig;
  const Inmate added = rig.jail.add(cidr("::/0"), milliseconds::max(), rig.now);
  CHECK(print_time(added.until) == "2126-05-08T12:00:00Z");
}

TEST_CASE("jail: lifting a block frees and forgets all within it", "[access][jail]") {
  JailRig rig;
  rig.put_away("192.0.2.1");
  rig.put_away("192.0.2.2");
  rig.put_away("192.0.3.1");
  rig.jail.add(cidr("192.0.2.128/25"), hours{1}, rig.now);
  CHECK(rig.jail.remove(cidr("192.0.2.0/24"), rig.now) == 3);
  CHECK(rig.list() == Blocks{"192.0.3.1"});
  CHECK_FALSE(rig.jailed("192.0.2.1"));
  CHECK(rig.put_away("192.0.2.1").times == 1);
  CHECK(rig.jail.remove(cidr("192.0.9.0/24"), rig.now) == 0);
}

TEST_CASE("jail: lifting an address frees the prefix that was caught with it, no operator's block",
          "[access][jail]") {
  JailRig rig;
  rig.put_away("2001:db8::1");
  rig.jail.add(cidr("2001:db8::/48"), hours{1}, rig.now);
  CHECK(rig.jail.remove(cidr("2001:db8::99"), rig.now) == 1);
  CHECK(rig.list() == Blocks{"2001:db8::/48"});
  CHECK(rig.jail.remove(cidr("2001:db8::/48"), rig.now) == 1);
  CHECK_FALSE(rig.jailed("2001:db8::1"));
}

TEST_CASE("jail: neighbours who are too many together are put away together", "[access][jail]") {
  JailRig rig;
  rig.rules.rule(Reason::WideLimiter) = {3, minutes{1}};
  CHECK_FALSE(rig.note("2001:db8:0:1::1", Reason::WideLimiter));
  CHECK_FALSE(rig.note("2001:db8:0:2::1", Reason::WideLimiter));
  CHECK_FALSE(rig.note("2001:db8:1:1::1", Reason::WideLimiter));  // another /48
  CHECK(rig.note("2001:db8:0:3::1", Reason::WideLimiter));
  CHECK(rig.list() == Blocks{"2001:db8::/48"});
  CHECK(rig.jailed("2001:db8:0:4::1"));
  CHECK_FALSE(rig.jailed("2001:db8:1:1::1"));
  CHECK(rig.jail.remove(cidr("2001:db8:0:4::1"), rig.now) == 1);
  CHECK_FALSE(rig.jailed("2001:db8:0:1::1"));
}

TEST_CASE("jail: without a wider prefix it is the address's own that goes", "[access][jail]") {
  JailRig rig;
  rig.rules.rule(Reason::WideLimiter) = {1, minutes{1}};
  const auto caught_with = [&rig](std::uint8_t bits, const std::string& client) {
    rig.rules.wide_v6_bits = bits;
    return rig.note(client, Reason::WideLimiter)->block.to_string();
  };
  CHECK(caught_with(0, "2001:db8:0:1::1") == "2001:db8:0:1::/64");
  CHECK(caught_with(96, "2001:db8:0:2::1") == "2001:db8:0:2::/64");
  CHECK(caught_with(40, "2001:db8:900:1::1") == "2001:db8:900::/40");
  CHECK(caught_with(48, "192.0.2.1") == "192.0.2.1");
}

TEST_CASE("jail: lifting who is only remembered forgets him, and counts for none",
          "[access][jail]") {
  JailRig rig;
  rig.now = rig.put_away("192.0.2.1").until;
  CHECK(rig.jail.remove(cidr("192.0.2.1"), rig.now) == 0);
  CHECK(rig.put_away("192.0.2.1").times == 1);
}

std::string address_of(int i) {
  return "10.0." + std::to_string(i / 256) + "." + std::to_string(i % 256);
}

TEST_CASE("jail: when it is full, who would end soonest goes", "[access][jail]") {
  JailRig rig;
  rig.jail.add(cidr("192.0.2.0/24"), minutes{1}, rig.now);
  for (int i = 0; i < 99; ++i) {
    rig.put_away(address_of(i));
    rig.now += milliseconds{1};
  }
  CHECK(rig.jail.size() == 100);
  rig.put_away("10.1.0.0");
  CHECK(rig.jail.size() == 100);
  CHECK_FALSE(rig.jailed(address_of(0)));
  CHECK(rig.jailed(address_of(1)));
  CHECK(rig.jailed("10.1.0.0"));
  INFO("what an operator has added stays, though it ends sooner");
  CHECK(rig.jailed("192.0.2.1"));
}

TEST_CASE("jail: when it is full, who is only remembered goes before who is in", "[access][jail]") {
  JailRig rig;
  rig.put_away("192.0.2.1");
  rig.now += minutes{10};
  rig.jail.expire(rig.now);
  rig.rules.time = minutes{1};
  for (int i = 0; i < 100; ++i) rig.put_away(address_of(i));
  CHECK(rig.jail.size() == 100);
  CHECK(rig.jail.records(rig.now).size() == 100);
  CHECK(rig.put_away("192.0.2.1").times == 1);
}

TEST_CASE("jail: a table of operators' blocks alone is bounded, too", "[access][jail]") {
  JailRig rig;
  for (int i = 0; i < 150; ++i) rig.jail.add(cidr(address_of(i)), hours{1 + i}, rig.now);
  CHECK(rig.jail.size() == 100);
  CHECK_FALSE(rig.jailed(address_of(49)));
  CHECK(rig.jailed(address_of(50)));
}

TEST_CASE("jail: many whose time has come leave together", "[access][jail]") {
  JailRig rig;
  for (int i = 0; i < 100; ++i) rig.jail.add(cidr(address_of(i)), seconds{1}, rig.now);
  rig.jail.expire(rig.now + seconds{1} - milliseconds{1});
  CHECK(rig.jail.size() == 100);
  rig.jail.expire(rig.now + seconds{1});
  CHECK(rig.jail.size() == 0);
}

TEST_CASE("jail: what a file kept goes on, and doubles", "[access][jail]") {
  JailRig before;
  before.put_away("192.0.2.1");
  before.now += minutes{10};
  before.put_away("192.0.2.2");
  before.jail.add(cidr("2001:db8::/32"), hours{1}, before.now);
  const std::vector<Inmate> kept = before.jail.records(before.now);
  REQUIRE(kept.size() == 3);

  JailRig after;
  after.now = before.now + minutes{1};
  CHECK(after.jail.restore(kept, after.now) == 3);
  CHECK(after.list() == Blocks{"192.0.2.2", "2001:db8::/32"});
  CHECK(after.jail.list(after.now) == before.jail.list(after.now));
  CHECK(after.put_away("192.0.2.1").times == 2);

  JailRig much_later;
  much_later.now = before.now + hours{24};
  CHECK(much_later.jail.restore(kept, much_later.now) == 0);
  CHECK(much_later.jail.records(much_later.now).empty());
}

TEST_CASE("jail: it counts its changes, for who keeps it in a file", "[access][jail]") {
  JailRig rig;
  std::uint64_t last = 0;
  const auto changed = [&rig, &last] {
    return rig.jail.changes() != std::exchange(last, rig.jail.changes());
  };
  rig.note("192.0.2.1");
  CHECK_FALSE(changed());
  rig.put_away("192.0.2.1");
  CHECK(changed());
  rig.jail.add(cidr("::1"), hours{1}, rig.now);
  CHECK(changed());
  rig.jail.remove(cidr("::1"), rig.now);
  CHECK(changed());
  rig.jail.restore(rig.jail.records(rig.now), rig.now);
  CHECK(changed());
  rig.jail.is_jailed(ip("192.0.2.1"), rig.now);
  rig.jail.expire(rig.now);
  CHECK_FALSE(changed());
}

// What is said of an address is what a look at every inmate says, whatever came before.
TEST_CASE("jail: the filter and the table agree with the list", "[access][jail]") {
  std::mt19937_64 random(1);
  const auto some_block = [&random]() {
    const std::string byte = std::to_string(random() % 4);
    const std::string v4[] = {"10.0.0." + byte, "10.0." + byte + ".0/24", "10." + byte + ".0.0/16"};
    const std::string v6[] = {"2001:db8::" + byte, "2001:db8:" + byte + "::/48", "::/0"};
    return random() % 2 == 0 ? v4[random() % 3] : v6[random() % 3];
  };
  JailRig rig;
  rig.rules.rule(Reason::NotFound).count = 1;
  int wrong = 0;
  int jailed = 0;
  for (int step = 0; step < 3000; ++step) {
    const Cidr block = cidr(some_block());
    const std::uint64_t what = random() % 8;
    if (what < 2) rig.jail.add(block, minutes{random() % 30}, rig.now);
    if (what == 2) rig.jail.remove(block, rig.now);
    if (what == 3) rig.jail.expire(rig.now);
    if (what > 5) rig.jail.note(rig.rules, block.base, Reason::NotFound, rig.now);
    rig.now += minutes{random() % 3};
    const std::vector<Inmate> inmates = rig.jail.list(rig.now);
    for (int i = 0; i < 3; ++i) {
      const IpAddress address = cidr(some_block()).base;
      const bool expected =
          std::any_of(inmates.begin(), inmates.end(),
                      [&address](const Inmate& inmate) { return inmate.block.contains(address); });
      if (rig.jail.is_jailed(address, rig.now) != expected) ++wrong;
      if (expected) ++jailed;
    }
  }
  CHECK(wrong == 0);
  CHECK(jailed > 500);
  CHECK(jailed < 8500);
}

}  // namespace
}  // namespace sluice::access
