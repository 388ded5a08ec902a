// SPDX-License-Identifier: MIT
// The Cache-Status field (RFC 9211): what the cache had to do with a response.
#pragma once

#include <optional>
#include <string_view>

#include "cache/policy.h"
#include "proxy/exchange/exchange.h"

namespace sluice::handlers {

struct CacheStatus {
  explicit CacheStatus(exchange::CacheUse of) : use(of) {}

  exchange::CacheUse use;
  std::optional<cache::Time> ttl;  // of what was stored; negative: stale for so long
  bool stored = false;
};

inline constexpr std::string_view kCacheStatus = "Cache-Status";

// The value, in the exchange's arena. It goes behind those of caches further away.
std::string_view cache_status_of(const CacheStatus& status, exchange::Exchange& exchange);

}  // namespace sluice::handlers
