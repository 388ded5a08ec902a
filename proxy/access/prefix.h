// SPDX-License-Identifier: MIT
// Prefix: a Cidr as two words, which is masked, compared and hashed in a few instructions; the key
// of the jail's tables. IPv4 is v4-mapped as in IpAddress, so no prefix of 96 bits or more stands
// for blocks of both families, and shorter ones are IPv6's alone.
#pragma once

#include <compare>
#include <cstdint>

#include "proxy/base/ip.h"

namespace sluice::access {

struct Prefix {
  // The block of `bits` (counted over the 16 bytes, as in Cidr) that holds the address.
  static Prefix of(const IpAddress& address, unsigned bits);
  static Prefix of(const Cidr& block) { return of(block.base, block.bits); }

  Cidr block() const;

  // Every address of `other` is one of these, too; of the same family, that is.
  bool holds(const Prefix& other) const;

  // Not to be foreseen by who does not know the seed.
  std::uint64_t hash(std::uint64_t seed) const;

  // NOLINTNEXTLINE(modernize-use-nullptr): clang-tidy 14 takes the comparison with 0 for one
  friend auto operator<=>(const Prefix&, const Prefix&) = default;

  std::uint64_t high = 0;
  std::uint64_t low = 0;
  std::uint8_t bits = 0;
};

}  // namespace sluice::access
