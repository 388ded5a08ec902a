// SPDX-License-Identifier: MIT
// A cache before an origin that refuses connections, and takes them again.
#include <catch2/catch.hpp>

#include <string>
#include <vector>

#include "tests/support/metrics.h"
#include "tests/wire/cache_rig.h"

using sluice::support::RawClient;
using sluice::support::read_response;
using sluice::support::Response;
using sluice::support::ScriptedBackend;
using sluice::support::SluiceProcess;
using sluice::wire::caching;
using sluice::wire::crowd;
using sluice::wire::get;

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
    RawClient admin = sluice.connect_admin();
    admin.send("GET /cache/stats HTTP/1.1\r\nHost: a\r\n\r\n");
    CHECK(read_response(admin).body.find("\"marks\": 0,") != std::string::npos);
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
