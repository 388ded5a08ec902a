// SPDX-License-Identifier: MIT
// A 304 that is about another response than the stored one (RFC 9111 4.3.4): the origin is asked
// once more, without conditions, and whoever waits goes on to wait.
#include <catch2/catch.hpp>

#include <string>
#include <utility>
#include <vector>

#include "tests/support/deadline.h"
#include "tests/wire/cache_rig.h"
#include "tests/wire/endings.h"

using sluice::support::BackendConnection;
using sluice::support::Deadline;
using sluice::support::read_response;
using sluice::support::ScriptedBackend;
using sluice::support::SluiceProcess;
using sluice::wire::caching;
using sluice::wire::crowd;
using sluice::wire::Gate;
using sluice::wire::get;
using sluice::wire::Origin;
using sluice::wire::OriginAnswer;
using sluice::wire::post_to_admin;
using sluice::wire::wait_for_in_flight;

namespace {

// First what can be validated; then, as the gates open, a 304 for another, and that.
struct OtherOrigin {
  OtherOrigin(std::string terms, std::string old)
      : control(std::move(terms)),
        age(std::move(old)),
        backend([this](BackendConnection& c) { serve(c); }) {}
  ~OtherOrigin() {
    other.open();
    gate.open();
  }

  void serve(BackendConnection& connection) {
    if (!connection.recv_request()) return;
    if (connection.number() == 0) {
      connection.respond(200, "old", {{"Cache-Control", control}, {"Age", age}, {"ETag", "\"a\""}});
      return;
    }
    if (connection.number() == 1) {
      other.wait();
      connection.send("HTTP/1.1 304 Not Modified\r\nETag: \"b\"\r\nConnection: close\r\n\r\n");
      return;
    }
    gate.wait();
    connection.respond(200, "new", {{"Cache-Control", "max-age=1000"}, {"ETag", "\"b\""}});
  }

  const std::string control;
  const std::string age;
  Gate other;
  Gate gate;
  ScriptedBackend backend;
};

const OriginAnswer kOther = {304, {{"ETag", "\"b\""}}, ""};

OriginAnswer old_under(const std::string& control) {
  return {200, {{"Cache-Control", control}, {"Age", "100"}, {"ETag", "\"a\""}}, "old"};
}

}  // namespace

TEST_CASE("cache: all who wait for a validation get what is asked for after a 304 for another",
          "[wire][cache]") {
  OtherOrigin origin("max-age=60", "0");
  SluiceProcess sluice(caching(origin.backend));
  CHECK(get(sluice, "/a").body == "old");
  REQUIRE(post_to_admin(sluice, "/cache/purge?host=a.example&soft").status == 200);
  auto clients = crowd(sluice, 5);
  wait_for_in_flight(sluice, 5);
  origin.other.open();
  origin.backend.wait_for_requests(3);
  origin.gate.open();
  for (auto& client : clients) {
    CHECK(read_response(client).body == "new");
  }
  CHECK(get(sluice, "/a").body == "new");
  const auto requests = origin.backend.requests();
  REQUIRE(requests.size() == 3);
  CHECK(requests[1].field("If-None-Match") == "\"a\"");
  CHECK_FALSE(requests[2].has("If-None-Match"));
}

// It was taken out, and the next client waited.
TEST_CASE("refresh: what is stale answers until what is asked for after a 304 for another is whole",
          "[wire][cache][regression]") {
  OtherOrigin origin("max-age=60, stale-while-revalidate=1000", "100");
  SluiceProcess sluice(caching(origin.backend));
  origin.other.open();
  for (int i = 0; i < 2; ++i) CHECK(get(sluice, "/a").body == "old");
  origin.backend.wait_for_requests(3);
  for (int i = 0; i < 3; ++i) CHECK(get(sluice, "/a").body == "old");
  origin.gate.open();
  const Deadline deadline;
  while (get(sluice, "/a").body != "new") REQUIRE_FALSE(deadline.expired());
  CHECK(origin.backend.request_count() == 3);
}

