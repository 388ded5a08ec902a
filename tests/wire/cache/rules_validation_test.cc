// SPDX-License-Identifier: MIT
// What is stale is validated, and what may stand in for an origin that fails: RFC 9111 4.3, RFC
// 5861.
#include <catch2/catch.hpp>

#include <string>
#include <vector>

#include "tests/wire/cache/table.h"
#include "tests/wire/cache_rig.h"

using sluice::wire::check_rows;
using sluice::wire::get;
using sluice::wire::kFresh;
using sluice::wire::kStale;
using sluice::wire::Row;
using sluice::wire::Step;

namespace {

using Field = std::pair<std::string, std::string>;

const std::string kWeak = "200|Cache-Control: max-age=60|Age: 100|ETag: W/\"a\"";
const std::string kRenewed = "200|Cache-Control: max-age=3600|ETag: \"b\"";
// Freshens what it confirms.
const std::string kFreshens = "304|ETag: \"a\"|Cache-Control: max-age=3600|Age: 0";

}  // namespace

TEST_CASE("cache: what is stale is validated with what it has", "[wire][cache]") {
  check_rows({
      {"ETag",
       {{.origin = kStale},
        {.origin = kFreshens, .told = "GET|If-None-Match: \"a\"|!If-Modified-Since"},
        {.see = "200|Cache-Control: max-age=3600"}}},
      {"a weak one",
       {{.origin = kWeak},
        {.origin = "304|ETag: W/\"a\"|Cache-Control: max-age=3600",
         .told = "GET|If-None-Match: W/\"a\""},
        {}}},
      {"Last-Modified, as it was sent",
       {{.origin = "200|Cache-Control: max-age=60|Age: 100|Last-Modified: Mon, 06 Jul 2020 "
                   "10:00:00 GMT"},
        {.origin = "304|Cache-Control: max-age=3600",
         .told = "GET|If-Modified-Since: Mon, 06 Jul 2020 10:00:00 GMT|!If-None-Match"},
        {}}},
      {"both",
       {{.origin = kStale + "|Last-Modified: Mon, 06 Jul 2020 10:00:00 GMT"},
        {.origin = kFreshens,
         .told = "GET|If-None-Match: \"a\"|If-Modified-Since: Mon, 06 Jul 2020 10:00:00 GMT"},
        {}}},
      {"not with the client's",
       {{.origin = kStale},
        {.ask = "GET|If-None-Match: \"z\"|If-Modified-Since: {+0}",
         .origin = kFreshens,
         .told = "GET|If-None-Match: \"a\"|!If-Modified-Since"},
        {}}},
      {"the client's condition is judged by what was confirmed",
       {{.origin = kStale},
        {.ask = "GET|If-None-Match: \"a\"", .origin = kFreshens, .see = "304"},
        {}}},
      {"a part of what was confirmed",
       {{.origin = kStale},
        {.ask = "GET|Range: bytes=2-4",
         .origin = kFreshens,
         .see = "206",
         .told = "GET|!Range",
         .body = "abc"}}},
      {"without a validator it is fetched anew",
       {{.origin = "200|Cache-Control: max-age=60|Age: 100"},
        {.origin = kRenewed, .told = "GET|!If-None-Match|!If-Modified-Since"},
        {}}},
      {"nor with one that cannot be read",
       {{.origin = "200|Cache-Control: max-age=60|Age: 100|ETag: |Last-Modified: yesterday"},
        {.origin = kRenewed, .told = "GET|!If-None-Match|!If-Modified-Since"},
        {}}},
      {"nor with one of two",
       {{.origin =
             "200|Cache-Control: max-age=60|Age: 100|Last-Modified: {-50}|Last-Modified: {-9}"},
        {.origin = kRenewed, .told = "GET|!If-None-Match|!If-Modified-Since"},
        {}}},
      {"nor with what would ask for any",
       {{.origin = "200|Cache-Control: max-age=60|Age: 100|ETag: *"},
        {.origin = kRenewed, .told = "GET|!If-None-Match|!If-Modified-Since"},
        {}}},
      {"a HEAD validates by GET",
       {{.origin = kStale},
        {.ask = "HEAD", .origin = kFreshens, .told = "GET|If-None-Match: \"a\""},
        {}}},
  });
}

