// SPDX-License-Identifier: MIT
#include "cache/ghost.h"

#include <catch2/catch.hpp>
#include <random>
#include <vector>

namespace sluice::cache {
namespace {

constexpr std::size_t kAnyAge = 1U << 30;

}  // namespace

TEST_CASE("ghost: knows what was added, once", "[cache][ghost]") {
  Ghost ghost(1024);
  CHECK_FALSE(ghost.take(1, kAnyAge));
  ghost.add(1);
  CHECK_FALSE(ghost.take(2, kAnyAge));
  CHECK(ghost.take(1, kAnyAge));
  CHECK_FALSE(ghost.take(1, kAnyAge));
}

TEST_CASE("ghost: forgets what is older than the window", "[cache][ghost]") {
  Ghost ghost(1024);
  for (std::uint64_t hash = 0; hash < 10; ++hash) ghost.add(hash);
  CHECK_FALSE(ghost.take(0, 9));  // nine were added since
  CHECK(ghost.take(1, 9));
  CHECK(ghost.take(9, 1));
}

TEST_CASE("ghost: is bounded, and forgets the oldest first", "[cache][ghost]") {
  std::mt19937_64 random(1);
  Ghost ghost(1000);
  CHECK(ghost.bytes() == 1024 * 8);
  std::vector<std::uint64_t> hashes(100'000);
  for (std::uint64_t& hash : hashes) {
    hash = random();
    ghost.add(hash);
  }
  CHECK(ghost.bytes() == 1024 * 8);
  int known_late = 0;
  int known_early = 0;
  for (std::size_t i = 0; i < 256; ++i) {
    known_late += ghost.take(hashes[hashes.size() - 1 - i], kAnyAge) ? 1 : 0;
    known_early += ghost.take(hashes[i], kAnyAge) ? 1 : 0;
  }
  CHECK(known_late > 240);
  CHECK(known_early == 0);
}

}  // namespace sluice::cache
