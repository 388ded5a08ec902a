// SPDX-License-Identifier: MIT
// What the admin listener says and does about the cache. Control thread only: a purge may walk the
// whole store, in steps that hold up no worker.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "cache/store.h"
#include "proxy/handlers/admin.h"
#include "proxy/handlers/cache_rules.h"

namespace sluice::server {

// Of all routes.
using AllCacheRules = std::vector<std::shared_ptr<const handlers::CacheRules>>;

// The counters, as a JSON object.
handlers::AdminAnswer cache_stats(const cache::Store& store);

// By one of these in the query, percent-encoded: "url", "prefix" (both with or without scheme),
// "host" (without a port), "tag", or "all"; with "soft" what is found is kept, to be validated.
// Answers how many responses were purged, as a JSON object; 400 and a sentence for what is no such
// query. A URL is also purged as each of the rules has it in its keys.
handlers::AdminAnswer purge_cache(cache::Store& store, const AllCacheRules& rules,
                                  const handlers::AdminRequest& request);

// The texts with which the keys of these URLs begin, in the form that keys have: both schemes where
// none is given, the host in lower case and without a dot behind it, no default port, and, of a
// whole URL or up to where a prefix ends, the path normalised. None for what is no URL.
std::vector<std::string> cache_urls(std::string_view url, bool whole);

}  // namespace sluice::server
