// SPDX-License-Identifier: MIT
#include "proxy/server/cache_rules.h"

#include <catch2/catch.hpp>

#include <cstdint>

namespace sluice::server {

TEST_CASE("cache: bodies in files leave most descriptors to connections", "[server][cache]") {
  const conf::Cache cache;
  CHECK(store_options_of(cache, 0).body_files_max == 0);
  CHECK(store_options_of(cache, 256).body_files_max == 32);
  CHECK(store_options_of(cache, 1024).body_files_max == 128);
  CHECK(store_options_of(cache, 1'048'576).body_files_max == 1024);
  CHECK(store_options_of(cache, UINT64_MAX).body_files_max == 1024);
}

}  // namespace sluice::server