TEST_CASE("cache: a whole answer to a validation takes the place of what was stale",
          "[wire][cache]") {
  check_rows({
      {"200", {{.origin = kStale}, {.origin = kRenewed}, {.see = "200|ETag: \"b\""}}},
      {"404",
       {{.origin = kStale},
        {.origin = "404|Cache-Control: max-age=3600", .see = "404"},
        {.see = "404"}}},
      {"404 that is not stored takes out what was",
       {{.origin = kStale},
        {.origin = "404", .see = "404"},
        {.ask = "GET|Cache-Control: only-if-cached, max-stale", .see = "504"}}},
      {"200 that is not stored, too",
       {{.origin = kStale},
        {.origin = "200|Cache-Control: no-store"},
        {.ask = "GET|Cache-Control: only-if-cached, max-stale", .see = "504"}}},
      {"429 says nothing of it",
       {{.origin = kStale},
        {.origin = "429", .see = "429"},
        {.ask = "GET|Cache-Control: max-stale", .body = "0:abcdefghij"}}},
      {"an error goes to the client, and what was stale stays",
       {{.origin = kStale},
        {.origin = "500", .see = "500"},
        {.origin = "503", .see = "503"},
        {.origin = kFreshens, .told = "GET|If-None-Match: \"a\"", .body = "0:abcdefghij"},
        {.body = "0:abcdefghij"}}},
      {"a 304 that forbids to store takes out what it confirms",
       {{.origin = kStale},
        {.origin = "304|ETag: \"a\"|Cache-Control: no-store"},
        {.origin = kRenewed, .told = "GET|!If-None-Match"}}},
  });
}

// It won over what came later, as it says what it varies by, and was asked about again and again.
TEST_CASE("cache: a whole answer takes the place of what it varies from no more",
          "[wire][cache][regression]") {
  const std::string varying = kFresh + "|Vary: A";
  const Step reload = {.ask = "GET|A: 1|Cache-Control: no-cache", .origin = kFresh};
  check_rows({
      {"of a variant",
       {{.ask = "GET|A: 1", .origin = varying},
        reload,
        {.ask = "GET|A: 1", .body = "1:abcdefghij"},
        {.ask = "GET|A: 2", .body = "1:abcdefghij"}}},
      {"404",
       {{.ask = "GET|A: 1", .origin = varying},
        {.ask = reload.ask, .origin = "404|Cache-Control: max-age=3600", .see = "404"},
        {.ask = "GET|A: 1", .see = "404"}}},
      {"of all",
       {{.ask = "GET|A: 1", .origin = kFresh},
        {.ask = reload.ask, .origin = varying},
        {.ask = "GET|A: 1", .body = "1:abcdefghij"},
        {.ask = "GET|A: 2", .origin = varying}}},
      {"of a variant by less",
       {{.ask = "GET|A: 1|B: 1", .origin = kFresh + "|Vary: A, B"},
        {.ask = reload.ask + "|B: 1", .origin = varying},
        {.ask = "GET|A: 1|B: 1", .body = "1:abcdefghij"}}},
      {"other variants stay",
       {{.ask = "GET|A: 1", .origin = varying},
        {.ask = "GET|A: 2", .origin = varying},
        reload,
        {.ask = "GET|A: 2", .body = "1:abcdefghij"}}},
      {"an error that is not stored takes no place",
       {{.ask = "GET|A: 1", .origin = varying},
        {.ask = reload.ask, .origin = "503", .see = "503"},
        {.ask = "GET|A: 1", .body = "0:abcdefghij"}}},
      {"what cannot be stored for this request does",
       {{.ask = "GET|A: 1", .origin = kFresh},
        {.ask = reload.ask + "|B: " + std::string(3000, 'b'), .origin = kFresh + "|Vary: B"},
        {.ask = "GET|A: 1", .origin = varying}}},
      {"it is asked about from then on",
       {{.ask = "GET|A: 1", .origin = kStale + "|Vary: A"},
        {.ask = "GET|A: 1", .origin = "200|Cache-Control: no-cache|ETag: \"b\""},
        {.ask = "GET|A: 1", .origin = "304|ETag: \"b\"", .told = "GET|If-None-Match: \"b\""}}},
  });
}

