// SPDX-License-Identifier: MIT
#include "proxy/server/snapshot.h"

#include <catch2/catch.hpp>
#include <memory>

namespace sluice::server {

TEST_CASE("snapshot: a trusted proxy that is no CIDR block is an error, not nobody", "[snapshot]") {
  conf::Config config;
  config.trusted_proxies = {"10.0.0.0/8", "0.0.0.0/004"};
  balancer::BackendRegistry backends;
  auto keys = tls::TicketKeys::create(tls::TicketKeys::Clock::now());
  REQUIRE(keys);
  cache::Store store({});
  const auto compiled = compile({config, {}, 0, {}, backends, **keys, store});
  REQUIRE_FALSE(compiled);
  CHECK(compiled.error().text() == "trusted_proxies[1]: is no CIDR block");
}

}  // namespace sluice::server
