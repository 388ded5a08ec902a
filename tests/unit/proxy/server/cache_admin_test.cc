// SPDX-License-Identifier: MIT
#include "proxy/server/cache_admin.h"

#include <catch2/catch.hpp>

#include <string>
#include <utility>
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
  CHECK(cache_urls("http://a.example/\xc3\xbc?\xc3\xbc", true) ==
        Urls{"http://a.example/%C3%BC?%C3%BC"});
  CHECK(cache_urls("a.example?x", true) == Urls{"http://a.example/?x", "https://a.example/?x"});
  CHECK(cache_urls("http://A.example.:80/", true) == Urls{"http://a.example/"});
  CHECK(cache_urls("http://a.example:0080/", true) == Urls{"http://a.example/"});
  CHECK(cache_urls("http://a.example:0443/", true) == Urls{"http://a.example:443/"});
  CHECK(cache_urls("https://a.example:0443/", true) == Urls{"https://a.example/"});
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

TEST_CASE("cache admin: a prefix is written as keys have it, as far as it goes",
          "[server][cache]") {
  const auto path_of = [](const std::string& path) {
    const Urls urls = cache_urls("http://a.example" + path, false);
    return urls.empty() ? "" : urls.front().substr(std::string("http://a.example").size());
  };
  for (const auto& [given, text] : std::vector<std::pair<std::string, std::string>>{
           {"/a%2fb", "/a%2Fb"},
           {"/%7Eu", "/~u"},
           {"/\xc3\xbc", "/%C3%BC"},
           {"/a b", "/a%20b"},
           {"/q/../q/", "/q/"},
           {"/q//r", "/q/r"},
           {"/./q/%2e%2e/r", "/r"},
           {"/", "/"},
           {"/q/.", "/q/."},    // of "/q/.well-known"
           {"/q/..", "/q/.."},  // of "/q/..."
           {"/q/%2E", "/q/."},
           {"/a%", "/a%"},
           {"/a%c", "/a%C"},
           {"/%c3%b", "/%C3%B"},
           {"/%", "/%"},
           {"/a%2", "/a%2"},
           {"/a/../b?x=/../%7e", "/b?x=/../%7e"},
           {"/.?x", "/?x"},
           {"?x", "/?x"},
       }) {
    CAPTURE(given);
    CHECK(path_of(given) == text);
  }
  for (const char* wrong : {"/%zz/", "/%zz", "/../a", "/a#b", "/%00", "/a%/b", "/%z"}) {
    CAPTURE(wrong);
    CHECK(path_of(wrong).empty());
  }
}

TEST_CASE("cache admin: a purge is by exactly one thing", "[server][cache]") {
  cache::Store store({});
  const auto status = [&store](const char* query) {
    return purge_cache(store, {}, {query, {}}).status;
  };
  for (const char* right :
       {"all", "url=http%3A%2F%2Fa.example%2F", "host=a.example&soft", "soft&tag=x",
        "prefix=a.example", "all=1", "all&soft=0", "host=%5B::1%5D", "host=a.example."}) {
    CAPTURE(right);
    CHECK(status(right) == 200);
  }
  for (const char* wrong : {"", "soft", "url=", "tag", "urls=x", "tag=x&host=y", "url=/a", "all=0",
                            "all=x", "all&soft=x", "host=a.example:80", "host=%5B::1%5D:8080",
                            "host=a/b", "host=::1", "prefix=a.example/%25zz"}) {
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

TEST_CASE("cache admin: what is purged softly stays, and what is not does not", "[server][cache]") {
  for (const auto& [query, stays] :
       {std::pair{"all&soft", true}, std::pair{"all&soft=1", true},
        std::pair{"all&soft=true", true}, std::pair{"all&soft=0", false},
        std::pair{"all&soft=false", false}, std::pair{"all", false}}) {
    CAPTURE(query);
    cache::Store store({});
    cache::EntryParts parts;
    parts.key = store.key("http://a.example/\np");
    REQUIRE(store.insert(cache::Entry::create(parts)));
    CHECK(purge_cache(store, {}, {query, {}}).status == 200);
    CHECK((store.stats().entries == 1) == stays);
  }
}

TEST_CASE("cache admin: with a port, the answer says how a host is written", "[server][cache]") {
  cache::Store store({});
  CHECK(purge_cache(store, {}, {"host=sub.a.example:80", {}}).body ==
        "a host is purged with all its ports: say \"sub.a.example\"\n");
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
