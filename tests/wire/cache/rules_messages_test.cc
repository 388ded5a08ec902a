// SPDX-License-Identifier: MIT
// What of a message is stored, and HEAD: RFC 9111 3.1, RFC 9110 9.3.2.
#include <catch2/catch.hpp>

#include <string>

#include "tests/support/scripted_backend.h"
#include "tests/wire/cache/table.h"
#include "tests/wire/cache_rig.h"

using sluice::support::BackendConnection;
using sluice::support::RawClient;
using sluice::support::Response;
using sluice::support::ScriptedBackend;
using sluice::support::SluiceProcess;
using sluice::wire::caching;
using sluice::wire::check_rows;
using sluice::wire::kFresh;

TEST_CASE("cache: what belongs to one connection is not stored", "[wire][cache]") {
  check_rows({
      {"Connection and what it names",
       {{.origin = kFresh + "|Connection: X-Hop|X-Hop: 1|X-End: 2", .see = "200|!X-Hop|X-End: 2"},
        {.see = "200|!X-Hop|!Connection|X-End: 2"}}},
      {"Keep-Alive, Proxy-Authenticate and others",
       {{.origin = kFresh + "|Keep-Alive: timeout=5|Proxy-Authenticate: Basic|Proxy-Connection: x"},
        {.see = "200|!Keep-Alive|!Proxy-Authenticate|!Proxy-Connection"}}},
      {"all other fields, every line in its order",
       {{.origin = kFresh + "|X: 1|Y: 2|X: 3|Server: s", .see = "200|X: 1, 3|Y: 2|Server: s"},
        {.see = "200|X: 1, 3|Y: 2|Server: s"}}},
      {"the Date is the origin's",
       {{.origin = kFresh + "|Date: Mon, 06 Jul 2020 10:00:00 GMT|Expires: {+10}"},
        {.origin = kFresh + "|Date: {-100}"},
        {.see = "200|Age: 100+"}}},
      {"Cache-Status goes behind what is there",
       {{.origin = kFresh + "|Cache-Status: other; hit",
         .see = "200|Cache-Status: ~other; hit, sluice"},
        {.see = "200|Cache-Status: ~other; hit, sluice; hit"}}},
  });
}

TEST_CASE("cache: HEAD and GET share what is stored", "[wire][cache]") {
  check_rows({
      {"a HEAD that misses fetches by GET, with all for both",
       {{.ask = "HEAD",
         .origin = kFresh,
         .see = "200|Content-Length: 12|ETag: \"a\"",
         .told = "GET"},
        {.see = "200|Content-Length: 12"},
        {.ask = "HEAD", .see = "200|Content-Length: 12|Age: 0+"}}},
      {"a HEAD of what is not stored has the length of a GET",
       {{.ask = "HEAD", .origin = "200|Cache-Control: no-store", .see = "200|Content-Length: 12"},
        {.origin = kFresh}}},
      {"an error to a HEAD takes nothing out",
       {{.origin = kFresh},
        {.ask = "HEAD|Cache-Control: no-cache", .origin = "500", .see = "500"},
        {.body = "0:abcdefghij"}}},
      {"conditions of a HEAD",
       {{.origin = kFresh}, {.ask = "HEAD|If-None-Match: \"a\"", .see = "304"}}},
      {"a GET with a body bypasses",
       {{.origin = kFresh}, {.ask = "GET|Content-Length: 0"}, {.ask = "OPTIONS", .origin = "200"}}},
  });
}

TEST_CASE("cache: interim responses reach the client, and are not stored", "[wire][cache]") {
  ScriptedBackend backend([](BackendConnection& connection) {
    while (connection.recv_request()) {
      connection.send(
          "HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\nHTTP/1.1 200 OK\r\n"
          "Cache-Control: max-age=1000\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n"
          "5\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n");
    }
  });
  SluiceProcess sluice(caching(backend));
  const std::string request = "GET /a HTTP/1.1\r\nHost: a.example\r\n\r\n";
  RawClient client = sluice.connect();
  client.send(request);
  const Response hints = read_response(client);
  CHECK(hints.status == 103);
  CHECK(hints.field("Link") == "</a.css>");
  CHECK(read_response(client).body == "hello");
  client.send(request);
  const Response stored = read_response(client);
  CHECK(stored.status == 200);
  CHECK(stored.body == "hello");
  CHECK_FALSE(stored.has("Link"));
  CHECK_FALSE(stored.has("Trailer"));
  CHECK(stored.trailers.empty());
  CHECK(backend.request_count() == 1);
}
