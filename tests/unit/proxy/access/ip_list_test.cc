// SPDX-License-Identifier: MIT
#include "proxy/access/ip_list.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <random>
#include <string>
#include <vector>

#include "tests/unit/proxy/access/addresses.h"

namespace sluice::access {
namespace {

ListSource source(Listed verdict, const std::vector<std::string>& texts) {
  ListSource made;
  made.name = verdict == Listed::Allow ? "access.allow" : "access.deny";
  made.verdict = verdict;
  for (const std::string& text : texts) {
    made.entries.push_back({cidr(text), static_cast<std::uint32_t>(made.entries.size())});
  }
  return made;
}

IpList list_of(const std::vector<ListSource>& sources) {
  const Result<IpList> list = IpList::build(sources);
  if (!list) FAIL(list.error().text());
  return *list;
}

IpList list_of(const std::vector<std::string>& allow, const std::vector<std::string>& deny) {
  return list_of({source(Listed::Allow, allow), source(Listed::Deny, deny)});
}

// What the list must say, found by looking at every block.
Listed longest_match(const std::vector<ListSource>& sources, const IpAddress& address) {
  Listed verdict = Listed::None;
  int longest = -1;
  for (const ListSource& from : sources) {
    for (const ListEntry& entry : from.entries) {
      if (entry.block.bits <= longest || !entry.block.contains(address)) continue;
      longest = entry.block.bits;
      verdict = from.verdict;
    }
  }
  return verdict;
}

// Blocks close to each other, so that they nest, touch and repeat; `bytes` are those that vary.
class Crowd {
 public:
  Crowd(bool v6, std::vector<std::size_t> bytes, std::uint64_t seed)
      : v6_(v6), bytes_(std::move(bytes)), random_(seed) {}

  IpAddress address() {
    std::array<std::uint8_t, 16> raw{0x20, 0x01};
    for (const std::size_t i : bytes_) raw[i] = some_byte();
    if (v6_) return IpAddress::from_v6(raw);
    return IpAddress::from_v4(std::span<const std::uint8_t, 4>(raw.data(), 4));
  }

  Cidr block() {
    const unsigned width = v6_ ? 128 : 32;
    const unsigned bits = static_cast<unsigned>(random_() % (width + 1));
    return {address().masked(bits), static_cast<std::uint8_t>(bits + 128 - width)};
  }

  std::vector<ListSource> sources(std::size_t blocks) {
    std::vector<ListSource> made(2);
    made[0].verdict = Listed::Allow;
    made[1].verdict = Listed::Deny;
    std::vector<Cidr> seen;
    for (std::size_t i = 0; i < blocks; ++i) {
      const Cidr next = block();
      if (std::find(seen.begin(), seen.end(), next) != seen.end()) continue;
      seen.push_back(next);
      made[random_() % 2].entries.push_back({next, 0});
    }
    return made;
  }

  std::uint64_t random() { return random_(); }

 private:
  // The ends of the ranges more often than the middle.
  std::uint8_t some_byte() {
    switch (random_() % 4) {
      case 0:
        return 0;
      case 1:
        return 0xff;
      case 2:
        return static_cast<std::uint8_t>(random_() % 4);
      default:
        return static_cast<std::uint8_t>(random_());
    }
  }

