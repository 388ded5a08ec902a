// SPDX-License-Identifier: MIT
// What Cache-Control of the response and of the request, Pragma, Authorization and Set-Cookie do:
// RFC 9111 3, 5.2 and 5.4.
#include <catch2/catch.hpp>

#include <string>

#include "tests/wire/cache/table.h"

using sluice::wire::check_rows;
using sluice::wire::kFresh;
using sluice::wire::kStale;

namespace {

// Stale when it comes, and storable.
const std::string kConfirmed = "304|Cache-Control: max-age=60|Age: 100|ETag: \"a\"";

// As many lines as are read of a field.
std::string many(const std::string& line) {
  std::string lines;
  for (int i = 0; i < 16; ++i) lines += "|" + line;
  return lines;
}

}  // namespace

TEST_CASE("cache: what a response forbids is not stored", "[wire][cache]") {
  check_rows({
      {"no-store",
       {{.origin = "200|Cache-Control: no-store, max-age=3600"},
        {.origin = "200|Cache-Control: No-Store, max-age=3600"},
        {.origin = "200|Cache-Control: max-age=3600, no-store"},
        {.origin = kFresh}}},
      {"private",
       {{.origin = "200|Cache-Control: private, max-age=3600"},
        {.origin = "200|Cache-Control: PRIVATE, max-age=3600"},
        {.origin = kFresh}}},
      {"s-maxage beside private or no-store",
       {{.origin = "200|Cache-Control: private, s-maxage=3600"},
        {.origin = "200|Cache-Control: s-maxage=3600, no-store"},
        {.origin = kFresh}}},
      {"private that stands in a second line",
       {{.origin = "200|Cache-Control: max-age=3600|Cache-Control: private"}, {.origin = kFresh}}},
      {"Pragma of a response says nothing",
       {{.origin = kFresh + "|Pragma: no-cache"}, {.see = "200|Pragma: no-cache"}}},
      {"an unknown directive says nothing",
       {{.origin = "200|Cache-Control: max-age=3600, nobody=\"no-store\""}, {}}},
      {"no-cache is asked for each time, with its validator",
       {{.origin = "200|Cache-Control: no-cache, max-age=3600|ETag: \"a\""},
        {.origin = "304|ETag: \"a\"", .told = "GET|If-None-Match: \"a\""},
        {.origin = "304|ETag: \"a\"", .told = "GET|If-None-Match: \"a\""}}},
      {"no-cache that names a field: that field is not stored, and the first client has it",
       {{.origin = "200|Cache-Control: max-age=3600, no-cache=\"X-Own\"|X-Own: 1|X-All: 2",
         .see = "200|X-Own: 1|X-All: 2"},
        {.see = "200|!X-Own|X-All: 2"}}},
      {"private that names fields: they go to the first client alone",
       {{.origin = "200|Cache-Control: max-age=3600, private=\"Set-Cookie, X-Own\""
                   "|Set-Cookie: a=1|X-Own: 1",
         .see = "200|X-Own: 1|Set-Cookie: a=1"},
        {.see = "200|!X-Own|!Set-Cookie"}}},
      {"private whose list cannot be read forbids all of it",
       {{.origin = "200|Cache-Control: max-age=3600, private=\"X-Own X-Other\"|X-Own: 1"},
        {.origin = "200|CDN-Cache-Control: max-age=3600, private=\"X-Own; X-Other\"|X-Own: 2"},
        {.origin = kFresh}}},
      {"so do those of a 304",
       {{.origin = kStale},
        {.origin = "304|ETag: \"a\"|Cache-Control: max-age=3600, private=\"X-Own\"|X-Own: 1",
         .see = "200|X-Own: 1"},
        {.see = "200|!X-Own"}}},
      {"immutable, no-transform and others pass untouched",
       {{.origin = "200|Cache-Control: max-age=3600, immutable, no-transform"},
        {.see = "200|Cache-Control: max-age=3600, immutable, no-transform"}}},
  });
}

TEST_CASE("cache: a response that sets cookies is one client's", "[wire][cache]") {
  check_rows({
      {"it is not stored",
       {{.origin = kFresh + "|Set-Cookie: a=1", .see = "200|Set-Cookie: a=1"},
        {.origin = kFresh + "|Set-Cookie: a=2", .see = "200|Set-Cookie: a=2"}}},
      {"also where it is public",
       {{.origin = "200|Cache-Control: public, max-age=3600|Set-Cookie: a=1"},
        {.origin = "200|Cache-Control: public, max-age=3600|Set-Cookie: a=2"}}},
      {"a Cookie of the request does not matter",
       {{.ask = "GET|Cookie: a=1", .origin = kFresh}, {.ask = "GET|Cookie: a=2"}}},
  });
}

