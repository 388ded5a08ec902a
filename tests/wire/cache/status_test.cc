// SPDX-License-Identifier: MIT
// What Cache-Status says (RFC 9211 2), and the access log with it.
#include <catch2/catch.hpp>

#include <string>
#include <vector>

#include "tests/wire/cache/table.h"
#include "tests/wire/cache_rig.h"
#include "tests/wire/endings.h"

using sluice::support::BackendConnection;
using sluice::support::RawClient;
using sluice::support::read_response;
using sluice::support::response_text;
using sluice::support::ScriptedBackend;
using sluice::support::SluiceProcess;
using sluice::wire::ask;
using sluice::wire::caching;
using sluice::wire::check_rows;
using sluice::wire::crowd;
using sluice::wire::Gate;
using sluice::wire::get;
using sluice::wire::kFresh;
using sluice::wire::Row;
using sluice::wire::wait_for_in_flight;

namespace {

const std::string kStaleOnError =
    "200|Cache-Control: max-age=10, stale-if-error=900|Age: 20|ETag: \"a\"";
const std::string kNotModified = "304|Cache-Control: max-age=3600|Age: 0|ETag: \"a\"";

// What is said when that is asked, of which the store has `stored`, if anything.
Row says(const std::string& status, const std::string& stored, const std::string& ask,
         const std::string& answer, const std::string& see) {
  Row row{see + " says " + status, {}};
  if (!stored.empty()) row.steps.push_back({.origin = stored});
  const std::string field = status.empty() ? "|!Cache-Status" : "|Cache-Status: " + status;
  row.steps.push_back({.ask = ask, .origin = answer, .see = see + field, .body = "?"});
  return row;
}

}  // namespace

TEST_CASE("cache status: what was not forwarded is a hit", "[wire][cache]") {
  check_rows({
      says("~sluice; hit; ttl=3", kFresh, "GET", "", "200"),
      says("~sluice; hit; ttl=3", kFresh, "HEAD", "", "200"),
      says("~sluice; hit; ttl=3", kFresh, "GET|If-None-Match: \"a\"", "", "304"),
      says("~sluice; hit; ttl=-", kStaleOnError, "GET|Cache-Control: max-stale", "", "200"),
      says("~sluice; hit; ttl=-", kStaleOnError, "GET", "close", "200"),
  });
}

TEST_CASE("cache status: what was forwarded says why, and what came", "[wire][cache]") {
  const std::string confirmed = "~sluice; fwd=stale; fwd-status=304; ttl=3";
  check_rows({
      says("~sluice; fwd=miss; stored; ttl=3", "", "GET", kFresh, "200"),
      says("~sluice; fwd=miss; fwd-status=200; stored; ttl=3", "", "GET|If-None-Match: \"a\"",
           kFresh, "304"),
      says("~sluice; fwd=miss; fwd-status=200; stored; ttl=3", "", "GET|Range: bytes=0-1", kFresh,
           "206"),
      says("sluice; fwd=miss", "", "GET", "200|Cache-Control: no-store", "200"),
      says(confirmed, kStaleOnError, "GET", kNotModified, "200"),
      says(confirmed, kStaleOnError, "GET|If-None-Match: \"a\"", kNotModified, "304"),
      says("~sluice; fwd=stale; stored; ttl=3", kStaleOnError, "GET", kFresh, "200"),
      says("sluice; fwd=stale", kStaleOnError, "GET", "404|Cache-Control: no-store", "404"),
      says("~sluice; fwd=stale; fwd-status=503; ttl=-", kStaleOnError, "GET", "503", "200"),
      says("~sluice; fwd=request; fwd-status=304; ttl=3", kFresh, "GET|Cache-Control: no-cache",
           kNotModified, "200"),
      says("sluice; fwd=method", kFresh, "POST|Content-Length: 0", "200", "200"),
  });
}

TEST_CASE("cache status: what the proxy says itself has none", "[wire][cache]") {
  const std::string binding = "200|Cache-Control: max-age=10, must-revalidate|Age: 20|ETag: \"a\"";
  check_rows({
      says("", "", "GET|Cache-Control: only-if-cached", "", "504"),
      says("", "", "GET", "close", "502"),
      says("", binding, "GET", "close", "502"),
      says("", kFresh, "POST|Content-Length: 0", "close", "502"),
  });
}

TEST_CASE("cache status: the log has what failed as a miss", "[wire][cache]") {
  ScriptedBackend backend(ScriptedBackend::answer(200, "body"));
  SluiceProcess sluice(caching(backend));
  backend.stop();
  CHECK(get(sluice, "/a").status == 502);
  sluice.wait_for_access_log(R"("cache":"miss")");
}

TEST_CASE("cache status: who joined the validation of another says so", "[wire][cache]") {
  Gate gate;
  ScriptedBackend backend([&gate](BackendConnection& connection) {
    while (const auto request = connection.recv_request()) {
      const bool validates = request->has("If-None-Match");
      if (validates) gate.wait();
      connection.send(
          validates
              ? "HTTP/1.1 304 Not Modified\r\nETag: \"a\"\r\n\r\n"
              : response_text(200, "body", {{"Cache-Control", "max-age=1000"}, {"ETag", "\"a\""}}));
    }
  });
  SluiceProcess sluice(caching(backend));
  CHECK(get(sluice, "/a").status == 200);
  RawClient admin = sluice.connect_admin();
  admin.send("POST /cache/purge?all&soft HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
  CHECK(read_response(admin).status == 200);
  std::vector<RawClient> clients = crowd(sluice, 5);
  wait_for_in_flight(sluice, 5);
  backend.wait_for_requests(2);
  gate.open();
  int joined = 0;
  for (RawClient& client : clients) {
    const std::string status = read_response(client).field("Cache-Status");
    CHECK(status.starts_with("sluice; fwd=stale; fwd-status=304; "));
    joined += status.find("; collapsed; ") != std::string::npos;
  }
  CHECK(joined == 4);
}

TEST_CASE("cache status: what never came to the cache has none, in the log neither",
          "[wire][cache]") {
  ScriptedBackend backend(ScriptedBackend::answer(200, "x"));
  SluiceProcess sluice(caching(backend, {}, R"("access": {"deny": "127.0.0.0/8"})"));
  const auto refused = get(sluice, "/");
  CHECK(refused.status == 403);
  CHECK_FALSE(refused.has("Cache-Status"));
  sluice.wait_for_access_log("access_denied");
  CHECK(sluice.access_log().find("bypass") == std::string::npos);
}

TEST_CASE("cache status: OPTIONS that ends here was not forwarded", "[wire][cache]") {
  ScriptedBackend backend(ScriptedBackend::answer(200, "x"));
  SluiceProcess sluice(caching(backend));
  const auto answer = ask(sluice, "OPTIONS", "/", "Max-Forwards: 0\r\n");
  CHECK(answer.status == 200);
  CHECK_FALSE(answer.has("Cache-Status"));
  CHECK(backend.request_count() == 0);
}
