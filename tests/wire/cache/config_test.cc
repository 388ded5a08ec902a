// SPDX-License-Identifier: MIT
// What the operator of a route says of its cache.
#include <catch2/catch.hpp>

#include <string>
#include <vector>

#include "cache/store.h"
#include "tests/support/http_reader.h"
#include "tests/support/metrics.h"
#include "tests/wire/cache/table.h"
#include "tests/wire/cache_rig.h"

using sluice::support::BackendConnection;
using sluice::support::RawClient;
using sluice::support::read_response;
using sluice::support::ScriptedBackend;
using sluice::support::SluiceProcess;
using sluice::support::wait_for_metric;
using sluice::wire::ask;
using sluice::wire::body_of_step;
using sluice::wire::caching;
using sluice::wire::check_rows;
using sluice::wire::get;
using sluice::wire::Origin;
using sluice::wire::Row;

namespace {

const std::string kFreshUntagged = "200|Cache-Control: max-age=3600";
const std::string kFirstBody = body_of_step(0);
const std::string kSecondBody = body_of_step(1);

}  // namespace

TEST_CASE("cache: ttl stands for what a response says of its lifetime", "[wire][cache]") {
  check_rows(
      {
          {"for its status", {{.origin = "200"}, {}}},
          {"instead of its own", {{.origin = "200|Cache-Control: max-age=0|Age: 100"}, {}}},
          {"any for all others", {{.origin = "410", .see = "410"}, {.see = "410"}}},
          {"but for what is wrong with one client's request",
           {{.origin = "400", .see = "400"}, {.origin = "403", .see = "403"}, {.origin = "200"}}},
          {"0s for one", {{.origin = "404", .see = "404"}, {.origin = "404", .see = "404"}}},
          {"no-store stays forbidden",
           {{.origin = "200|Cache-Control: no-store"}, {.origin = "200"}}},
          {"private, too", {{.origin = "200|Cache-Control: private"}, {.origin = "200"}}},
          {"and cookies", {{.origin = "200|Set-Cookie: a=1"}, {.origin = "200"}}},
      },
      R"("ttl": {"200": "10m", "any": "1m", "404": "0s"})");
}

TEST_CASE("cache: key.query names the arguments that count", "[wire][cache]") {
  check_rows(
      {
          {"those alone",
           {{.ask = "GET ?id=1&utm=2", .origin = kFreshUntagged},
            {.ask = "GET ?id=1&utm=3"},
            {.ask = "GET ?utm=3&id=1&x"},
            {.ask = "GET ?id=2", .origin = kFreshUntagged},
            {.ask = "GET", .origin = kFreshUntagged}}},
          {"by their whole name",
           {{.ask = "GET ?id=1", .origin = kFreshUntagged},
            {.ask = "GET ?idx=1", .origin = kFreshUntagged}}},
          {"the whole query is forwarded",
           {{.ask = "GET ?id=1&utm=2", .origin = kFreshUntagged, .told = "GET"}}},
      },
      R"("key": {"query": ["id"]})");
}

// Else one client would have what he made of an argument stored as the response without it.
TEST_CASE("cache: an argument of key.query counts in whatever way it is written", "[wire][cache]") {
  std::vector<Row> rows;
  for (const char* query :
       {"i%64=1", "%69%64=1", "%69d", "ID=1", "id[]=1", "id[a]=1", "id%5B%5d=1", "id%5b%5D=1",
        "utm=1;id=1", ";id", "a+b=1", "a%20b=1", "utm=1&%49D=1"}) {
    const std::string ask = "GET ?" + std::string(query);
    rows.push_back({query,
                    {{.ask = ask, .origin = kFreshUntagged},
                     {.ask = "GET", .origin = kFreshUntagged},
                     {.ask = ask, .body = kFirstBody}}});
  }
  for (const char* query :
       {"%69%64x=1", "i%6=1", "i%6g=1", "i", "%69%64%5=1", "utm=id", "utm;i=1"}) {
    rows.push_back(
        {std::string(query) + " is another",
         {{.ask = "GET ?" + std::string(query), .origin = kFreshUntagged}, {.ask = "GET"}}});
  }
  check_rows(rows, R"("key": {"query": ["id", "a b"]})");
}

