// SPDX-License-Identifier: MIT
// What an answer that is not stored says of the next request for the same key: whether nobody waits
// for another, and what was stored before.
#include <catch2/catch.hpp>

#include <string>
#include <vector>

#include "tests/support/deadline.h"
#include "tests/wire/cache/table.h"
#include "tests/wire/cache_rig.h"

using sluice::support::SluiceProcess;
using sluice::wire::cache_stats;
using sluice::wire::caching;
using sluice::wire::get;
using sluice::wire::Origin;

// It was passed by everybody for two minutes.
TEST_CASE("cache: after a transient answer the key is marked briefly",
          "[wire][cache][regression]") {
  const int status = GENERATE(429, 500, 503, 521);
  Origin origin(
      {{"/a", {{status, {}, "later"}, {200, {{"Cache-Control", "max-age=1000"}}, "now"}}}});
  SluiceProcess sluice(caching(origin.backend()));
  CHECK(get(sluice, "/a").status == status);
  const sluice::support::Deadline deadline;
  while (!get(sluice, "/a").field("Cache-Status").starts_with("sluice; hit")) {
    REQUIRE_FALSE(deadline.expired());
  }
}

// They took out what was stored, so that it could not stand in for errors, and had everybody ask
// for himself for two minutes.
TEST_CASE("cache: what the origin says to one bad request takes nothing from others",
          "[wire][cache][regression]") {
  const std::string fresh = "200|Cache-Control: max-age=3600|ETag: \"a\"";
  std::vector<sluice::wire::Row> rows;
  for (const char* const status : {"400", "401", "403", "405", "413", "429", "431"}) {
    rows.push_back({status,
                    {{.origin = fresh},
                     {.ask = "GET|Cache-Control: no-cache", .origin = status, .see = status},
                     {.body = sluice::wire::body_of_step(0)}}});
  }
  rows.push_back({"what is private to who is authorised",
                  {{.origin = fresh},
                   {.ask = "GET|Cache-Control: no-cache|Authorization: Basic YTpi",
                    .origin = "200|Cache-Control: private"},
                   {.ask = "GET|Cache-Control: no-cache|Authorization: Basic YTpi",
                    .origin = "304|ETag: \"a\"|Cache-Control: private",
                    .body = sluice::wire::body_of_step(0)},
                   {.body = sluice::wire::body_of_step(0)}}});
  rows.push_back({"but 404 and 410 are the resource's",
                  {{.origin = fresh},
                   {.ask = "GET|Cache-Control: no-cache", .origin = "410", .see = "410"},
                   {.origin = fresh}}});
  sluice::wire::check_rows(rows);
}

// Each waited for the one before.
TEST_CASE("cache: where a request's field is too long to go by, nobody waits again",
          "[wire][cache][regression]") {
  Origin origin({{"/a", {{200, {{"Cache-Control", "max-age=1000"}, {"Vary", "Cookie"}}, "a"}}}});
  SluiceProcess sluice(caching(origin.backend()));
  get(sluice, "/a", "Cookie: " + std::string(3000, 'x') + "\r\n");
  CHECK(cache_stats(sluice).find("\"marks\": 1,") != std::string::npos);
  get(sluice, "/a", "Cookie: 1\r\n");
  CHECK(get(sluice, "/a", "Cookie: 1\r\n").field("Cache-Status").starts_with("sluice; hit"));
}

TEST_CASE("cache: what only one request was in the way of leaves no mark",
          "[wire][cache][regression]") {
  const std::string fresh = "200|Cache-Control: max-age=3600|Vary: X-Own";
  const std::string part = "206|Cache-Control: max-age=3600|Content-Range: bytes 0-9/20";
  sluice::wire::check_rows({{"a part of what nobody asked a part of",
                             {{.origin = part, .see = "206"}, {.origin = fresh}, {}}}});
  Origin origin({{"/a", {{206, {{"Cache-Control", "max-age=60"}}, "part"}}}});
  SluiceProcess sluice(caching(origin.backend()));
  get(sluice, "/a");
  CHECK(cache_stats(sluice).find("\"marks\": 0,") != std::string::npos);
}
