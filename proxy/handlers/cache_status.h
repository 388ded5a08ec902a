// SPDX-License-Identifier: MIT
// The Cache-Status field (RFC 9211): what the cache had to do with a response.
#pragma once

#include <optional>
#include <string_view>

#include "cache/policy.h"
#include "proxy/exchange/exchange.h"

namespace sluice::handlers {

// As RFC 9211 2 has its parameters.
struct CacheStatus {
  std::string_view forwarded = {};  // why: "miss"; empty: it was not, a hit
  int forward_status = 0;           // what the pool answered; 0: what the client gets
  bool collapsed = false;
  bool stored = false;
  std::optional<cache::Time> ttl = {};  // of what was stored; negative: stale for so long
};

// The value, in the exchange's arena. It goes behind those of caches further away.
std::string_view cache_status_of(const CacheStatus& status, exchange::Exchange& exchange);

}  // namespace sluice::handlers
