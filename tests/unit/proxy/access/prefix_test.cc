// SPDX-License-Identifier: MIT
#include "proxy/access/prefix.h"

#include <catch2/catch.hpp>
#include <set>
#include <string>

#include "tests/unit/proxy/access/addresses.h"

namespace sluice::access {
namespace {

Prefix prefix(const std::string& text) {
  return Prefix::of(cidr(text));
}

TEST_CASE("prefix: it is its block, and masks as that does", "[access][prefix]") {
  for (const char* text :
       {"0.0.0.0/0", "10.0.0.0/8", "192.0.2.128/25", "192.0.2.1", "::/0", "2001:db8::/32",
        "2001:db8:0:1::/64", "2001:db8::8000:0:0:0/65", "::1"}) {
    INFO(text);
    CHECK(prefix(text).block() == cidr(text));
    CHECK(Prefix::of(prefix(text).block()) == prefix(text));
  }
  for (unsigned bits = 0; bits <= 128; ++bits) {
    INFO(bits);
    const IpAddress address = ip("2001:dbf:ffff:ffff:ffff:ffff:ffff:ffff");
    CHECK(Prefix::of(address, bits).block().base == address.masked(bits));
  }
}

TEST_CASE("prefix: it holds what lies within it, of its own family", "[access][prefix]") {
  CHECK(prefix("10.0.0.0/8").holds(prefix("10.0.0.0/8")));
  CHECK(prefix("10.0.0.0/8").holds(prefix("10.1.0.0/16")));
  CHECK(prefix("0.0.0.0/0").holds(prefix("10.1.2.3")));
  CHECK_FALSE(prefix("10.1.0.0/16").holds(prefix("10.0.0.0/8")));
  CHECK_FALSE(prefix("10.0.0.0/8").holds(prefix("11.0.0.0/16")));
  CHECK_FALSE(prefix("::/0").holds(prefix("10.1.2.3")));
  CHECK(prefix("2001:db8::/32").holds(prefix("2001:db8:1::/64")));
}

TEST_CASE("prefix: the hash knows every part, and the seed", "[access][prefix]") {
  const std::set<std::uint64_t> hashes = {
      prefix("10.0.0.0/8").hash(1),    prefix("10.0.0.0/9").hash(1), prefix("11.0.0.0/8").hash(1),
      prefix("2001:db8::/32").hash(1), prefix("::/32").hash(1),      prefix("10.0.0.0/8").hash(2)};
  CHECK(hashes.size() == 6);
}

}  // namespace
}  // namespace sluice::access