TEST_CASE("cache: what was authorised is stored only where that is said", "[wire][cache]") {
  const std::string ask = "GET|Authorization: Basic YTpi";
  check_rows({
      {"not of itself",
       {{.ask = ask, .origin = kFresh},
        {.ask = ask, .origin = kFresh},
        {.ask = "GET", .origin = kFresh},
        {.ask = ask}}},
      {"public", {{.ask = ask, .origin = "200|Cache-Control: public, max-age=3600"}, {}}},
      {"s-maxage", {{.ask = ask, .origin = "200|Cache-Control: s-maxage=3600"}, {}}},
      {"its own conditions reach the origin, as nothing stored can answer them",
       {{.ask = ask + "|If-None-Match: \"a\"",
         .origin = "304|ETag: \"a\"",
         .see = "304",
         .told = "GET|If-None-Match: \"a\""}}},
      {"must-revalidate",
       {{.ask = ask, .origin = "200|Cache-Control: must-revalidate, max-age=3600"}, {}}},
  });
}

TEST_CASE("cache: a request can ask for what is newer", "[wire][cache]") {
  check_rows({
      {"no-cache validates",
       {{.origin = kFresh},
        {.ask = "GET|Cache-Control: no-cache",
         .origin = "304|ETag: \"a\"",
         .told = "GET|If-None-Match: \"a\""}}},
      {"so does what has more lines than are read",
       {{.origin = kFresh},
        {.ask = "GET" + many("Cache-Control: a") + "|Cache-Control: no-cache",
         .origin = "304|ETag: \"a\""},
        {.ask = "GET" + many("Pragma: a") + "|Pragma: no-cache", .origin = "304|ETag: \"a\""},
        {.ask = "GET|Cache-Control: a|Pragma: a"}}},
      {"Pragma: no-cache does where there is no Cache-Control",
       {{.origin = kFresh},
        {.ask = "GET|Pragma: no-cache", .origin = "304|ETag: \"a\""},
        {.ask = "GET|Pragma: no-cache|Cache-Control: max-stale"},
        {.ask = "GET|Pragma: foo"}}},
      {"max-age=0 validates",
       {{.origin = kFresh}, {.ask = "GET|Cache-Control: max-age=0", .origin = "304|ETag: \"a\""}}},
      {"max-age smaller than the age validates, larger does not",
       {{.origin = kFresh + "|Age: 100"},
        {.ask = "GET|Cache-Control: max-age=1000"},
        {.ask = "GET|Cache-Control: max-age=50", .origin = "304|ETag: \"a\"|Age: 0"}}},
      {"min-fresh",
       {{.origin = kFresh + "|Age: 3000"},
        {.ask = "GET|Cache-Control: min-fresh=100"},
        {.ask = "GET|Cache-Control: min-fresh=1000", .origin = "304|ETag: \"a\"|Age: 0"}}},
      {"no-store is answered from the store, and stores nothing",
       {{.ask = "GET|Cache-Control: no-store", .origin = kFresh},
        {.origin = kFresh},
        {.ask = "GET|Cache-Control: no-store"}}},
      {"only-if-cached asks nobody",
       {{.ask = "GET|Cache-Control: only-if-cached", .see = "504"},
        {.origin = kFresh},
        {.ask = "GET|Cache-Control: only-if-cached"}}},
      {"only-if-cached asks nobody where the cache has nothing to do either",
       {{.ask = "GET|Cache-Control: only-if-cached|If-Match: \"a\"", .see = "504"},
        {.ask = "HEAD|Cache-Control: only-if-cached|If-Match: \"a\"", .see = "504", .body = "-"}}},
      {"only-if-cached does not get what is stale",
       {{.origin = kStale},
        {.ask = "GET|Cache-Control: only-if-cached", .see = "504"},
        {.ask = "GET|Cache-Control: only-if-cached, max-stale"}}},
      {"unknown directives, and those that cannot be read, ask for nothing",
       {{.origin = kFresh}, {.ask = "GET|Cache-Control: foo, max-stale=x, min-fresh=y"}}},
  });
}

TEST_CASE("cache: max-stale takes what is stale, unless the origin forbids", "[wire][cache]") {
  check_rows({
      {"any",
       {{.origin = kStale}, {.ask = "GET|Cache-Control: max-stale", .see = "200|Age: 100+"}}},
      {"so much",
       {{.origin = kStale},
        {.ask = "GET|Cache-Control: max-stale=1000"},
        {.ask = "GET|Cache-Control: max-stale=10", .origin = kConfirmed}}},
      {"not past its own max-age",
       {{.origin = kStale},
        {.ask = "GET|Cache-Control: max-stale=1000, max-age=50", .origin = kConfirmed}}},
      {"must-revalidate",
       {{.origin = "200|Cache-Control: max-age=60, must-revalidate|Age: 100|ETag: \"a\""},
        {.ask = "GET|Cache-Control: max-stale", .origin = "304|ETag: \"a\""}}},
      {"proxy-revalidate",
       {{.origin = "200|Cache-Control: max-age=60, proxy-revalidate|Age: 100|ETag: \"a\""},
        {.ask = "GET|Cache-Control: max-stale", .origin = "304|ETag: \"a\""}}},
      {"s-maxage",
       {{.origin = "200|Cache-Control: s-maxage=60|Age: 100|ETag: \"a\""},
        {.ask = "GET|Cache-Control: max-stale", .origin = "304|ETag: \"a\""}}},
      {"no-cache",
       {{.origin = "200|Cache-Control: max-age=60, no-cache|Age: 100|ETag: \"a\""},
        {.ask = "GET|Cache-Control: max-stale", .origin = "304|ETag: \"a\""}}},
  });
}
