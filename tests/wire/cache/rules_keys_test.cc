// SPDX-License-Identifier: MIT
// What tells responses apart: the URL and Vary (RFC 9111 2 and 4.1); and what takes them out: 4.4.
#include <catch2/catch.hpp>

#include <string>
#include <vector>

#include "tests/wire/cache/table.h"

using sluice::wire::check_rows;
using sluice::wire::kFresh;
using sluice::wire::Row;

namespace {

const std::string kBodyOfFirst = "0:abcdefghij";

Row same(const std::string& one, const std::string& other) {
  return {one + " is " + other, {{.ask = one, .origin = kFresh}, {.ask = other}}};
}

Row differ(const std::string& one, const std::string& other) {
  return {one + " is not " + other,
          {{.ask = one, .origin = kFresh},
           {.ask = other, .origin = kFresh},
           {.ask = one, .body = kBodyOfFirst},
           {.ask = other, .body = "1:abcdefghij"}}};
}

Row varies(const std::string& vary, const std::string& one, const std::string& other, bool alike) {
  const std::string origin = kFresh + "|Vary: " + vary;
  const std::string first = one.empty() ? "GET" : "GET|" + one;
  const std::string second = other.empty() ? "GET" : "GET|" + other;
  Row row = alike ? same(first, second) : differ(first, second);
  row.claim += " by " + vary;
  for (auto& step : row.steps) {
    if (!step.origin.empty()) step.origin = origin;
  }
  return row;
}

// A request of that kind in between takes the stored response out, or does not.
Row invalidated(const std::string& ask, const std::string& answer, bool goes) {
  const std::string status = answer.substr(0, 3);
  Row row{ask + " with " + answer,
          {{.origin = kFresh}, {.ask = ask, .origin = answer, .see = status}}};
  if (goes) {
    row.steps.push_back({.origin = kFresh});
  } else {
    row.steps.push_back({.body = kBodyOfFirst});
  }
  return row;
}

}  // namespace

TEST_CASE("cache: URLs that are the same have one response", "[wire][cache]") {
  check_rows({
      same("GET /a", "GET /./a"),
      same("GET /a", "GET /b/../a"),
      same("GET /a", "GET /%61"),
      same("GET /%2f", "GET /%2F"),
      same("GET /a|Host: a.example", "GET /a|Host: A.EXAMPLE"),
      same("GET /a|Host: a.example", "GET /a|Host: a.example:80"),
      same("GET /a|Host: a.example", "GET /a|Host: a.example:080"),
      same("GET /a|Host: a.example:8080", "GET /a|Host: a.example:08080"),
      same("GET http://a.example$/a", "GET $/a|Host: a.example"),
      same("GET http://a.example:80$/a", "GET $/a|Host: a.example"),
      differ("GET /a", "GET /A"),
      differ("GET /a", "GET /a/"),
      differ("GET /a", "GET /a?"),
      differ("GET /a?x=1", "GET /a?x=2"),
      differ("GET /a?x=1&y=2", "GET /a?y=2&x=1"),
      differ("GET /a", "GET /a?x=1"),
      differ("GET /%2f", "GET //"),
      differ("GET /a?b", "GET /a%3fb"),
      differ("GET /a|Host: a.example", "GET /a|Host: b.example"),
      differ("GET /a|Host: a.example", "GET /a|Host: a.example:8080"),
  });
}

// A response that is made for another spelling would be everybody's: a link to
// "http://a.example.:80".
TEST_CASE("cache: the pool is told the host as it tells responses apart",
          "[wire][cache][regression]") {
  std::vector<Row> rows;
  for (const char* host : {"a.example", "A.EXAMPLE", "a.example.", "a.example:80", "A.example.:80",
                           "a.example:00080"}) {
    const std::string ask = std::string("GET|Host: ") + host;
    rows.push_back({ask,
                    {{.ask = ask,
                      .origin = "200|Cache-Control: max-age=3600",
                      .told = "GET|Host: a.example|X-Forwarded-Host: a.example"},
                     {.ask = "GET|Host: a.example"}}});
    rows.push_back({ask + ", not stored",
                    {{.ask = ask + "|Cache-Control: no-store",
                      .origin = "200|Cache-Control: max-age=3600",
                      .told = "GET|Host: a.example"}}});
  }
  rows.push_back({"another port stays",
                  {{.ask = "GET|Host: A.example:8080",
                    .origin = "200|Cache-Control: max-age=3600",
                    .told = "GET|Host: a.example:8080|X-Forwarded-Host: a.example:8080"}}});
  check_rows(rows);
}

