// SPDX-License-Identifier: MIT
#include "proxy/access/prefix.h"

#include <endian.h>

#include <algorithm>
#include <cstring>

namespace sluice::access {
namespace {

std::uint64_t load64(const std::uint8_t* bytes) {
  std::uint64_t word = 0;
  std::memcpy(&word, bytes, sizeof(word));
  return be64toh(word);
}

void store64(std::uint8_t* bytes, std::uint64_t word) {
  word = htobe64(word);
  std::memcpy(bytes, &word, sizeof(word));
}

// All but the first `bits`, of a word, cleared.
std::uint64_t keep(std::uint64_t word, unsigned bits) {
  return bits == 0 ? 0 : word & ~std::uint64_t{0} << (64 - bits);
}

// The finaliser of splitmix64.
std::uint64_t mix(std::uint64_t word) {
  word = (word ^ word >> 30) * 0xbf58476d1ce4e5b9ULL;
  word = (word ^ word >> 27) * 0x94d049bb133111ebULL;
  return word ^ word >> 31;
}

}  // namespace

Prefix Prefix::of(const IpAddress& address, unsigned bits) {
  Prefix prefix;
  prefix.high = keep(load64(address.bytes.data()), std::min(bits, 64U));
  prefix.low = bits <= 64 ? 0 : keep(load64(address.bytes.data() + 8), std::min(bits, 128U) - 64);
  prefix.bits = static_cast<std::uint8_t>(bits);
  return prefix;
}

Cidr Prefix::block() const {
  std::array<std::uint8_t, 16> bytes{};
  store64(bytes.data(), high);
  store64(bytes.data() + 8, low);
  return {IpAddress::from_v6(bytes), bits};
}

bool Prefix::holds(const Prefix& other) const {
  return other.bits >= bits && block().contains(other.block().base);
}

std::uint64_t Prefix::hash(std::uint64_t seed) const {
  return mix(mix(mix(seed ^ high) + low) + (seed | 1) * bits);
}

}  // namespace sluice::access
