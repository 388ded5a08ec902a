// SPDX-License-Identifier: MIT
#include "proxy/server/cache_admin.h"

#include <catch2/catch.hpp>

#include <string>
#include <vector>

namespace sluice::server {
namespace {

using Urls = std::vector<std::string>;

AllCacheRules rules_that_keep(std::vector<std::string> query) {
  handlers::CacheRules rules;
  rules.whole_query = false;
  rules.query = std::move(query);
  return {std::make_shared<const handlers::CacheRules>(std::move(rules))};
}

TEST_CASE("cache admin: a URL is written as keys have it", "[server][cache]") {
  CHECK(cache_urls("https://A.Example:443/x/../y?Q=1#f", true) == Urls{"https://a.example/y?Q=1"});
  CHECK(cache_urls("HTTP://a.example:80", true) == Urls{"http://a.example/"});
  CHECK(cache_urls("http://a.example:8080/%7Ea", true) == Urls{"http://a.example:8080/~a"});
  CHECK(cache_urls("a.example?x", true) == Urls{"http://a.example/?x", "https://a.example/?x"});
  CHECK(cache_urls("http://A.example.:80/", true) == Urls{"http://a.example/"});
  CHECK(cache_urls("http://a.example.:8080/", true) == Urls{"http://a.example:8080/"});
  CHECK(cache_urls("https://[2001:DB8::1]:443/", true) == Urls{"https://[2001:db8::1]/"});
  CHECK(cache_urls("http://a.", false) == Urls{"http://a."});
  CHECK(cache_urls("http://A.example:80", false) ==
        Urls{"http://a.example:80", "http://a.example/"});
  CHECK(cache_urls("http://a.example:8", false) == Urls{"http://a.example:8"});
  CHECK(cache_urls("a.example/im", false) == Urls{"http://a.example/im", "https://a.example/im"});
  for (const char* wrong : {"", "/a", "ftp://a.example/", "http:///a", "http://a/%zz"}) {
    CAPTURE(wrong);
    CHECK(cache_urls(wrong, true).empty());
  }
}

TEST_CASE("cache admin: a purge is by exactly one thing", "[server][cache]") {
  cache::Store store({});
  const auto status = [&store](const char* query) {
    return purge_cache(store, {}, {query, {}}).status;
  };
  for (const char* right : {"all", "url=http%3A%2F%2Fa.example%2F", "host=a.example&soft",
                            "soft&tag=x", "prefix=a.example"}) {
    CAPTURE(right);
    CHECK(status(right) == 200);
  }
  for (const char* wrong : {"", "soft", "url=", "tag", "urls=x", "tag=x&host=y", "url=/a"}) {
    CAPTURE(wrong);
    CHECK(status(wrong) == 400);
  }
}

TEST_CASE("cache admin: what is purged is counted", "[server][cache]") {
  cache::Store store({});
  cache::EntryParts parts;
  parts.terms.lifetime = 100;
  for (const char* text : {"http://a.example/1\np", "https://a.example/1\np",
                           "http://a.example/2\np", "http://b.example/1\np"}) {
    parts.key = store.key(text);
    REQUIRE(store.insert(cache::Entry::create(parts)));
  }
  CHECK(purge_cache(store, {}, {"url=A.example/1", {}}).body ==
        "{\"purged\": 2, \"fetches_outdated\": 0}\n");
  CHECK(purge_cache(store, {}, {"host=a.Example.", {}}).body ==
        "{\"purged\": 1, \"fetches_outdated\": 0}\n");
  CHECK(cache_stats(store).body.find("\"entries\": 1,") != std::string::npos);
  CHECK(purge_cache(store, {}, {"all", {}}).body == "{\"purged\": 1, \"fetches_outdated\": 0}\n");
}

TEST_CASE("cache admin: a URL is purged with what the rules keep of its query", "[server][cache]") {
  cache::Store store({});
  cache::EntryParts parts;
  for (const char* text : {"http://a.example/?id=1\np", "http://a.example/?id=1&utm=2\np",
                           "http://a.example/\np", "http://a.example/?id=2\np"}) {
    parts.key = store.key(text);
    REQUIRE(store.insert(cache::Entry::create(parts)));
  }
  const handlers::AdminRequest request{"url=http://a.example/%3Fid=1%26utm=2", {}};
  CHECK(purge_cache(store, rules_that_keep({"id"}), request).body ==
        "{\"purged\": 2, \"fetches_outdated\": 0}\n");
  CHECK(purge_cache(store, rules_that_keep({}), request).body ==
        "{\"purged\": 1, \"fetches_outdated\": 0}\n");
}

}  // namespace
}  // namespace sluice::server
