// SPDX-License-Identifier: MIT
#include "proxy/access/sip_hash.h"

#include <catch2/catch.hpp>

namespace sluice::access {

// Computed by CPython 3.11, whose hash of bytes this is: PYTHONHASHSEED=0, and bytes(range(25)) or
// bytes(range(24)) + b'\x40'.
TEST_CASE("sip_hash: the hashes of another implementation", "[access]") {
  const std::array<std::uint64_t, 3> words{0x0706050403020100, 0x0f0e0d0c0b0a0908,
                                           0x1716151413121110};
  CHECK(sip_hash({0, 0}, words, 24) == 0xebf352e82ae23e2f);
  CHECK(sip_hash({0, 0}, words, 0x40) == 0x4f67b49461e32293);
}

TEST_CASE("sip_hash: every part of the message and of the secret counts", "[access]") {
  const std::uint64_t hash = sip_hash({1, 2}, {3, 4, 5}, 6);
  CHECK(sip_hash({0, 2}, {3, 4, 5}, 6) != hash);
  CHECK(sip_hash({1, 0}, {3, 4, 5}, 6) != hash);
  CHECK(sip_hash({1, 2}, {0, 4, 5}, 6) != hash);
  CHECK(sip_hash({1, 2}, {3, 0, 5}, 6) != hash);
  CHECK(sip_hash({1, 2}, {3, 4, 0}, 6) != hash);
  CHECK(sip_hash({1, 2}, {3, 4, 5}, 0) != hash);
}

}  // namespace sluice::access