TEST_CASE("cache: a 304 with another ETag confirms nothing: the response is fetched anew",
          "[wire][cache]") {
  const sluice::support::Fields stale = {
      {"Cache-Control", "max-age=60"}, {"Age", "100"}, {"ETag", "\"a\""}};
  sluice::wire::Origin origin({{"/a",
                                {{200, stale, "old"},
                                 {304, {{"ETag", "\"b\""}}},
                                 {200, {{"Cache-Control", "max-age=1000"}}, "new"}}}});
  sluice::support::SluiceProcess sluice(sluice::wire::caching(origin.backend()));
  CHECK(get(sluice, "/a").body == "old");
  CHECK(get(sluice, "/a").body == "new");
  CHECK(get(sluice, "/a").body == "new");
  REQUIRE(origin.count("/a") == 3);
  CHECK(origin.requests("/a")[1].field("If-None-Match") == "\"a\"");
  CHECK_FALSE(origin.requests("/a")[2].has("If-None-Match"));
}

TEST_CASE("cache: a 304 without an ETag, or with a weak one of the same text, confirms",
          "[wire][cache]") {
  check_rows({
      {"without", {{.origin = kStale}, {.origin = "304"}}},
      {"weak", {{.origin = kStale}, {.origin = "304|ETag: W/\"a\""}}},
      {"weak and weak", {{.origin = kWeak}, {.origin = "304|ETag: W/\"a\""}}},
      {"strong, and weakened by who compressed the 200",
       {{.origin = kWeak + "|Content-Encoding: x"},
        {.origin = kFreshens, .see = "200|ETag: W/\"a\""},
        {.see = "200|ETag: W/\"a\""},
        {.ask = "GET|Range: bytes=0-1|If-Range: \"a\"", .see = "200"}}},
      {"of two dates none counts",
       {{.origin = kStale + "|Last-Modified: {-9}|Last-Modified: {-50}"},
        {.origin = "304|Last-Modified: {-9}|Last-Modified: {-50}"}}},
      {"by the date of the last change",
       {{.origin = "200|Cache-Control: max-age=60|Age: 100|Last-Modified: {-9}"},
        {.origin = "304|Last-Modified: {-9}"}}},
  });
}

// What a 304 says would stand beside a body that it is not about.
TEST_CASE("cache: a 304 with a validator that is not the stored one's confirms nothing",
          "[wire][cache][regression]") {
  const std::string old = "Thu, 01 Jan 2015 00:00:00 GMT";
  const std::vector<std::pair<Field, Field>> rows = {
      {{"Last-Modified", old}, {"ETag", "\"new\""}},
      {{"Last-Modified", old}, {"Last-Modified", "Fri, 02 Jan 2015 00:00:00 GMT"}},
      {{"ETag", "\"a\""}, {"Last-Modified", old}},
      {{"ETag", "\"a\""}, {"ETag", "W/\"b\""}},
      {{"ETag", "W/\"a\""}, {"ETag", "\"a\""}},
  };
  for (const auto& [stored, confirmed] : rows) {
    CAPTURE(stored.first, stored.second, confirmed.first, confirmed.second);
    sluice::wire::Origin origin(
        {{"/a",
          {{200, {{"Cache-Control", "max-age=60"}, {"Age", "100"}, stored}, "old"},
           {304, {confirmed}},
           {200, {{"Cache-Control", "max-age=1000"}}, "new"}}}});
    sluice::support::SluiceProcess sluice(sluice::wire::caching(origin.backend()));
    CHECK(get(sluice, "/a").body == "old");
    CHECK(get(sluice, "/a").body == "new");
    CHECK(origin.count("/a") == 3);
  }
}

