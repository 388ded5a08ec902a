// SPDX-License-Identifier: MIT
// CacheRules: what a route's operator says of its cache; and what follows from it for a request: by
// which key its response is found, and whether the cache has anything to do with it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "cache/policy.h"
#include "proxy/exchange/exchange.h"

namespace sluice::handlers {

// Immutable, part of a Snapshot.
struct CacheRules {
  // Tells apart what different routes ask of different pools under the same URL: no response is
  // found but by routes that would ask for it in the same way.
  std::string zone;

  bool whole_query = true;         // every argument tells resources apart
  std::vector<std::string> query;  // otherwise these
  std::vector<std::string> headers;
  std::vector<std::string> cookies;
  std::vector<std::string> vary;
  std::vector<std::string> upgrades;  // that pass by the cache, as tunnels

  std::vector<std::string> bypass_headers;
  std::vector<std::string> bypass_cookies;
  bool answers_get = true;
  bool answers_head = true;

  std::vector<cache::StatusLifetime> lifetimes;
  std::int64_t stale_while_revalidate = 0;  // seconds
  std::int64_t stale_if_error = 0;          // seconds
  bool store_set_cookie = false;
  std::uint64_t object_bytes_max = 0;

  cache::Options policy() const {
    return {.lifetimes = lifetimes,
            .store_set_cookie = store_set_cookie,
            .stale_while_revalidate = stale_while_revalidate,
            .stale_if_error = stale_if_error};
  }
};

cache::Method method_for_cache(http::Method method);

// The text of the key, in the exchange's arena: "https://host/path?query", where the host is in
// lower case, without a final dot or a default port; then, after a line feed, the zone and what the
// rules add. From a trusted proxy, what it says of host and scheme is a part of it, as the backend
// is told so (everybody else's word is overwritten).
std::string_view cache_key_text(exchange::Exchange& exchange, const CacheRules& rules);

// The URL in the keys of all that is stored for a URI in a response of this exchange (Location,
// Content-Location); empty where it names another origin than the request did.
std::string_view cache_url_of(exchange::Exchange& exchange, const CacheRules& rules,
                              std::string_view uri_reference);

// Nothing that is stored can be an answer, whatever the method: a body, an upgrade of the route, a
// condition that only the origin can judge (If-Match, If-Unmodified-Since), or what the rules
// except.
bool is_beside_cache(const exchange::Exchange& exchange, const CacheRules& rules);
// Neither looked up nor stored: that, or another method than the rules name.
bool bypasses_cache(const exchange::Exchange& exchange, const CacheRules& rules);

}  // namespace sluice::handlers
