// SPDX-License-Identifier: MIT
// Addresses, blocks and moments of the tests of access.
#pragma once

#include <catch2/catch.hpp>
#include <optional>
#include <string>

#include "proxy/access/jail_rules.h"
#include "proxy/access/wall_time.h"
#include "proxy/base/ip.h"

namespace sluice::access {

inline IpAddress ip(const std::string& text) {
  const std::optional<IpAddress> address = IpAddress::parse(text);
  INFO(text);
  REQUIRE(address);
  return *address;
}

inline Cidr cidr(const std::string& text) {
  const std::optional<Cidr> block = Cidr::parse(text);
  INFO(text);
  REQUIRE(block);
  return *block;
}

// Noon of a day, on the hour, so that windows begin there, too.
inline WallTime noon() {
  return parse_time("2026-06-01T12:00:00Z").value();
}

}  // namespace sluice::access