// Who asks for h2c, as curl does, may be answered in HTTP/1.1 (RFC 9110 7.8).
TEST_CASE("cache: an upgrade that the route does not know is no reason to pass the cache",
          "[wire][cache][regression]") {
  const std::string h2c =
      "GET|Connection: Upgrade, HTTP2-Settings|Upgrade: h2c|HTTP2-Settings: AAMAAABk";
  check_rows({
      {"and finds", {{.origin = kFresh}, {.ask = h2c}}},
      {"and is stored", {{.ask = h2c, .origin = kFresh, .told = "GET|!Upgrade"}, {}}},
      {"the route's own does pass",
       {{.origin = kFresh},
        {.ask = "GET|Connection: Upgrade|Upgrade: websocket",
         .origin = "200",
         .told = "GET|Upgrade: websocket"},
        {.body = kBodyOfFirst}}},
  });
}

TEST_CASE("cache: URLs of any length have keys of their own", "[wire][cache]") {
  const std::string query(600, 'q');
  const std::string field(600, 'f');
  check_rows({
      same("GET ?" + query, "GET ?" + query),
      differ("GET ?" + query + "1", "GET ?" + query + "2"),
      differ("GET ?1" + query, "GET ?2" + query),
      differ("GET ?" + query, "GET ?" + query + "1"),
      differ("GET|X-Host: " + field + "1", "GET|X-Host: " + field + "2"),
  });
}

TEST_CASE("cache: Vary tells by fields of the request", "[wire][cache]") {
  check_rows({
      varies("Foo", "Foo: 1", "Foo: 1", true),
      varies("foo", "FOO: 1", "Foo: 1", true),
      varies("Foo", "Foo: 1|Bar: 1", "Foo: 1|Bar: 2", true),
      varies("Foo", "Foo: 1", "Foo: 2", false),
      varies("Foo", "Foo: 1", "", false),
      varies("Foo", "", "Foo: 1", false),
      varies("Foo", "", "", true),
      varies("Foo", "Foo:", "", false),
      varies("Foo", "Foo: a", "Foo: A", false),
      varies("Foo", "Foo: 1, 2", "Foo: 1,2", true),
      varies("Foo", "Foo: 1, 2", "Foo: 1|Foo: 2", true),
      varies("Foo", "Foo: 1, 2", "Foo: 2, 1", false),
      varies("Foo, Bar", "Foo: 1|Bar: 1", "Bar: 1|Foo: 1", true),
      varies("Foo, Bar", "Foo: 1|Bar: 1", "Foo: 1|Bar: 2", false),
      varies("Foo, Bar", "Foo: 1", "Bar: 1", false),
      varies("Foo|Vary: Bar", "Foo: 1|Bar: 1", "Foo: 1|Bar: 2", false),
      varies(", Foo,,", "Foo: 1", "Foo: 2", false),
      varies("Accept-Encoding", "Accept-Encoding: gzip, br", "Accept-Encoding: br,gzip", true),
      varies("Accept-Encoding", "Accept-Encoding: gzip;q=1.0", "Accept-Encoding: GZIP", true),
      varies("Accept-Encoding", "Accept-Encoding: gzip", "Accept-Encoding: br", false),
      varies("Accept-Language", "Accept-Language: de, en", "Accept-Language: DE,en", true),
      varies("Accept-Language", "Accept-Language: de, en", "Accept-Language: en, de", false),
      varies("Cookie", "Cookie: a=1", "Cookie: a=2", false),
      // What is no list has no commas of a list.
      varies("Cookie", "Cookie: a=1", "Cookie: a=1", true),
      varies("Cookie", "Cookie: a=x, y", "Cookie: a=x,y", false),
      varies("Cookie", "Cookie: a=1|Cookie: b=2", "Cookie: a=1|Cookie: b=2", true),
      varies("Cookie", "Cookie: a=1|Cookie: b=2", "Cookie: a=1,b=2", false),
      varies("User-Agent", "User-Agent: A (x, y)", "User-Agent: A (x,y)", false),
      varies("Referer", "Referer: /a, b", "Referer: /a,b", false),
      {"Vary: * is not stored",
       {{.origin = kFresh + "|Vary: *"}, {.origin = kFresh + "|Vary: *"}, {.origin = kFresh}}},
      {"nor a * among names",
       {{.origin = kFresh + "|Vary: Foo, *"}, {.origin = kFresh + "|Vary: Foo|Vary: *"}}},
      {"what the proxy says of each client differs where the client says the same",
       {{.origin = kFresh + "|Vary: X-Forwarded-For"},
        {.origin = kFresh + "|Vary: Foo, Forwarded"},
        {.origin = kFresh + "|Vary: x-real-ip"},
        {.origin = kFresh + "|Vary: X-Request-Id"},
        {.origin = kFresh + "|Vary: X-Forwarded-Proto"},
        {}}},
      {"the newest of those that fit is given",
       {{.ask = "GET|Foo: 1", .origin = kFresh + "|Vary: Foo"},
        {.ask = "GET|Foo: 2", .origin = kFresh + "|Vary: Foo"},
        {.ask = "GET|Foo: 1|Cache-Control: no-cache", .origin = kFresh + "|Vary: Foo"},
        {.ask = "GET|Foo: 1", .body = "2:abcdefghij"},
        {.ask = "GET|Foo: 2", .body = "1:abcdefghij"}}},
      {"a variant is validated by its own ETag",
       {{.ask = "GET|Foo: 1", .origin = "200|Cache-Control: max-age=0|ETag: \"1\"|Vary: Foo"},
        {.ask = "GET|Foo: 2", .origin = "200|Cache-Control: max-age=0|ETag: \"2\"|Vary: Foo"},
        {.ask = "GET|Foo: 1",
         .origin = "304|ETag: \"1\"",
         .told = "GET|If-None-Match: \"1\"",
         .body = kBodyOfFirst}}},
  });
}

