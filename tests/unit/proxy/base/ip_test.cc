// SPDX-License-Identifier: MIT
#include "proxy/base/ip.h"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

namespace sluice {
namespace {

IpAddress ip(std::string_view text) {
  const std::optional<IpAddress> address = IpAddress::parse(text);
  INFO(std::string(text));
  REQUIRE(address);
  return *address;
}

constexpr std::string_view kTexts[][2] = {
    {"0.0.0.0", "0.0.0.0"},
    {"1.2.3.4", "1.2.3.4"},
    {"255.255.255.255", "255.255.255.255"},
    {"10.20.30.100", "10.20.30.100"},
    {"::", "::"},
    {"::1", "::1"},
    {"2001:DB8:0:0:0:0:0:1", "2001:db8::1"},
    {"2001:db8::", "2001:db8::"},
    {"1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"},
    {"64:ff9b::1.2.3.4", "64:ff9b::102:304"},
    {"::ffff:1.2.3.4", "1.2.3.4"},
    {"::ffff:102:304", "1.2.3.4"},
};

constexpr std::string_view kBadTexts[] = {
    "",
    " ",
    "1",
    "1.2.3",
    "1.2.3.4.5",
    "1.2.3.256",
    "1.2.3.04",
    "1.2.3.",
    ".1.2.3",
    "1..2.3",
    "1.2.3.4 ",
    " 1.2.3.4",
    "1.2.3.-4",
    "1.2.3.+4",
    "0x1.2.3.4",
    "1.2.3.1000",
    "1.2.3.4:80",
    "[::1]",
    "::1%eth0",
    ":::",
    ":",
    "1:2:3:4:5:6:7",
    "1:2:3:4:5:6:7:8:9",
    "::12345",
    "::g",
    "::1.2.3",
    "::ffff:1.2.3.256",
    "a.example",
};

}  // namespace

TEST_CASE("ip: addresses are read and written", "[base][ip]") {
  for (const auto& row : kTexts) CHECK(ip(row[0]).to_string() == row[1]);
  CHECK(ip("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff").to_string().size() <= IpAddress::kMaxText);
}

TEST_CASE("ip: what is not exactly an address is none", "[base][ip]") {
  for (const std::string_view text : kBadTexts) {
    INFO(std::string(text));
    CHECK_FALSE(IpAddress::parse(text));
  }
  CHECK_FALSE(IpAddress::parse(std::string_view("::1\0", 4)));
  CHECK_FALSE(IpAddress::parse(std::string(1000, ':')));
}

TEST_CASE("ip: a mapped address is its IPv4 address", "[base][ip]") {
  CHECK(ip("::ffff:1.2.3.4") == ip("1.2.3.4"));
  CHECK(ip("::ffff:1.2.3.4").is_v4());
  CHECK(ip("::1.2.3.4").is_v6());
  const std::array<std::uint8_t, 4> four{1, 2, 3, 4};
  CHECK(IpAddress::from_v4(four) == ip("1.2.3.4"));
  CHECK(IpAddress::from_v6(ip("::1").bytes) == ip("::1"));
  CHECK(IpAddress::from_v6(ip("1.2.3.4").bytes) == ip("1.2.3.4"));
}

TEST_CASE("ip: none is neither family and no address", "[base][ip]") {
  const IpAddress none;
  CHECK(none.is_none());
  CHECK_FALSE(none.is_v4());
  CHECK_FALSE(none.is_v6());
  CHECK_FALSE(none.is_unspecified());
  CHECK(none != ip("::"));
  CHECK(none.to_string() == "-");
  CHECK(none.masked(8) == none);
  CHECK(ip("::").is_unspecified());
  CHECK(ip("0.0.0.0").is_unspecified());
  CHECK_FALSE(ip("0.0.0.1").is_unspecified());
}

TEST_CASE("ip: masking keeps the leading bits of the own family", "[base][ip]") {
  CHECK(ip("255.255.255.255").masked(0) == ip("0.0.0.0"));
  CHECK(ip("255.255.255.255").masked(13) == ip("255.248.0.0"));
  CHECK(ip("1.2.3.4").masked(32) == ip("1.2.3.4"));
  CHECK(ip("2001:db8:1:2:3:4:5:6").masked(64) == ip("2001:db8:1:2::"));
  CHECK(ip("ffff::").masked(3) == ip("e000::"));
  CHECK(ip("::1").masked(128) == ip("::1"));
  CHECK(ip("::1").masked(0) == ip("::"));
}

TEST_CASE("ip: a block holds its addresses and no others", "[base][ip]") {
  const struct {
    std::string_view block;
    std::vector<std::string_view> inside;
    std::vector<std::string_view> outside;
  } rows[] = {
      {"10.0.0.0/8", {"10.0.0.0", "10.255.255.255", "::ffff:10.1.1.1"}, {"11.0.0.0", "::10.0.0.0"}},
      {"10.1.2.3/8", {"10.9.9.9"}, {"9.255.255.255"}},
      {"192.0.2.128/25", {"192.0.2.128", "192.0.2.255"}, {"192.0.2.127", "192.0.3.128"}},
      {"192.0.2.1", {"192.0.2.1"}, {"192.0.2.0", "192.0.2.2"}},
      {"192.0.2.1/32", {"192.0.2.1"}, {"192.0.2.3"}},
      {"0.0.0.0/0", {"0.0.0.0", "255.255.255.255"}, {"::", "::1"}},
      {"::/0", {"::", "ffff::"}, {"1.2.3.4", "::ffff:1.2.3.4"}},
      {"2001:db8::/33", {"2001:db8:7fff::"}, {"2001:db8:8000::", "2001:db9::"}},
      {"::1", {"::1"}, {"::", "::2"}},
      {"::ffff:10.0.0.0/104", {"10.1.1.1"}, {"11.1.1.1"}},
  };
  for (const auto& row : rows) {
    INFO(std::string(row.block));
    const std::optional<Cidr> block = Cidr::parse(row.block);
    REQUIRE(block);
    for (const std::string_view text : row.inside) CHECK(block->contains(ip(text)));
    for (const std::string_view text : row.outside) CHECK_FALSE(block->contains(ip(text)));
    CHECK_FALSE(block->contains(IpAddress()));
  }
}

TEST_CASE("ip: bad blocks are refused", "[base][ip]") {
  for (const char* text :
       {"", "/", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/08", "10.0.0.0/-1", "10.0.0.0/8 ",
        "10.0.0.0/8/8", "10.0.0.0/a", "10/8", "::/129", "::/1000", "a/8", "::ffff:10.0.0.0/90"}) {
    INFO(text);
    CHECK_FALSE(Cidr::parse(text));
  }
}

TEST_CASE("ip: a block is printed as it is parsed", "[base][ip]") {
  for (const char* text : {"10.0.0.0/8", "0.0.0.0/0", "192.0.2.1", "192.0.2.0/31", "::/0",
                           "2001:db8::/32", "2001:db8::1"}) {
    INFO(text);
    const std::optional<Cidr> block = Cidr::parse(text);
    REQUIRE(block);
    CHECK(block->to_string() == text);
  }
  CHECK(Cidr::parse("10.1.2.3/8")->to_string() == "10.0.0.0/8");
  CHECK(Cidr::parse("::ffff:10.0.0.0/104")->to_string() == "10.0.0.0/8");
}

TEST_CASE("ip: a set holds what any of its blocks holds", "[base][ip]") {
  const std::vector<std::string> texts = {"10.0.0.0/8", "::1", "192.0.2.0/24"};
  const std::optional<CidrSet> set = CidrSet::parse(texts);
  REQUIRE(set);
  CHECK(set->size() == 3);
  CHECK(set->contains(ip("10.1.1.1")));
  CHECK(set->contains(ip("::1")));
  CHECK(set->contains(ip("192.0.2.255")));
  CHECK_FALSE(set->contains(ip("192.0.3.0")));
  CHECK_FALSE(set->contains(IpAddress()));
  CHECK(CidrSet().empty());
  CHECK_FALSE(CidrSet().contains(ip("::1")));
}

TEST_CASE("ip: the text that is no block is named by its index", "[base][ip]") {
  const std::vector<std::string> texts = {"10.0.0.0/8", "nonsense", "worse"};
  std::size_t bad = 99;
  CHECK_FALSE(CidrSet::parse(texts, &bad));
  CHECK(bad == 1);
  CHECK_FALSE(CidrSet::parse(texts));
}

}  // namespace sluice
