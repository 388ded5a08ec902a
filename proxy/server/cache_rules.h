// SPDX-License-Identifier: MIT
// What the configuration says of the cache, in the terms of the handlers and of the store.
#pragma once

#include <cstdint>

#include "cache/store.h"
#include "conf/config.h"
#include "proxy/handlers/cache_rules.h"

namespace sluice::server {

// REQUIRES: the route has a cache, and conf/check_cache.cc has found nothing wrong with it.
handlers::CacheRules cache_rules_of(const conf::Route& route, const conf::Cache& cache);

// Bytes of the largest body that is kept.
std::uint64_t object_bytes_max(const conf::Cache& cache);

cache::StoreOptions store_options_of(const conf::Cache& cache);

}  // namespace sluice::server
