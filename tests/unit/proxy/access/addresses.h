// SPDX-License-Identifier: MIT
// Addresses, blocks and moments of the tests of access.
#pragma once

#include <catch2/catch.hpp>
#include <optional>
#include <string>

#include "proxy/access/jail_rules.h"
#include "proxy/access/wall_time.h"
#include "proxy/base/ip.h"
#include "tests/support/limiter_rig.h"

namespace sluice::access {

using support::ip;

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
