// SPDX-License-Identifier: MIT
#include "proxy/server/snapshot.h"

#include <catch2/catch.hpp>
#include <memory>
#include <string>

#include "tests/support/temp_dir.h"

namespace sluice::server {

TEST_CASE("snapshot: a trusted proxy that is no CIDR block is an error, not nobody", "[snapshot]") {
  conf::Config config;
  config.trusted_proxies = {"10.0.0.0/8", "0.0.0.0/004"};
  balancer::BackendRegistry backends;
  auto keys = tls::TicketKeys::create(tls::TicketKeys::Clock::now());
  REQUIRE(keys);
  cache::Store store({});
  observe::RouteRegistry routes(1);
  const auto compiled = compile({config, {}, 0, {}, backends, **keys, store, routes, {}, {}});
  REQUIRE_FALSE(compiled);
  CHECK(compiled.error().text() == "trusted_proxies[1]: is no CIDR block");
}

TEST_CASE("snapshot: the admin token is its file's first line, and there must be one",
          "[snapshot]") {
  const support::TempDir directory;
  conf::Config config;
  config.admin = conf::Admin{"unix:/nowhere", {}, directory.file("token")};
  balancer::BackendRegistry backends;
  auto keys = tls::TicketKeys::create(tls::TicketKeys::Clock::now());
  REQUIRE(keys);
  cache::Store store({});
  observe::RouteRegistry routes(1);
  const auto error = [&] {
    const auto compiled = compile({config, {}, 1, {}, backends, **keys, store, routes, 0, {}});
    return compiled ? std::string() : compiled.error().what;
  };
  CHECK(error() == "cannot read the admin token");
  for (const char* unusable : {"", "\n", "a b\n", "\tx\n", " \r\n"}) {
    directory.write("token", unusable);
    CAPTURE(unusable);
    CHECK_FALSE(error().empty());
  }
  for (const char* usable : {"s3cret", "s3cret\n", "s3cret \r\nmore\n"}) {
    directory.write("token", usable);
    CHECK(error().empty());
  }
}

}  // namespace sluice::server
