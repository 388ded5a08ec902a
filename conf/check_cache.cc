// SPDX-License-Identifier: MIT
#include "conf/check_cache.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "conf/cache_lists.h"
#include "conf/syntax.h"
#include "conf/units.h"

namespace sluice::conf {

namespace {

bool is_status(const std::string& text) {
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  return text.size() == 3 && text >= "200" && text <= "599" &&
         std::all_of(text.begin(), text.end(), is_digit);
}

void check_names(const std::vector<std::string>& names, const Path& path, Reporter& reporter) {
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (auto fault = field_name_fault(names[i])) reporter.at(path.at(i), std::move(*fault));
  }
}

// A key is made of what the client says, and by what is said of him no response is kept.
void check_told_anew(const std::vector<std::string>& names, const Path& path, Reporter& reporter) {
  for (std::size_t i = 0; i < names.size(); ++i) {
    const std::string name = folded_name(names[i]);
    if (std::find(kToldAnew.begin(), kToldAnew.end(), name) == kToldAnew.end()) continue;
    reporter.at(path.at(i),
                {fmt::format("{} is written anew for each request", in_quotes(names[i])), {}});
  }
}

// Lifetimes are counted in seconds (RFC 9111 1.2.2), so that less would be none.
void check_seconds(Duration duration, const Path& path, Reporter& reporter) {
  if (duration % std::chrono::seconds(1) == Duration::zero()) return;
  reporter.at(path, {fmt::format("{} is no number of whole seconds", print(duration)), {}});
}

bool is_never_stored(std::string_view status) {
  return std::any_of(kNeverStored.begin(), kNeverStored.end(),
                     [status](int never) { return std::to_string(never) == status; });
}

// That of a response may be longer, but nothing lies in memory for a year.
constexpr Duration kTtlMax = std::chrono::hours(24) * 365;

void check_ttl(const RouteCache& cache, const Path& path, Reporter& reporter) {
  for (const auto& [status, ttl] : cache.ttl) {
    if (status != "any" && !is_status(status)) {
      reporter.at_key(path.at(status), {fmt::format("{} is no status", in_quotes(status)),
                                        "a number from 200 to 599, or \"any\""});
    } else if (is_never_stored(status)) {
      reporter.at_key(path.at(status), {fmt::format("{} is never stored", status), {}});
    }
    const Result<Duration> duration = parse_duration(ttl);
    if (!duration) {
      reporter.at(path.at(status), {duration.error().what, {}});
    } else if (*duration > kTtlMax) {
      reporter.at(path.at(status), {fmt::format("{} is more than {}", ttl, print(kTtlMax)), {}});
    } else {
      check_seconds(*duration, path.at(status), reporter);
    }
  }
}

// A cookie may have any name.
void check_cookies(const std::vector<std::string>& names, const Path& path, Reporter& reporter) {
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (is_token(names[i])) continue;
    reporter.at(path.at(i), {fmt::format("{} is no name of a cookie", in_quotes(names[i])), {}});
  }
}

void check_vary_size(const RouteCache& cache, const Path& path, Reporter& reporter) {
  const char* const hint = "what a response's own Vary names needs room, too";
  std::size_t bytes = 0;
  for (const std::string& name : cache.vary) bytes += name.size();
  if (cache.vary.size() > kVaryNamesMax) {
    reporter.at(
        path, {fmt::format("has {} names, more than {}", cache.vary.size(), kVaryNamesMax), hint});
  } else if (bytes > kVaryBytesMax) {
    reporter.at(path,
                {fmt::format("its names have {} bytes, more than {}", bytes, kVaryBytesMax), hint});
  }
}

void check_vary(const RouteCache& cache, const Path& path, Reporter& reporter) {
  check_names(cache.vary, path, reporter);
  check_told_anew(cache.vary, path, reporter);
  check_vary_size(cache, path, reporter);
  for (std::size_t i = 0; i < cache.vary.size(); ++i) {
    if (cache.vary[i] != "*") continue;
    reporter.at(path.at(i), {"by \"*\" no response would be kept", "names of request fields"});
  }
}

void check_methods(const RouteCache& cache, const Path& path, Reporter& reporter) {
  if (cache.methods.empty()) {
    reporter.at(path, {"without a method nothing is answered from the cache", {}});
  }
  for (std::size_t i = 0; i < cache.methods.size(); ++i) {
    if (cache.methods[i] == "GET" || cache.methods[i] == "HEAD") continue;
    reporter.at(path.at(i),
                {fmt::format("{} is never answered from a cache", in_quotes(cache.methods[i])),
                 "allowed are \"GET\" and \"HEAD\""});
  }
}

void check_query(const std::vector<std::string>& names, const Path& path, Reporter& reporter) {
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (names[i] == "*" && names.size() > 1) {
      reporter.at(path.at(i), {"\"*\" is every argument, and stands alone", {}});
    } else if (names[i].empty() || names[i].find_first_of("&=#") != std::string::npos) {
      reporter.at(path.at(i), {fmt::format("{} is no name of an argument", in_quotes(names[i])),
                               "as it stands in the query, without \"=\""});
    }
  }
}

}  // namespace

void check_store(const Cache& cache, Reporter& reporter) {
  if (cache.max_object <= cache.size) return;
  reporter.at(Path().at("cache").at("max_object"), {"is more than the whole cache holds", {}});
}

void check_cache(const Config& config, const Route& route, const Path& route_path,
                 Reporter& reporter) {
  const RouteCache& cache = *route.cache;
  const Path path = route_path.at("cache");
  if (!route.forward && !reporter.doubtful(route_path.at("forward"))) {
    reporter.at_least(path, {"only what is forwarded can have this", {}});
  }
  check_ttl(cache, path.at("ttl"), reporter);
  const Path stale = path.at("stale");
  check_seconds(cache.stale.while_revalidate, stale.at("while_revalidate"), reporter);
  check_seconds(cache.stale.if_error, stale.at("if_error"), reporter);
  check_query(cache.key.query, path.at("key").at("query"), reporter);
  check_names(cache.key.headers, path.at("key").at("headers"), reporter);
  check_told_anew(cache.key.headers, path.at("key").at("headers"), reporter);
  check_cookies(cache.key.cookies, path.at("key").at("cookies"), reporter);
  check_vary(cache, path.at("vary"), reporter);
  check_names(cache.bypass.headers, path.at("bypass").at("headers"), reporter);
  check_cookies(cache.bypass.cookies, path.at("bypass").at("cookies"), reporter);
  check_methods(cache, path.at("methods"), reporter);
  if (cache.max_object > config.cache.size) {
    reporter.at(path.at("max_object"), {"is more than the whole cache holds", {}});
  }
}

}  // namespace sluice::conf
