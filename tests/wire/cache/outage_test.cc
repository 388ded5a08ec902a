// SPDX-License-Identifier: MIT
// A cache before an origin that refuses connections, and takes them again.
#include <catch2/catch.hpp>

#include <string>
#include <vector>

#include "tests/support/deadline.h"
#include "tests/support/metrics.h"
#include "tests/wire/cache/table.h"
#include "tests/wire/cache_rig.h"
#include "tests/wire/endings.h"

using sluice::support::BackendConnection;
using sluice::support::RawClient;
using sluice::support::read_response;
using sluice::support::Response;
using sluice::support::response_text;
using sluice::support::ScriptedBackend;
using sluice::support::SluiceProcess;
using sluice::wire::cache_stats;
using sluice::wire::caching;
using sluice::wire::crowd;
using sluice::wire::Gate;
using sluice::wire::get;
using sluice::wire::Origin;
using sluice::wire::post_to_admin;
using sluice::wire::wait_for_in_flight;

TEST_CASE("cache: what may be served stale on an error is, while the origin refuses connections",
          "[wire][cache]") {
  ScriptedBackend backend(ScriptedBackend::answer(
      200, "body",
      {{"Cache-Control", "max-age=60, stale-if-error=1000"}, {"Age", "100"}, {"ETag", "\"a\""}}));
  SluiceProcess sluice(caching(backend));
  CHECK(get(sluice, "/a").body == "body");
  backend.stop();
  std::vector<RawClient> clients = crowd(sluice, 20);
  for (RawClient& client : clients) {
    const Response response = read_response(client);
    CHECK(response.status == 200);
    CHECK(response.body == "body");
    CHECK(response.field("Cache-Status").starts_with("sluice; hit; ttl=-"));
  }
  CHECK(get(sluice, "/a", "Cache-Control: only-if-cached\r\n").status == 504);
  CHECK(get(sluice, "/other").status == 502);
  backend.start();
  const int asked = backend.request_count();
  CHECK(get(sluice, "/a").field("Cache-Status").starts_with("sluice; fwd=stale; stored"));
  CHECK(backend.request_count() == asked + 1);
  CHECK(sluice::support::metrics_add_up(sluice) == "");
}

TEST_CASE("cache: an origin that refuses connections leaves no mark behind", "[wire][cache]") {
  const std::string stale = GENERATE("", "must-revalidate, ");  // nothing, or nothing to be used
  ScriptedBackend backend(ScriptedBackend::answer(
      200, "body", {{"Cache-Control", stale + "max-age=60"}, {"Age", "100"}, {"ETag", "\"a\""}}));
  SluiceProcess sluice(caching(backend));
  if (!stale.empty()) CHECK(get(sluice, "/a").body == "body");
  backend.stop();
  for (int i = 0; i < 3; ++i) {
    std::vector<RawClient> clients = crowd(sluice, 20);
    for (RawClient& client : clients) {
      const Response response = read_response(client);
      CHECK(response.status == 502);
      CHECK_FALSE(response.has("Age"));
    }
    CHECK(cache_stats(sluice).find("\"marks\": 0,") != std::string::npos);
  }
}

TEST_CASE("cache: what comes after an outage is stored at once", "[wire][cache]") {
  ScriptedBackend backend(
      ScriptedBackend::answer(200, "body", {{"Cache-Control", "max-age=1000"}}));
  SluiceProcess sluice(caching(backend));
  backend.stop();
  CHECK(get(sluice, "/a").status == 502);
  backend.start();
  CHECK(get(sluice, "/a").field("Cache-Status").starts_with("sluice; fwd=miss; stored"));
  CHECK(get(sluice, "/a").field("Cache-Status").starts_with("sluice; hit"));
  CHECK(backend.request_count() == 1);
}

// RFC 5861 4: it may still stand in for errors.
TEST_CASE("cache: what is stale stays when the answer that is to replace it is cut",
          "[wire][cache][regression]") {
  const bool behind_the_back = GENERATE(false, true);
  ScriptedBackend backend([behind_the_back](BackendConnection& connection) {
    while (connection.recv_request()) {
      switch (connection.number()) {
        case 0:
          connection.send(response_text(
              200, "good",
              {{"Cache-Control", std::string("max-age=60, stale-if-error=1000") +
                                     (behind_the_back ? ", stale-while-revalidate=1000" : "")},
               {"Age", "100"},
               {"ETag", "\"1\""},
               {"Connection", "close"}}));
          return;
        case 1:
          connection.send(
              "HTTP/1.1 200 OK\r\nCache-Control: max-age=100\r\nContent-Length: 1000\r\n\r\nshort");
          return;
        default:
          connection.respond(503, "down");
      }
    }
  });
  SluiceProcess sluice(caching(backend));
  CHECK(get(sluice, "/a").body == "good");
  if (behind_the_back) {
    CHECK(get(sluice, "/a").body == "good");
  } else {
    CHECK_THROWS_AS(get(sluice, "/a"), sluice::support::Failure);
  }
  backend.wait_for_requests(2);
  backend.wait_for_idle();
  wait_for_in_flight(sluice, 0);
  for (int i = 0; i < 3; ++i) CHECK(get(sluice, "/a").body == "good");
  CHECK(backend.failures().empty());
}

// An error that one client insisted on was everybody's.
TEST_CASE("cache: who may not use what is stale does not take it from those who wait with him",
          "[wire][cache][regression]") {
  Gate gate;
  ScriptedBackend backend([&gate](BackendConnection& connection) {
    while (connection.recv_request()) {
      if (connection.number() > 0) gate.wait();
      if (connection.number() > 0) return connection.respond(503, "down");
      connection.send(response_text(
          200, "good",
          {{"Cache-Control", "max-age=60, stale-if-error=1000"}, {"Connection", "close"}}));
      return;
    }
  });
  SluiceProcess sluice(caching(backend));
  CHECK(get(sluice, "/a").body == "good");
  CHECK(post_to_admin(sluice, "/cache/purge?host=a.example&soft").status == 200);
  std::vector<RawClient> insists = crowd(sluice, 1, "Cache-Control: no-cache\r\n");
  backend.wait_for_requests(2);
  std::vector<RawClient> others = crowd(sluice, 10);
  wait_for_in_flight(sluice, 11);
  gate.open();
  CHECK(read_response(insists[0]).status == 503);
  for (RawClient& client : others) CHECK(read_response(client).body == "good");
  CHECK(backend.request_count() == 2);
}

TEST_CASE("cache: an error is not stored in the place of what may stand in for it",
          "[wire][cache][regression]") {
  const std::string stands_in = "200|Cache-Control: max-age=3600, stale-if-error=1000";
  for (const char* const error : {"500", "502", "503", "504"}) {
    const std::string lasting = std::string(error) + "|Cache-Control: max-age=60";
    sluice::wire::check_rows(
        {{error,
          {{.origin = stands_in},
           {.ask = "GET|Cache-Control: no-cache", .origin = lasting, .see = error},
           {.body = sluice::wire::body_of_step(0)}}},
         {"where nothing may",
          {{.origin = "200|Cache-Control: max-age=60, must-revalidate|Age: 100|ETag: \"a\""},
           {.origin = lasting, .see = error},
           {.see = error}}}});
  }
}
