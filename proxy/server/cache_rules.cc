// SPDX-License-Identifier: MIT
#include "proxy/server/cache_rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <set>
#include <string>
#include <vector>

#include "conf/units.h"

namespace sluice::server {

namespace {

const std::vector<std::string> kWholeQuery = {"*"};

std::int64_t seconds_of(conf::Duration duration) {
  return std::chrono::duration_cast<std::chrono::seconds>(duration).count();
}

// Each once: a name that stood twice would stand twice in every key.
std::vector<std::string> without_repetitions(const std::vector<std::string>& names) {
  const std::set<std::string> unique(names.begin(), names.end());
  return {unique.begin(), unique.end()};
}

// What is asked of whom, and what tells responses apart: two routes that would send different
// requests, or that go by different fields of them, share no response, and one that keeps cookies
// shares none with one that does not.
std::string zone_of(const conf::Route& route) {
  std::string zone = fmt::format("{}\t{}\t{}", route.forward->pool, route.strip_prefix,
                                 route.replace_prefix.value_or("-"));
  const conf::RequestHeaderEdits& edits = route.headers.request;
  for (const auto& [name, value] : edits.add) zone += fmt::format("\t+{}:{}", name, value);
  for (const auto& [name, value] : edits.set) zone += fmt::format("\t={}:{}", name, value);
  for (const std::string& name : edits.remove) zone += fmt::format("\t-{}", name);
  for (const std::string& name : edits.allow) zone += fmt::format("\t{}", name);
  const conf::RouteCache& cache = *route.cache;
  const auto add = [&zone](char kind, const std::vector<std::string>& names) {
    for (const std::string& name : without_repetitions(names)) {
      zone += fmt::format("\t{}:{}", kind, name);
    }
  };
  if (cache.key.query != kWholeQuery) {
    zone += "\tq";
    add('q', cache.key.query);
  }
  add('h', cache.key.headers);
  add('c', cache.key.cookies);
  add('v', cache.vary);
  if (cache.set_cookie) zone += "\ts";
  return zone;
}

std::vector<cache::StatusLifetime> lifetimes_of(const conf::RouteCache& cache) {
  std::vector<cache::StatusLifetime> lifetimes;
  for (const auto& [status, ttl] : cache.ttl) {
    const int number = status == "any" ? 0 : std::stoi(status);
    lifetimes.push_back({number, seconds_of(*conf::parse_duration(ttl))});
  }
  return lifetimes;
}

bool has(const std::vector<std::string>& names, const char* name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

std::uint64_t object_bytes_max(const conf::Cache& cache) {
  constexpr std::uint64_t kObjectsAtLeast = 16;
  return cache.max_object != 0 ? cache.max_object : cache.size / kObjectsAtLeast;
}

cache::StoreOptions store_options_of(const conf::Cache& cache) {
  cache::StoreOptions options;
  options.capacity = cache.size;
  options.entry_max = SIZE_MAX;  // each route has a limit of its own
  return options;
}

handlers::CacheRules cache_rules_of(const conf::Route& route, const conf::Cache& cache) {
  const conf::RouteCache& from = *route.cache;
  handlers::CacheRules rules;
  rules.zone = zone_of(route);
  rules.whole_query = from.key.query == kWholeQuery;
  rules.query = without_repetitions(from.key.query);
  rules.headers = without_repetitions(from.key.headers);
  rules.cookies = without_repetitions(from.key.cookies);
  rules.vary = from.vary;
  rules.upgrades = route.upgrade;
  rules.bypass_headers = from.bypass.headers;
  rules.bypass_cookies = from.bypass.cookies;
  rules.answers_get = has(from.methods, "GET");
  rules.answers_head = has(from.methods, "HEAD");
  rules.lifetimes = lifetimes_of(from);
  rules.stale_while_revalidate = seconds_of(from.stale.while_revalidate);
  rules.stale_if_error = seconds_of(from.stale.if_error);
  rules.store_set_cookie = from.set_cookie;
  rules.object_bytes_max = from.max_object != 0 ? from.max_object : object_bytes_max(cache);
  return rules;
}

}  // namespace sluice::server
