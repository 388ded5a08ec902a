// SPDX-License-Identifier: MIT
#include "balancer/lease.h"

#include <catch2/catch.hpp>
#include <utility>

namespace sluice::balancer {
namespace {

TEST_CASE("lease: counts while it lives, wherever it moves", "[balancer][lease]") {
  Backend backend("10.0.0.1:80");
  CHECK(backend.in_flight() == 0);
  {
    Lease first(backend);
    CHECK(&first.backend() == &backend);
    Lease second(backend);
    CHECK(backend.in_flight() == 2);
    Lease moved(std::move(first));
    CHECK(backend.in_flight() == 2);
    second = std::move(moved);  // gives up its own first
    CHECK(backend.in_flight() == 1);
    CHECK(second);
    second.release();
    CHECK_FALSE(second);
    CHECK(backend.in_flight() == 0);
    second.release();
  }
  CHECK(backend.in_flight() == 0);
}

TEST_CASE("lease: assigned to itself it stays", "[balancer][lease]") {
  Backend backend("10.0.0.1:80");
  Lease lease(backend);
  Lease& same = lease;
  lease = std::move(same);
  CHECK(lease);
  CHECK(backend.in_flight() == 1);
}

}  // namespace
}  // namespace sluice::balancer
