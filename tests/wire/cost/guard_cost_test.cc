// SPDX-License-Identifier: MIT
// What the guard costs, without a clock: heap allocations on the worker and system calls.
#include <catch2/catch.hpp>

#include <map>
#include <string>

#include "tests/support/environment.h"
#include "tests/support/http_reader.h"
#include "tests/support/process.h"
#include "tests/support/scripted_backend.h"
#include "tests/support/skip.h"
#include "tests/support/sluice_process.h"
#include "tests/wire/cache_rig.h"
#include "tests/wire/configs.h"
#include "tests/wire/cost_rig.h"

using sluice::support::RawClient;
using sluice::support::read_response;
using sluice::support::ScriptedBackend;
using sluice::support::SluiceProcess;
using sluice::wire::AllocationCount;
using sluice::wire::cacheable;
using sluice::wire::calls_of;
using sluice::wire::check_no_allocation;
using sluice::wire::check_only_expected;
using sluice::wire::kRequests;
using sluice::wire::kWarmUp;
using sluice::wire::send_requests;
using sluice::wire::skip_unless_traced;
using sluice::wire::SystemCalls;

namespace {

void skip_unless_counted() {
  if (sluice::support::kSanitized) sluice::support::skip("a sanitizer's allocator is its own");
}

// All that the guard can be told to do, in measures that no test fills.
constexpr std::string_view kEverything = R"(
  "limits": {"per_ip": {"rate": "1000000/s", "requests": 1000, "connections": 1000,
                        "connection_rate": "1000000/s", "fields": true}},
  "access": {"allow": ["192.0.2.0/24", "198.51.100.7"], "deny": ["203.0.113.0/24", "2001:db8::/32"]},
  "jail": {"limited": "60000/s", "malformed": "60000/s", "errors": "60000/s"})";

// One token an hour and each refusal noted for the jail, which never has enough of them.
constexpr std::string_view kRefusing = R"(
  "limits": {"per_ip": {"rate": "1/h", "burst": 1, "fields": true}},
  "jail": {"limited": "60000/s", "errors": "60000/s"})";

// Somebody is away, so that the jail has to look at each request.
void put_away(const SluiceProcess& sluice, const std::string& block) {
  RawClient admin = sluice.connect_admin();
  admin.send("POST /block/add?block=" + block +
             " HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
  REQUIRE(read_response(admin).status == 200);
  admin.recv_to_close();
}

// Each connection is closed on before the next one comes.
void knock(const SluiceProcess& sluice, int count) {
  for (int i = 0; i < count; ++i) {
    if (!sluice.connect(0, {.source = "127.0.0.2"}).recv_to_close().empty()) {
      throw sluice::support::Failure("not turned away");
    }
  }
}

}  // namespace

TEST_CASE("cost: a 429 allocates nothing and asks no backend", "[wire][cost][guard]") {
  skip_unless_counted();
  ScriptedBackend backend(ScriptedBackend::answer(200, "x"));
  AllocationCount count;
  SluiceProcess sluice(sluice::wire::forwarding_to(backend, kRefusing), count.options());
  RawClient client = sluice.connect();
  send_requests(client, 1);
  check_no_allocation(count, client, 429);
  CHECK(backend.request_count() == 1);
}

TEST_CASE("cost: a 429 is one read and one write", "[wire][cost][guard]") {
  skip_unless_traced();
  ScriptedBackend backend(ScriptedBackend::answer(200, "x"));
  SluiceProcess sluice(sluice::wire::forwarding_to(backend, kRefusing));
  RawClient client = sluice.connect();
  send_requests(client, 1);
  std::map<std::string, int> calls = calls_of(sluice, client, 429);
  CHECK(calls["recvfrom"] == kRequests);
  CHECK(calls["send"] == kRequests);
  CHECK(calls["epoll_ctl"] == 0);
  check_only_expected(calls);
  CHECK(backend.request_count() == 1);
}