TEST_CASE("cache: a 304 renews the fields that it has, but for those of the body",
          "[wire][cache]") {
  std::vector<Row> rows;
  for (const char* name : {"X-Test", "Test", "Expires", "Content-Foo", "Content-Language",
                           "Content-Security-Policy", "X-Frame-Options", "Link", "Content-Type"}) {
    const std::string field = std::string("|") + name + ": ";
    rows.push_back({std::string("renewed: ") + name,
                    {{.origin = kStale + field + "1", .see = "200" + field + "1"},
                     {.origin = kFreshens + field + "2", .see = "200" + field + "2"},
                     {.see = "200" + field + "2"}}});
  }
  for (const char* name : {"Content-Encoding", "Content-Range", "Content-Digest", "Content-MD5"}) {
    const std::string field = std::string("|") + name + ": ";
    rows.push_back({std::string("kept: ") + name,
                    {{.origin = kStale + field + "a", .see = "200" + field + "a"},
                     {.origin = kFreshens + field + "b", .see = "200" + field + "a"},
                     {.see = "200" + field + "a"}}});
  }
  rows.push_back({"what is new is added, what is not there stays, all lines are replaced",
                  {{.origin = kStale + "|A: 1|B: 1|B: 2"},
                   {.origin = kFreshens + "|B: 3|C: 4", .see = "200|A: 1|B: 3|C: 4"},
                   {.see = "200|A: 1|B: 3|C: 4"}}});
  rows.push_back({"Content-Length stays the body's",
                  {{.origin = kStale},
                   {.origin = kFreshens + "|Content-Length: 5", .see = "200|Content-Length: 12"},
                   {.see = "200|Content-Length: 12"}}});
  rows.push_back({"Connection-nominated fields are none",
                  {{.origin = kStale + "|A: 1"},
                   {.origin = kFreshens + "|Connection: A|A: 2", .see = "200|A: 1|!Connection"},
                   {.see = "200|A: 1"}}});
  check_rows(rows);
}

TEST_CASE("cache: what is stale stands in for an origin that fails, where it is said",
          "[wire][cache]") {
  const std::string allowed =
      "200|Cache-Control: max-age=60, stale-if-error=1000|Age: 100|ETag: \"a\"";
  std::vector<Row> rows;
  for (const char* failure : {"500", "502", "503", "504", "close"}) {
    rows.push_back({std::string("stands in for ") + failure,
                    {{.origin = allowed}, {.origin = failure, .body = "0:abcdefghij"}}});
    const std::string seen = failure[0] == 'c' ? "502" : failure;
    for (const char* forbidden :
         {"", ", must-revalidate, stale-if-error=1000", ", proxy-revalidate, stale-if-error=1000",
          ", s-maxage=60, stale-if-error=1000", ", no-cache, stale-if-error=1000",
          ", stale-if-error=10", ", stale-if-error=0", ", stale-if-error=x"}) {
      const std::string origin =
          "200|Cache-Control: max-age=60" + std::string(forbidden) + "|Age: 100|ETag: \"a\"";
      rows.push_back(
          {origin + " then " + failure, {{.origin = origin}, {.origin = failure, .see = seen}}});
    }
  }
  for (const char* answer : {"501", "404", "400", "429"}) {
    rows.push_back({std::string("is no failure: ") + answer,
                    {{.origin = allowed}, {.origin = answer, .see = answer}}});
  }
  rows.push_back(
      {"the request may allow it, and forbid it",
       {{.origin = kStale},
        {.ask = "GET|Cache-Control: stale-if-error=1000", .origin = "503", .body = "0:abcdefghij"},
        {.ask = "GET|Cache-Control: no-cache, stale-if-error=1000",
         .origin = "503",
         .see = "503"}}});
  check_rows(rows);
}

TEST_CASE("cache: with an operator's word any stale response stands in, unless forbidden",
          "[wire][cache]") {
  check_rows(
      {
          {"503", {{.origin = kStale}, {.origin = "503", .body = "0:abcdefghij"}}},
          {"closed", {{.origin = kStale}, {.origin = "close", .body = "0:abcdefghij"}}},
          {"must-revalidate",
           {{.origin = "200|Cache-Control: max-age=60, must-revalidate|Age: 100|ETag: \"a\""},
            {.origin = "503", .see = "503"}}},
          {"its own word comes first",
           {{.origin = "200|Cache-Control: max-age=60, stale-if-error=0|Age: 100|ETag: \"a\""},
            {.origin = "503", .see = "503"}}},
      },
      R"("stale": {"if_error": "1h"})");
}
