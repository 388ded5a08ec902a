// SPDX-License-Identifier: MIT
#include "proxy/server/snapshot.h"

#include <catch2/catch.hpp>
#include <memory>
#include <string>

#include "tests/support/temp_dir.h"

namespace sluice::server {
namespace {

// What a Snapshot refers to.
struct Surroundings {
  Result<std::shared_ptr<const Snapshot>> compile(const conf::Config& config,
                                                  std::size_t listener_count,
                                                  std::optional<std::uint32_t> admin) {
    return server::compile(
        {config, {}, listener_count, {}, backends, *keys, store, *guard, routes, admin, {}});
  }

  balancer::BackendRegistry backends;
  std::unique_ptr<tls::TicketKeys> keys =
      std::move(*tls::TicketKeys::create(tls::TicketKeys::Clock::now()));
  cache::Store store{{}};
  std::unique_ptr<access::Guard> guard =
      std::move(*access::Guard::create(1024, {.table = 16, .counters = 16, .hash_seed = {}}));
  observe::RouteRegistry routes{1};
};

TEST_CASE("snapshot: a trusted proxy that is no CIDR block is an error, not nobody", "[snapshot]") {
  conf::Config config;
  config.trusted_proxies = {"10.0.0.0/8", "0.0.0.0/004"};
  Surroundings around;
  const auto compiled = around.compile(config, 0, {});
  REQUIRE_FALSE(compiled);
  CHECK(compiled.error().text() == "trusted_proxies[1]: is no CIDR block");
}

TEST_CASE("snapshot: the admin token is its file's first line, and there must be one",
          "[snapshot]") {
  const support::TempDir directory;
  conf::Config config;
  config.admin = conf::Admin{"unix:/nowhere", {}, directory.file("token")};
  Surroundings around;
  const auto error = [&] {
    const auto compiled = around.compile(config, 1, 0);
    return compiled ? std::string() : compiled.error().what;
  };
  CHECK(error().starts_with("cannot read a token from \""));
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

TEST_CASE("snapshot: a block that is allowed and denied is an error that names both",
          "[snapshot]") {
  const support::TempDir directory;
  directory.write("deny", "# these\n192.0.2.0/24\n");
  conf::Config config;
  config.access.allow = {"10.0.0.0/8", "192.0.2.0/24"};
  config.access.deny = {"file:" + directory.file("deny")};
  Surroundings around;
  const auto compiled = around.compile(config, 0, {});
  REQUIRE_FALSE(compiled);
  const std::string text = compiled.error().text();
  CAPTURE(text);
  CHECK(text.find("access.allow[1]") != std::string::npos);
  CHECK(text.find(directory.file("deny") + ":2") != std::string::npos);
}

TEST_CASE("snapshot: garbage in a list's file is an error with file and line", "[snapshot]") {
  const support::TempDir directory;
  directory.write("deny", "192.0.2.0/24\nnonsense\n");
  conf::Config config;
  config.access.deny = {"file:" + directory.file("deny")};
  Surroundings around;
  const auto compiled = around.compile(config, 0, {});
  REQUIRE_FALSE(compiled);
  CHECK(compiled.error().text().find(directory.file("deny") + ":2") != std::string::npos);
}

}  // namespace
}  // namespace sluice::server