// Frameworks take the path, host, scheme or method from them.
TEST_CASE("cache: fields that stand for another URL tell responses apart", "[wire][cache]") {
  std::vector<Row> rows;
  for (const char* name : {"X-Forwarded-Server",
                           "X-Forwarded-Prefix",
                           "X-Forwarded-Path",
                           "X-Forwarded-Uri",
                           "X-Forwarded-Scheme",
                           "X-Forwarded-Protocol",
                           "X-Forwarded-Ssl",
                           "X-Original-Host",
                           "X-Original-URL",
                           "X-Rewrite-URL",
                           "X-Host",
                           "X-Url-Scheme",
                           "X-HTTP-Method",
                           "X-HTTP-Method-Override",
                           "X-Method-Override",
                           "Front-End-Https",
                           "front-end-https",
                           "X-Forwarded-PathBase",
                           "X-Forwarded-Method",
                           "X-Script-Name",
                           "X-Scheme",
                           "X-Original-URI",
                           "X-Original-Method",
                           "X-HTTP-Host-Override",
                           "X-HTTP-DestinationURL",
                           "X-Backend-Host",
                           "X-Proxy-Url",
                           "X-Envoy-Original-Path",
                           "X-ARR-SSL",
                           "CF-Visitor",
                           "CloudFront-Forwarded-Proto",
                           "X-Forwarded-Context",
                           "X-Forwarded-Https",
                           "X-Forwarded-Base",
                           "X-Original-Proto",
                           "X-Rewrite-Uri",
                           "X-ProxyScheme",
                           "X-ProxyHost",
                           "X-ProxyContextPath",
                           "X-Matched-Path",
                           "X-Invoke-Path",
                           "X-Invoke-Status",
                           "X-Invoke-Query",
                           "X-Now-Route-Matches",
                           "X-Middleware-Prefetch",
                           "X-Middleware-Subrequest",
                           "X-Nextjs-Data",
                           "X-Forwarded",
                           "Forwarded-Host",
                           "X-Host-Override",
                           "Host-Override",
                           "Fastly-SSL",
                           "WL-Proxy-SSL"}) {
    const std::string sent = "GET|" + std::string(name) + ": ";
    rows.push_back(differ(sent + "evil", "GET"));
    rows.push_back(differ(sent + "a", sent + "b"));
    rows.push_back(same(sent + "a", sent + "a"));
  }
  rows.push_back(differ("GET|X-Host: a|X-Original-Host: b", "GET|X-Host: b|X-Original-Host: a"));
  check_rows(rows);
}

