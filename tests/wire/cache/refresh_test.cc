// SPDX-License-Identifier: MIT
// What is stale answers while it is validated behind the clients' backs (RFC 5861 3).
#include <catch2/catch.hpp>

#include <atomic>
#include <string>
#include <vector>

#include "tests/support/deadline.h"
#include "tests/support/metrics.h"
#include "tests/wire/cache_rig.h"
#include "tests/wire/endings.h"

using sluice::support::BackendConnection;
using sluice::support::Deadline;
using sluice::support::RawClient;
using sluice::support::read_response;
using sluice::support::ScriptedBackend;
using sluice::support::SluiceProcess;
using sluice::wire::caching;
using sluice::wire::crowd;
using sluice::wire::Gate;
using sluice::wire::get;
using sluice::wire::post_to_admin;
using sluice::wire::wait_for_in_flight;

namespace {

// The first answer is stale when it comes, unless said otherwise; of others the head and a half
// come at once, and the rest when the gate opens.
struct SlowOrigin {
  explicit SlowOrigin(std::string own, bool cuts = false, std::string first = "Age: 100\r\n")
      : fields(std::move(own)),
        of_first(std::move(first)),
        cut(cuts),
        backend([this](BackendConnection& c) { serve(c); }) {}
  ~SlowOrigin() {
    head.open();
    rest.open();
  }

  void serve(BackendConnection& connection) {
    if (!connection.recv_request()) return;
    const bool is_first = connection.number() == 0;
    if (!is_first && holds_head) head.wait();
    connection.send("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 6\r\n" + fields +
                    (is_first ? of_first + "\r\nold..." : "\r\nnew"));
    if (is_first) return;
    rest.wait();
    if (!cut) connection.send("...");
  }

  const std::string fields;
  const std::string of_first;
  const bool cut;
  std::atomic<bool> holds_head = false;  // of others than the first
  Gate head;
  Gate rest;
  ScriptedBackend backend;
};

// Also what comes anew is to be refreshed at once, in the second case.
const std::string kLasting = "Cache-Control: max-age=60, stale-while-revalidate=1000\r\n";
const std::string kAtOnce = "Cache-Control: max-age=0, stale-while-revalidate=1000\r\n";

void await_body(const SluiceProcess& sluice, const std::string& body) {
  const Deadline deadline;
  while (get(sluice, "/a").body != body) REQUIRE_FALSE(deadline.expired());
}

}  // namespace

// Each client in between began another, and waited for its body.
TEST_CASE("refresh: at most one is under way, and what is stale answers until it is whole",
          "[wire][cache][regression]") {
  const std::string fields = GENERATE(kLasting, kAtOnce);
  SlowOrigin origin(fields);
  SluiceProcess sluice(caching(origin.backend));
  CHECK(get(sluice, "/a").body == "old...");
  CHECK(get(sluice, "/a").body == "old...");
  origin.backend.wait_for_requests(2);
  for (int i = 0; i < 10; ++i) CHECK(get(sluice, "/a").body == "old...");
  CHECK(origin.backend.request_count() == 2);
  origin.rest.open();
  await_body(sluice, "new...");
}

// A cache behind us would have answered 504 to that directive, and the entry would have stayed
// stale.
TEST_CASE("refresh: who wants only what is stored begins none", "[wire][cache][regression]") {
  SlowOrigin origin(kLasting);
  origin.rest.open();
  SluiceProcess sluice(caching(origin.backend));
  CHECK(get(sluice, "/a").body == "old...");
  CHECK(get(sluice, "/a", "Cache-Control: only-if-cached\r\n").body == "old...");
  CHECK(get(sluice, "/a").body == "old...");
  origin.backend.wait_for_requests(2);
  CHECK(origin.backend.requests().at(1).field("Cache-Control").empty());
}

// Those who came in between were cut, too, and what was stale was gone after the second.
TEST_CASE("refresh: one that is cut costs nobody anything", "[wire][cache][regression]") {
  SlowOrigin origin(kLasting, true);
  SluiceProcess sluice(caching(origin.backend));
  origin.rest.open();
  CHECK(get(sluice, "/a").body == "old...");
  for (int i = 2; i < 6; ++i) {
    CHECK(get(sluice, "/a").body == "old...");
    origin.backend.wait_for_requests(i);
    wait_for_in_flight(sluice, 0);
    origin.backend.wait_for_idle();
    CHECK(get(sluice, "/a", "Cache-Control: only-if-cached, max-stale\r\n").body == "old...");
  }
}

TEST_CASE("refresh: one that is cut is cut for who reads along, and for nobody else",
          "[wire][cache][regression]") {
  SlowOrigin origin(kLasting, true);
  SluiceProcess sluice(caching(origin.backend));
  CHECK(get(sluice, "/a").body == "old...");
  CHECK(get(sluice, "/a").body == "old...");
  origin.backend.wait_for_requests(2);
  std::vector<RawClient> along = crowd(sluice, 3, "Cache-Control: no-cache\r\n");
  for (RawClient& client : along) client.recv_until("\r\n\r\nnew");
  CHECK(get(sluice, "/a").body == "old...");
  origin.rest.open();
  for (RawClient& client : along) CHECK(client.recv_to_close().empty());
  CHECK(get(sluice, "/a").body == "old...");
}

TEST_CASE("refresh: who may not use what is stale waits for it, and reads along", "[wire][cache]") {
  const bool before_head = GENERATE(true, false);
  SlowOrigin origin(kLasting, false, "");
  origin.holds_head = before_head;
  SluiceProcess sluice(caching(origin.backend));
  CHECK(get(sluice, "/a").body == "old...");
  CHECK(post_to_admin(sluice, "/cache/purge?host=a.example&soft").status == 200);
  CHECK(get(sluice, "/a").body == "old...");
  origin.backend.wait_for_requests(2);
  std::vector<RawClient> waiting = crowd(sluice, 3, "Cache-Control: no-cache\r\n");
  wait_for_in_flight(sluice, 3);
  origin.head.open();
  for (RawClient& client : waiting) client.recv_until("\r\n\r\nnew");
  CHECK(get(sluice, "/a").body == "old...");  // who may still has what is whole
  origin.rest.open();
  for (RawClient& client : waiting) client.recv_until("...");
  CHECK(origin.backend.request_count() == 2);
}

TEST_CASE("refresh: a request whose answer would not be stored begins none",
          "[wire][cache][regression]") {
  const std::string is_public = GENERATE("", "public, ");
  const std::string private_fields =
      GENERATE("Authorization: Basic x\r\n", "Cache-Control: no-store\r\n");
  SlowOrigin origin("Cache-Control: " + is_public + "max-age=60, stale-while-revalidate=1000\r\n");
  SluiceProcess sluice(caching(origin.backend));
  origin.rest.open();
  CHECK(get(sluice, "/a").body == "old...");
  for (int i = 0; i < 3; ++i) CHECK(get(sluice, "/a", private_fields).status == 200);
  const bool refreshes = !is_public.empty() && private_fields.starts_with("Authorization");
  if (refreshes) {
    await_body(sluice, "new...");
  } else {
    CHECK(origin.backend.request_count() == 1);
    CHECK(get(sluice, "/a").body == "old...");
    await_body(sluice, "new...");
  }
  CHECK(origin.backend.request_count() == 2);
}