TEST_CASE("cache: key.headers and key.cookies tell responses apart", "[wire][cache]") {
  check_rows(
      {
          {"a field",
           {{.ask = "GET|X-Kind: 1", .origin = kFreshUntagged},
            {.ask = "GET|X-Kind: 2", .origin = kFreshUntagged},
            {.ask = "GET|x-kind: 1", .body = kFirstBody},
            {.ask = "GET", .origin = kFreshUntagged}}},
          {"a cookie among others",
           {{.ask = "GET|Cookie: a=1; kind=1", .origin = kFreshUntagged},
            {.ask = "GET|Cookie: kind=1; b=2"},
            {.ask = "GET|Cookie: kind=2", .origin = kFreshUntagged},
            {.ask = "GET|Cookie: xkind=1", .origin = kFreshUntagged}}},
      },
      R"("key": {"headers": ["X-Kind"], "cookies": ["kind"]})");
}

// Else one client would have what he made of a cookie stored as the response without it.
TEST_CASE("cache: a cookie of key.cookies counts in whatever way it is written", "[wire][cache]") {
  std::vector<Row> rows;
  for (const char* cookie : {"i.d=7", "id[0]=9", "id[x]=9", "i d=1", "i[d=1", "ID=1", "%69d=1",
                             "id", "a=1; id[]=1", " id =1"}) {
    const std::string ask = "GET|Cookie: " + std::string(cookie);
    rows.push_back({cookie,
                    {{.ask = ask, .origin = kFreshUntagged},
                     {.ask = "GET", .origin = kFreshUntagged},
                     {.ask = ask, .body = kFirstBody}}});
  }
  for (const char* cookie : {"idx=1", "xid=1", "i=1", "a=id", "i-d=1"}) {
    rows.push_back({std::string(cookie) + " is another",
                    {{.ask = "GET|Cookie: " + std::string(cookie), .origin = kFreshUntagged},
                     {.ask = "GET"}}});
  }
  rows.push_back({"spellings are not taken for each other",
                  {{.ask = "GET|Cookie: id=1", .origin = kFreshUntagged},
                   {.ask = "GET|Cookie: ID=1", .origin = kFreshUntagged},
                   {.ask = "GET|Cookie: id[0]=1", .origin = kFreshUntagged},
                   {.ask = "GET|Cookie: id=1", .body = kFirstBody}}});
  check_rows(rows, R"("key": {"cookies": ["i_d", "id"]})");
}

// RFC 9111 4.4 speaks of the URI, whatever the operator tells its responses apart by.
TEST_CASE("cache: a change takes out what key.headers and key.cookies tell apart",
          "[wire][cache]") {
  std::vector<Row> rows;
  for (const char* change : {"DELETE|X-Kind: 3", "POST /x|Content-Length: 0|Cookie: kind=3"}) {
    rows.push_back({change,
                    {{.ask = "GET|X-Kind: 1", .origin = kFreshUntagged},
                     {.ask = "GET|Cookie: kind=2", .origin = kFreshUntagged},
                     {.ask = "GET ?other|X-Kind: 1", .origin = kFreshUntagged},
                     {.ask = change, .origin = "200|Location: $"},
                     {.ask = "GET|X-Kind: 1", .origin = kFreshUntagged},
                     {.ask = "GET|Cookie: kind=2", .origin = kFreshUntagged},
                     {.ask = "GET ?other|X-Kind: 1", .body = body_of_step(2)}}});
  }
  check_rows(rows, R"("key": {"headers": ["X-Kind"], "cookies": ["kind"]})");
}