TEST_CASE("cost: with all of the guard a forwarded request allocates nothing either",
          "[wire][cost][guard]") {
  skip_unless_counted();
  ScriptedBackend backend(ScriptedBackend::answer(200, std::string(1024, 'x')));
  AllocationCount count;
  SluiceProcess sluice(sluice::wire::forwarding_to(backend, kEverything), count.options());
  put_away(sluice, "127.0.0.2");
  RawClient client = sluice.connect();
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(read_response(client).field("RateLimit").starts_with("\"default\";r="));
  check_no_allocation(count, client, 200);
}

TEST_CASE("cost: with all of the guard a forwarded request makes no more calls",
          "[wire][cost][guard]") {
  skip_unless_traced();
  ScriptedBackend backend(ScriptedBackend::answer(200, std::string(1024, 'x')));
  SluiceProcess sluice(sluice::wire::forwarding_to(backend, kEverything));
  put_away(sluice, "127.0.0.2");
  RawClient client = sluice.connect();
  std::map<std::string, int> calls = calls_of(sluice, client, 200);
  CHECK(calls["recvfrom"] == 2 * kRequests);
  CHECK(calls["send"] == 2 * kRequests);
  CHECK(calls["epoll_ctl"] == 0);
  check_only_expected(calls);
}

TEST_CASE("cost: with all of the guard a hit in the cache allocates nothing either",
          "[wire][cost][guard][cache]") {
  skip_unless_counted();
  ScriptedBackend backend(cacheable());
  AllocationCount count;
  SluiceProcess sluice(sluice::wire::caching(backend, "", kEverything), count.options());
  put_away(sluice, "127.0.0.2");
  RawClient client = sluice.connect();
  check_no_allocation(count, client, 200);
  CHECK(backend.request_count() == 1);
}

TEST_CASE("cost: with all of the guard a hit in the cache is one read and one write",
          "[wire][cost][guard][cache]") {
  skip_unless_traced();
  ScriptedBackend backend(cacheable());
  SluiceProcess sluice(sluice::wire::caching(backend, "", kEverything));
  put_away(sluice, "127.0.0.2");
  RawClient client = sluice.connect();
  std::map<std::string, int> calls = calls_of(sluice, client, 200);
  CHECK(calls["recvfrom"] == kRequests);
  CHECK(calls["send"] == kRequests);
  CHECK(calls["epoll_ctl"] == 0);
  check_only_expected(calls);
}

TEST_CASE("cost: who is turned away at the door allocates nothing", "[wire][cost][guard]") {
  skip_unless_counted();
  ScriptedBackend backend(ScriptedBackend::answer(200, "x"));
  AllocationCount count;
  SluiceProcess sluice(sluice::wire::forwarding_to(backend, kEverything), count.options());
  put_away(sluice, "127.0.0.2");
  knock(sluice, kWarmUp);
  count.start();
  knock(sluice, kRequests);
  CHECK(count.stop() == 0);
  // The counter counts: one that is let in is worth some allocations.
  count.start();
  RawClient client = sluice.connect();
  send_requests(client, 1);
  CHECK(count.stop() > 0);
}

// Now and then the listener asks once more, to see whether somebody else waits.
TEST_CASE("cost: who is turned away at the door costs accept and close", "[wire][cost][guard]") {
  skip_unless_traced();
  ScriptedBackend backend(ScriptedBackend::answer(200, "x"));
  SluiceProcess sluice(sluice::wire::forwarding_to(backend, kEverything));
  put_away(sluice, "127.0.0.2");
  knock(sluice, kWarmUp);
  SystemCalls trace(sluice.process().pid());
  knock(sluice, kRequests);
  std::map<std::string, int> calls = trace.finish();
  CHECK(calls["accept4"] >= kRequests);
  CHECK(calls["accept4"] <= kRequests + kRequests / 8 + 1);
  CHECK(calls["close"] == kRequests);
  for (const char* const name : {"recvfrom", "send", "epoll_ctl", "setsockopt", "shutdown"}) {
    CHECK(calls[name] == 0);
  }
  calls.erase("accept4");
  calls.erase("close");
  check_only_expected(calls);
}
