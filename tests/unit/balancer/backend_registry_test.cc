// SPDX-License-Identifier: MIT
#include "balancer/backend_registry.h"

#include <catch2/catch.hpp>

namespace sluice::balancer {
namespace {

TEST_CASE("registry: pool and address together name a backend", "[balancer][registry]") {
  BackendRegistry registry;
  const auto backend = registry.backend("shop", "10.0.0.1:80");
  CHECK(backend->address() == "10.0.0.1:80");
  CHECK(registry.backend("shop", "10.0.0.1:80") == backend);
  CHECK(registry.backend("shop", "10.0.0.2:80") != backend);
  CHECK(registry.backend("blog", "10.0.0.1:80") != backend);
  CHECK(registry.size() == 3);
}

TEST_CASE("registry: a sweep forgets only what nobody else holds", "[balancer][registry]") {
  BackendRegistry registry;
  auto kept = registry.backend("shop", "10.0.0.1:80");
  registry.backend("shop", "10.0.0.2:80");
  registry.backend("blog", "10.0.0.1:80");
  const Backend* identity = kept.get();
  CHECK(registry.sweep() == 2);
  CHECK(registry.size() == 1);
  CHECK(registry.backend("shop", "10.0.0.1:80").get() == identity);
  kept.reset();
  CHECK(registry.sweep() == 1);
  CHECK(registry.size() == 0);
}

TEST_CASE("registry: until it is swept, a backend is remembered with nobody holding it",
          "[balancer][registry]") {
  BackendRegistry registry;
  const HealthPolicy policy;
  const TimePoint now(std::chrono::seconds(100));
  registry.backend("shop", "10.0.0.1:80")->health().on_failure(policy, now);
  CHECK_FALSE(registry.backend("shop", "10.0.0.1:80")->health().eligible(policy, now));
  registry.sweep();
  CHECK(registry.backend("shop", "10.0.0.1:80")->health().eligible(policy, now));
}

TEST_CASE("registry: a pool keeps its ticket while a backend or a holder of the ticket is left",
          "[balancer][registry]") {
  BackendRegistry registry;
  CHECK(registry.ticket("shop")->draw() == 0);
  CHECK(registry.ticket("shop")->draw() == 1);
  CHECK(registry.ticket("blog")->draw() == 0);
  auto held = registry.ticket("shop");
  const auto backend = registry.backend("blog", "10.0.0.1:80");
  registry.sweep();
  CHECK(registry.ticket("shop")->draw() == 2);
  CHECK(registry.ticket("blog")->draw() == 1);
  held.reset();
  registry.sweep();
  CHECK(registry.ticket("shop")->draw() == 0);
}

}  // namespace
}  // namespace sluice::balancer