TEST_CASE("cache: a change takes out more than one turn of the loop should", "[wire][cache]") {
  constexpr int kKept = 3 * static_cast<int>(sluice::cache::Store::kPurgeBatch) / 2;
  ScriptedBackend backend(ScriptedBackend::answer(200, "x", {{"Cache-Control", "max-age=1000"}}));
  SluiceProcess sluice(caching(backend, R"("key": {"headers": ["X-Kind"]})"));
  RawClient client = sluice.connect();
  for (int i = 0; i < kKept; ++i) {
    client.send("GET / HTTP/1.1\r\nHost: a.example\r\nX-Kind: " + std::to_string(i) + "\r\n\r\n");
    REQUIRE(read_response(client).status == 200);
  }
  wait_for_metric(sluice, "sluice_cache_entries", kKept);
  CHECK(ask(sluice, "DELETE", "/").status == 200);
  wait_for_metric(sluice, "sluice_cache_entries", 0);
}

TEST_CASE("cache: vary selects as if each response said so", "[wire][cache]") {
  check_rows({{"two variants, and no word of it to the client",
               {{.ask = "GET|X-Kind: 1", .origin = kFreshUntagged, .see = "200|!Vary"},
                {.ask = "GET|X-Kind: 2", .origin = kFreshUntagged},
                {.ask = "GET|X-Kind: 1", .body = kFirstBody},
                {.ask = "GET|X-Kind: 2", .body = kSecondBody}}}},
             R"("vary": ["X-Kind"])");
}

TEST_CASE("cache: bypass neither asks the cache nor fills it", "[wire][cache]") {
  check_rows(
      {
          {"by a field",
           {{.ask = "GET|X-Debug: 1",
             .origin = kFreshUntagged,
             .see = "200|Cache-Status: sluice; fwd=bypass"},
            {.origin = kFreshUntagged},
            {.ask = "GET|X-Debug:", .origin = "500", .see = "500"},
            {.body = kSecondBody}}},
          {"by a cookie",
           {{.origin = kFreshUntagged},
            {.ask = "GET|Cookie: a=1; session=x", .origin = kFreshUntagged},
            {.ask = "GET|Cookie: session[a]=x", .origin = kFreshUntagged},
            {.ask = "GET|Cookie: a=1; sessions=x", .body = kFirstBody}}},
      },
      R"("bypass": {"headers": ["X-Debug"], "cookies": ["session"]})");
}

TEST_CASE("cache: methods name what is answered from the cache", "[wire][cache]") {
  check_rows({{"GET alone",
               {{.origin = kFreshUntagged},
                {.ask = "HEAD", .origin = kFreshUntagged, .told = "HEAD"},
                {.body = kFirstBody}}}},
             R"("methods": ["GET"])");
}

TEST_CASE("cache: set_cookie keeps what sets cookies", "[wire][cache]") {
  check_rows({{"for all",
               {{.origin = kFreshUntagged + "|Set-Cookie: a=1"}, {.see = "200|Set-Cookie: a=1"}}}},
             R"("set_cookie": true)");
}