// The origin does not get what Connection names (RFC 9110 7.6.1).
TEST_CASE("cache: a field that Connection takes away selects no response", "[wire][cache]") {
  const std::string origin = kFresh + "|Vary: Foo";
  const std::string taken = "GET|Foo: 1|Connection: foo";
  const std::vector<Row> rows = {
      {"and is stored as not sent",
       {{.ask = taken, .origin = origin, .told = "GET|!Foo"},
        {.ask = "GET|Foo: 1", .origin = origin, .told = "GET|Foo: 1"},
        {.ask = "GET", .body = kBodyOfFirst}}},
      {"and finds what is for who does not send it",
       {{.ask = "GET|Foo: 1", .origin = origin},
        {.ask = taken, .origin = origin, .told = "GET|!Foo"},
        {.ask = "GET|Foo: 1", .body = kBodyOfFirst}}},
  };
  check_rows(rows);
  check_rows(rows, R"("key": {"headers": ["Foo"]})");
  check_rows({{"nor makes it pass the cache",
               {{.ask = taken, .origin = kFresh}, {.ask = "GET"}, {.ask = taken}}}},
             R"("bypass": {"headers": ["Foo"]})");
}

TEST_CASE("cache: an unsafe request that succeeds takes out what it has changed", "[wire][cache]") {
  std::vector<Row> rows;
  for (const char* method : {"POST", "PUT", "DELETE", "PATCH", "M-SEARCH"}) {
    const std::string ask = std::string(method) + "|Content-Length: 0";
    for (const char* answer : {"200", "201", "204", "303|Location: /x"}) {
      rows.push_back(invalidated(ask, answer, true));
    }
    for (const char* answer : {"400", "404", "500", "503"}) {
      rows.push_back(invalidated(ask, answer, false));
    }
  }
  rows.push_back(invalidated("OPTIONS", "200", false));
  rows.push_back(invalidated("POST /other|Content-Length: 0", "200", false));
  rows.push_back(invalidated("POST|Host: b.example|Content-Length: 0", "200", false));
  for (const char* name : {"Location", "Content-Location"}) {
    const std::string post = "POST /post|Content-Length: 0";
    const std::string answer = std::string("201|") + name + ": ";
    rows.push_back(invalidated(post, answer + "$", true));
    rows.push_back(invalidated(post, answer + "http://a.example$", true));
    rows.push_back(invalidated(post, answer + "HTTP://A.example:80$#x", true));
    rows.push_back(invalidated(post, answer + "//a.example$", true));
    rows.push_back(invalidated(post, answer + "http://A.EXAMPLE.:080$", true));
    rows.push_back(invalidated(post, answer + "http://a.example:81$", false));
    rows.push_back(invalidated(post, answer + "http://[a.example]$", false));
    rows.push_back(invalidated(post, answer + "urn:a", false));
    rows.push_back(invalidated(post, answer + "$/x/..", false));
    rows.push_back(invalidated(post, answer + "http://b.example$", false));
    rows.push_back(invalidated(post, answer + "https://a.example$", false));
    rows.push_back(invalidated(post, answer + "$?x", false));
    rows.push_back(
        invalidated("POST /post|Content-Length: 0", "404|" + std::string(name) + ": $", false));
  }
  rows.push_back(invalidated("POST /post|Content-Length: 0", "201|Location: /x|Location: $", true));
  rows.push_back(
      {"a relative one counts from the target",
       {{.ask = "GET /d/a", .origin = kFresh},
        {.ask = "POST /d/b|Content-Length: 0", .origin = "201|Location: a", .see = "201"},
        {.ask = "GET /d/a", .origin = kFresh}}});
  rows.push_back({"with dots, and a query of its own",
                  {{.ask = "GET /d/a", .origin = kFresh},
                   {.ask = "GET /d/b?x=1", .origin = kFresh},
                   {.ask = "POST /d/b|Content-Length: 0",
                    .origin = "200|Location: ../d/a|Content-Location: ?x=1"},
                   {.ask = "GET /d/a", .origin = kFresh},
                   {.ask = "GET /d/b?x=1", .origin = kFresh}}});
  rows.push_back({"all variants go",
                  {{.ask = "GET|Foo: 1", .origin = kFresh + "|Vary: Foo"},
                   {.ask = "GET|Foo: 2", .origin = kFresh + "|Vary: Foo"},
                   {.ask = "DELETE|Foo: 3", .origin = "204", .see = "204"},
                   {.ask = "GET|Foo: 1", .origin = kFresh},
                   {.ask = "GET|Foo: 1"}}});
  check_rows(rows);
}