  bool v6_;
  std::vector<std::size_t> bytes_;
  std::mt19937_64 random_;
};

// The address before or behind, within the family.
IpAddress neighbour(IpAddress address, bool behind) {
  const std::size_t first = address.is_v4() ? 12 : 0;
  const std::uint8_t step = behind ? 1 : 0xff;
  const std::uint8_t wraps_at = behind ? 0 : 0xff;
  for (std::size_t i = 16; i > first; --i) {
    address.bytes[i - 1] = static_cast<std::uint8_t>(address.bytes[i - 1] + step);
    if (address.bytes[i - 1] != wraps_at) break;
  }
  return address;
}

// At random addresses, and at the edges of every block.
int count_wrong(Crowd& crowd, const std::vector<ListSource>& sources) {
  const IpList list = list_of(sources);
  int wrong = 0;
  const auto ask = [&](const IpAddress& address) {
    if (list.find(address) != longest_match(sources, address)) ++wrong;
  };
  for (int i = 0; i < 200; ++i) ask(crowd.address());
  for (const ListSource& from : sources) {
    for (const ListEntry& entry : from.entries) {
      ask(entry.block.base);
      ask(neighbour(entry.block.base, false));
      ask(neighbour(entry.block.base, true));
    }
  }
  return wrong;
}

TEST_CASE("ip list: it says what a search of all blocks for the longest says",
          "[access][ip_list]") {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    INFO("seed " << seed);
    Crowd v4(false, {0, 1, 2, 3}, seed);
    Crowd narrow(false, {3}, seed);
    Crowd v6(true, {2, 6, 7, 8, 15}, seed);
    for (Crowd* crowd : {&v4, &narrow, &v6}) {
      CHECK(count_wrong(*crowd, crowd->sources(crowd->random() % 300)) == 0);
    }
  }
}

TEST_CASE("ip list: the tree is right at every size about its widths", "[access][ip_list]") {
  for (const std::uint32_t blocks : {11U, 12U, 13U, 287U, 288U, 289U, 6911U, 6912U, 6913U}) {
    ListSource every_other{"deny", false, Listed::Deny, {}};
    for (std::uint32_t i = 0; i < blocks; ++i) {
      const std::array<std::uint8_t, 4> raw{10, 0, static_cast<std::uint8_t>(i >> 7),
                                            static_cast<std::uint8_t>(2 * i + 1)};
      const Cidr block{IpAddress::from_v4(raw), 128};
      every_other.entries.push_back({block, i});
    }
    const IpList list = list_of({every_other});
    REQUIRE(list.size() == blocks);
    int wrong = 0;
    for (const ListEntry& entry : every_other.entries) {
      if (list.find(entry.block.base) != Listed::Deny) ++wrong;
      if (list.find(neighbour(entry.block.base, false)) != Listed::None) ++wrong;
      if (list.find(neighbour(entry.block.base, true)) != Listed::None) ++wrong;
    }
    CHECK(wrong == 0);
    CHECK(list.find(ip("255.255.255.255")) == Listed::None);
  }
}

// Far apart from each other, and within a run so close that what tells them apart is not among the
// bits that a block of the tree has of each.
TEST_CASE("ip list: what a block of the tree cannot tell apart is compared whole",
          "[access][ip_list]") {
  std::vector<ListSource> sources(2);
  sources[0].verdict = Listed::Allow;
  sources[1].verdict = Listed::Deny;
  for (std::uint8_t run = 0; run < 32; ++run) {
    for (std::uint8_t i = 0; i < 40; ++i) {
      std::array<std::uint8_t, 16> raw{static_cast<std::uint8_t>(8 * run)};
      raw[7] = static_cast<std::uint8_t>(i % 2);
      raw[15] = static_cast<std::uint8_t>(3 * i);
      sources[i % 2].entries.push_back({{IpAddress::from_v6(raw), 128}, i});
    }
  }
  Crowd crowd(true, {0, 7, 15}, 1);
  CHECK(count_wrong(crowd, sources) == 0);
}

TEST_CASE("ip list: the longest of nested blocks decides", "[access][ip_list]") {
  const IpList list = list_of({"10.1.0.0/16", "10.1.2.3", "2001:db8:1::/48"},
                              {"10.0.0.0/8", "10.1.2.0/24", "2001:db8::/32"});
  CHECK(list.size() == 6);
  CHECK(list.find(ip("10.0.0.0")) == Listed::Deny);
  CHECK(list.find(ip("10.1.0.0")) == Listed::Allow);
  CHECK(list.find(ip("10.1.2.2")) == Listed::Deny);
  CHECK(list.find(ip("10.1.2.3")) == Listed::Allow);
  CHECK(list.find(ip("10.1.2.4")) == Listed::Deny);
  CHECK(list.find(ip("10.1.3.0")) == Listed::Allow);
  CHECK(list.find(ip("10.2.0.0")) == Listed::Deny);
  CHECK(list.find(ip("11.0.0.0")) == Listed::None);
  CHECK(list.find(ip("9.255.255.255")) == Listed::None);
  CHECK(list.find(ip("2001:db8::1")) == Listed::Deny);
  CHECK(list.find(ip("2001:db8:1::1")) == Listed::Allow);
  CHECK(list.find(ip("2001:db8:2::")) == Listed::Deny);
  CHECK(list.find(ip("2001:db9::")) == Listed::None);
}

TEST_CASE("ip list: blocks that touch do not reach into each other", "[access][ip_list]") {
  const IpList list = list_of({"192.0.2.128/25"}, {"192.0.2.0/25", "192.0.3.0/24"});
  CHECK(list.find(ip("192.0.2.127")) == Listed::Deny);
  CHECK(list.find(ip("192.0.2.128")) == Listed::Allow);
  CHECK(list.find(ip("192.0.2.255")) == Listed::Allow);
  CHECK(list.find(ip("192.0.3.0")) == Listed::Deny);
  CHECK(list.find(ip("192.0.4.0")) == Listed::None);
}

TEST_CASE("ip list: /0 holds its own family and no other", "[access][ip_list]") {
  const IpList v4 = list_of({"255.255.255.255", "0.0.0.0"}, {"0.0.0.0/0"});
  CHECK(v4.find(ip("0.0.0.0")) == Listed::Allow);
  CHECK(v4.find(ip("0.0.0.1")) == Listed::Deny);
  CHECK(v4.find(ip("255.255.255.254")) == Listed::Deny);
  CHECK(v4.find(ip("255.255.255.255")) == Listed::Allow);
  CHECK(v4.find(ip("::1")) == Listed::None);

  const IpList v6 = list_of({}, {"::/0"});
  CHECK(v6.find(ip("::")) == Listed::Deny);
  CHECK(v6.find(ip("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")) == Listed::Deny);
  CHECK(v6.find(ip("1.2.3.4")) == Listed::None);
}

TEST_CASE("ip list: a mapped address is its IPv4 address", "[access][ip_list]") {
  const IpList list = list_of({"::ffff:192.0.2.0/120"}, {"10.0.0.0/8"});
  CHECK(list.find(ip("::ffff:10.1.1.1")) == Listed::Deny);
  CHECK(list.find(ip("192.0.2.9")) == Listed::Allow);
}

TEST_CASE("ip list: the none address, of unix peers, is in no list", "[access][ip_list]") {
  CHECK(list_of({}, {"0.0.0.0/0", "::/0"}).find(IpAddress()) == Listed::None);
}

TEST_CASE("ip list: an empty one holds nothing", "[access][ip_list]") {
  CHECK(IpList().find(ip("0.0.0.0")) == Listed::None);
  CHECK(IpList().find(ip("255.255.255.255")) == Listed::None);
  CHECK(IpList().find(ip("::")) == Listed::None);
  CHECK(list_of({}).size() == 0);
}

TEST_CASE("ip list: a block may stand twice, and counts once", "[access][ip_list]") {
  const IpList list = list_of({}, {"10.0.0.0/8", "10.9.9.9/8", "::1", "::1/128"});
  CHECK(list.size() == 2);
  CHECK(list.find(ip("10.1.1.1")) == Listed::Deny);
}

TEST_CASE("ip list: a block with two verdicts is an error that names both places",
          "[access][ip_list]") {
  std::vector<ListSource> sources = {source(Listed::Allow, {"::1", "10.0.0.0/8"}),
                                     source(Listed::Deny, {"10.0.0.0/9", "10.0.0.0/8"})};
  sources[1].name = "deny.txt";
  sources[1].is_file = true;
  sources[1].entries[1].at = 12;
  const Result<IpList> list = IpList::build(sources);
  REQUIRE_FALSE(list);
  CHECK(list.error().text() ==
        "deny.txt:12: 10.0.0.0/8 is denied here, but allowed by access.allow[1]");

  const Result<IpList> v6 =
      IpList::build(std::vector{source(Listed::Deny, {"::/0"}), source(Listed::Allow, {"::/0"})});
  REQUIRE_FALSE(v6);
  CHECK(v6.error().text() == "access.allow[0]: ::/0 is allowed here, but denied by access.deny[0]");
}

TEST_CASE("ip list: it takes no more memory than promised", "[access][ip_list]") {
  for (const bool v6 : {false, true}) {
    Crowd crowd(v6, {0, 1, 2, 3}, 7);
    std::vector<ListSource> sources(1);
    for (int i = 0; i < 20'000; ++i) {
      sources[0].entries.push_back({{crowd.address(), 128}, 0});
      sources[0].entries.back().block.base.bytes[13] = static_cast<std::uint8_t>(i >> 8);
      sources[0].entries.back().block.base.bytes[15] = static_cast<std::uint8_t>(i);
    }
    const IpList list = list_of(sources);
    const double promised = v6 ? 37.6 : 13.6;
    CHECK(static_cast<double>(list.bytes()) <= promised * static_cast<double>(list.size()) + 1024);
  }
}

}  // namespace
}  // namespace sluice::access