TEST_CASE("cache: what is larger than max_object is not kept, and asked for as the client did",
          "[wire][cache]") {
  const std::string large(300'000, 'x');
  Origin origin({{"/a", {{200, {{"Cache-Control", "max-age=1000"}}, large}}},
                 {"/c", {{200, {{"Cache-Control", "max-age=1000"}}, large}, {304, {}, ""}}},
                 {"/b", {{200, {{"Cache-Control", "max-age=1000"}}, std::string(3000, 'x')}}}});
  SluiceProcess sluice(caching(origin.backend(), R"("max_object": "4KiB")"));
  CHECK(get(sluice, "/b").body.size() == 3000);
  CHECK(get(sluice, "/b").body.size() == 3000);
  CHECK(origin.count("/b") == 1);
  // Asked for as a whole, to be stored; then, as that is too large, as the part it is to be.
  CHECK(get(sluice, "/a", "Range: bytes=0-1\r\n").body.size() == 300'000);
  CHECK(origin.requests("/a").back().field("Range") == "bytes=0-1");
  CHECK(get(sluice, "/a").body.size() == 300'000);
  CHECK(get(sluice, "/a").body.size() == 300'000);
  CHECK(origin.count("/a") == 4);
  CHECK(get(sluice, "/c", "If-None-Match: \"c\"\r\n").status == 304);
  CHECK(origin.requests("/c").back().field("If-None-Match") == "\"c\"");
  CHECK(origin.count("/c") == 2);
}

TEST_CASE("cache: stale.while_revalidate is for what does not say so itself", "[wire][cache]") {
  const sluice::support::Fields stale = {{"Cache-Control", "max-age=60"}, {"Age", "100"}};
  const sluice::support::Fields strict = {
      {"Cache-Control", "max-age=60, must-revalidate"}, {"Age", "100"}, {"ETag", "\"a\""}};
  Origin origin({{"/a", {{200, stale, "old"}, {200, {{"Cache-Control", "max-age=1000"}}, "new"}}},
                 {"/b", {{200, strict, "old"}, {200, strict, "new"}}}});
  SluiceProcess sluice(caching(origin.backend(), R"("stale": {"while_revalidate": "1h"})"));
  CHECK(get(sluice, "/a").body == "old");
  CHECK(get(sluice, "/a").body == "old");
  const sluice::support::Deadline deadline;
  while (get(sluice, "/a").body == "old") REQUIRE_FALSE(deadline.expired());
  CHECK(origin.count("/a") == 2);
  CHECK(get(sluice, "/b").body == "old");
  CHECK(get(sluice, "/b").body == "new");
}

TEST_CASE("cache: an unsafe request takes out what was stored under its key, whatever is forwarded",
          "[wire][cache]") {
  Origin origin({{"/a", {{200, {{"Cache-Control", "max-age=1000"}, {"Location", "/b"}}, "a"}}},
                 {"/b", {{200, {{"Cache-Control", "max-age=1000"}}, "b"}}}});
  // What trusted proxies say of host and scheme belongs to the key, and is completed on the way to
  // the backend.
  SluiceProcess sluice(caching(origin.backend(), R"("key": {"headers": ["Via", "X-Own"]})",
                               R"("trusted_proxies": ["127.0.0.1"])"));
  const std::string own = "X-Own: 1\r\n";
  get(sluice, "/a", own);
  get(sluice, "/b", own);
  CHECK(ask(sluice, "POST", "/a", own + "Content-Length: 0\r\n").status == 200);
  CHECK(get(sluice, "/a", own).field("Cache-Status").starts_with("sluice; fwd=miss"));
  CHECK(get(sluice, "/b", own).field("Cache-Status").starts_with("sluice; fwd=miss"));
}

// Who put something there by what one route, or the configuration before, does not tell apart would
// have answered for the other.
// What was larger than the first size was fetched anew each time.
TEST_CASE("cache: after a reload that raises its size, larger objects are kept",
          "[wire][cache][regression]") {
  Origin origin(
      {{"/a", {{200, {{"Cache-Control", "max-age=1000"}}, std::string(2'000'000, 'x')}}}});
  SluiceProcess sluice(caching(origin.backend(), {}, R"("cache": {"size": "1MiB"})"));
  REQUIRE(sluice.reload(caching(origin.backend(), {}, R"("cache": {"size": "256MiB"})")));
  for (int i = 0; i < 3; ++i) CHECK(get(sluice, "/a").body.size() == 2'000'000);
  CHECK(origin.count("/a") == 1);
}

TEST_CASE("cache: routes that tell responses apart by different things share none",
          "[wire][cache][regression]") {
  const std::string rules =
      GENERATE(R"("key": {"headers": ["X-One"]})", R"("key": {"query": []})",
               R"("key": {"cookies": ["one"]})", R"("vary": ["X-One"])", R"("set_cookie": true)");
  CAPTURE(rules);
  Origin origin({{"/a", {{200, {{"Cache-Control", "max-age=1000"}}, "a"}}}});
  SluiceProcess sluice(caching(origin.backend()));
  get(sluice, "/a");
  get(sluice, "/a");
  CHECK(origin.count("/a") == 1);
  REQUIRE(sluice.reload(caching(origin.backend(), rules)));
  get(sluice, "/a");
  CHECK(origin.count("/a") == 2);
}
