// SPDX-License-Identifier: MIT
#include "balancer/tried.h"

#include <catch2/catch.hpp>
#include <set>

namespace sluice::balancer {
namespace {

TEST_CASE("tried: holds what was marked and nothing else, below and above one word",
          "[balancer][tried]") {
  Tried tried;
  std::set<std::size_t> marked;
  for (const std::size_t member : {0U, 63U, 64U, 5U, 127U, 128U, 1000U, 65U, 999U}) {
    tried.mark(member);
    marked.insert(member);
    CHECK(tried.count() == marked.size());
    for (std::size_t i = 0; i < 1100; ++i) {
      if (tried.contains(i) != (marked.count(i) == 1)) FAIL(member << " " << i);
    }
  }
}

TEST_CASE("tried: marking twice counts once", "[balancer][tried]") {
  Tried tried;
  for (const std::size_t member : {3U, 3U, 70U, 70U}) tried.mark(member);
  CHECK(tried.count() == 2);
}

}  // namespace
}  // namespace sluice::balancer