TEST_CASE("cache: an error after a 304 for another is one of a validation", "[wire][cache]") {
  Origin origin({
      {"/kept", {old_under("max-age=60, stale-if-error=1000"), kOther, {503, {}, "error"}}},
      {"/not", {old_under("max-age=60"), kOther, {503, {}, "error"}}},
  });
  SluiceProcess sluice(caching(origin.backend()));
  CHECK(get(sluice, "/kept").body == "old");
  CHECK(get(sluice, "/kept").body == "old");
  CHECK(origin.count("/kept") == 3);
  CHECK(get(sluice, "/not").body == "old");
  CHECK(get(sluice, "/not").status == 503);
  CHECK(origin.count("/not") == 3);
}

TEST_CASE("cache: a 304 that answers no condition is the client's, and confirms nothing",
          "[wire][cache]") {
  Origin origin({
      {"/other", {old_under("max-age=60"), kOther}},
      {"/nothing", {{200, {{"Cache-Control", "max-age=60"}, {"Age", "100"}}, "old"}, kOther}},
  });
  SluiceProcess sluice(caching(origin.backend()));
  CHECK(get(sluice, "/other").body == "old");
  CHECK(get(sluice, "/other").status == 304);
  CHECK(origin.count("/other") == 3);
  CHECK(get(sluice, "/nothing").body == "old");
  CHECK(get(sluice, "/nothing").status == 304);
  CHECK(origin.count("/nothing") == 2);
}

// It was asked with what the first had forwarded: Via stood there twice, and what varied by a field
// that we add was found by nobody.
TEST_CASE("cache: what is asked for after a 304 for another is the client's request",
          "[wire][cache][regression]") {
  const std::string name = GENERATE("Host", "X-Forwarded-Proto", "X-Forwarded-Host", "Via", "A");
  Origin origin({{"/a",
                  {old_under("max-age=60"),
                   kOther,
                   {200, {{"Cache-Control", "max-age=1000"}, {"Vary", name}}, "new"}}}});
  SluiceProcess sluice(caching(origin.backend(), {}, R"("trusted_proxies": ["127.0.0.1"])"));
  const std::string fields = "X-Forwarded-For: 192.0.2.1\r\nA: 1\r\n";
  CHECK(get(sluice, "/a", fields).body == "old");
  for (int i = 0; i < 2; ++i) CHECK(get(sluice, "/a", fields).body == "new");
  const auto requests = origin.requests("/a");
  REQUIRE(requests.size() == 3);
  for (const char* field : {"Via", "X-Forwarded-For", "X-Forwarded-Host", "Host", "A"}) {
    CAPTURE(name, field);
    CHECK(requests[2].values(field) == requests[1].values(field));
  }
  CHECK(requests[2].values("Via").size() == 1);
}

// Views of the first request were sent when a backend could not be had and another was asked.
TEST_CASE("cache: what is asked for after a 304 for another may be tried again",
          "[wire][cache][regression]") {
  ScriptedBackend backend([](BackendConnection& connection) {
    if (!connection.recv_request()) return;
    if (connection.number() == 0) {
      connection.respond(200, "old",
                         {{"Cache-Control", "max-age=60"}, {"Age", "100"}, {"ETag", "\"a\""}});
      return;
    }
    if (connection.number() == 1) {
      connection.send("HTTP/1.1 304 Not Modified\r\nETag: \"b\"\r\n\r\n");
      connection.recv_request();  // kept alive, and closed instead of an answer
      return;
    }
    connection.respond(200, "new", {{"Cache-Control", "max-age=1000"}});
  });
  SluiceProcess sluice(caching(backend, {}, R"("trusted_proxies": ["127.0.0.1"])"));
  CHECK(get(sluice, "/a").body == "old");
  CHECK(get(sluice, "/a").body == "new");
  const auto requests = backend.requests();
  REQUIRE(requests.size() == 4);
  CHECK(requests[3].field("X-Forwarded-Host") == requests[0].field("X-Forwarded-Host"));
  CHECK(requests[3].field("Host") == requests[0].field("Host"));
}
