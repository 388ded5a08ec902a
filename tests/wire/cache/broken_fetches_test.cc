// SPDX-License-Identifier: MIT
// A fetch that goes wrong under those who wait for it, or read along, is nobody's for longer than
// it must be.
#include <catch2/catch.hpp>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/support/deadline.h"
#include "tests/wire/cache_rig.h"
#include "tests/wire/endings.h"

using sluice::support::BackendConnection;
using sluice::support::Deadline;
using sluice::support::Failure;
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

const std::string kFreshHead = "HTTP/1.1 200 OK\r\nCache-Control: max-age=1000\r\n";

// Whether the whole of it came.
bool comes_whole(const SluiceProcess& sluice, const std::string& body) {
  try {
    return get(sluice, "/a").body == body;
  } catch (const Failure&) {
    return false;
  }
}

}  // namespace

// It went on for as long as the origin sent a byte now and then, and all who came read along.
TEST_CASE("cache: a fetch ends with timeouts.total, as its exchange does",
          "[wire][cache][regression]") {
  Gate never;
  ScriptedBackend backend([&never](BackendConnection& connection) {
    while (connection.recv_request()) {
      if (connection.number() > 0) {
        connection.send(kFreshHead + "Content-Length: 5\r\n\r\nwhole");
        continue;
      }
      connection.send(kFreshHead + "Content-Length: 5\r\n\r\nw");
      never.wait();
    }
  });
  SluiceProcess sluice(caching(backend, {}, R"("timeouts": {"total": "300ms"})"));
  CHECK_FALSE(comes_whole(sluice, "whole"));
  for (const Deadline deadline; !comes_whole(sluice, "whole");) REQUIRE_FALSE(deadline.expired());
  never.open();
}

TEST_CASE("cache: an answer that varies by less and is cut takes no place", "[wire][cache]") {
  ScriptedBackend backend([](BackendConnection& connection) {
    while (connection.recv_request()) {
      if (connection.number() == 0) {
        connection.send(kFreshHead +
                        "Vary: A\r\nContent-Length: 5\r\nConnection: close\r\n\r\nwhole");
        return;
      }
      connection.send(kFreshHead + "Content-Length: 5\r\n\r\ncu");
      return;
    }
  });
  SluiceProcess sluice(caching(backend));
  CHECK(get(sluice, "/a", "A: 1\r\n").body == "whole");
  CHECK_THROWS_AS(get(sluice, "/a", "A: 1\r\nCache-Control: no-cache\r\n"), Failure);
  CHECK(get(sluice, "/a", "A: 1\r\n").body == "whole");
  CHECK(backend.request_count() == 2);
}

// All who had waited for the validation were given the half and a reset.
TEST_CASE("cache: a 304 does not confirm what was cut meanwhile", "[wire][cache][regression]") {
  Gate cut;
  Gate confirm;
  ScriptedBackend backend([&](BackendConnection& connection) {
    if (!connection.recv_request()) return;
    const std::string head = "Connection: close\r\nETag: \"1\"\r\nCache-Control: max-age=1000\r\n";
    if (connection.number() == 0) {
      connection.send("HTTP/1.1 200 OK\r\n" + head + "Content-Length: 5\r\n\r\nwh");
      cut.wait();
    } else if (connection.number() == 1) {
      confirm.wait();
      connection.send("HTTP/1.1 304 Not Modified\r\n" + head + "\r\n");
    } else {
      connection.send("HTTP/1.1 200 OK\r\n" + head + "Content-Length: 5\r\n\r\nwhole");
    }
  });
  SluiceProcess sluice(caching(backend));
  std::vector<RawClient> first = crowd(sluice, 1);
  first[0].recv_until("\r\n\r\nwh");
  CHECK(post_to_admin(sluice, "/cache/purge?host=a.example&soft").status == 200);
  std::vector<RawClient> others = crowd(sluice, 5);
  wait_for_in_flight(sluice, 6);
  backend.wait_for_requests(2);
  cut.open();
  CHECK(first[0].recv_to_close().empty());
  confirm.open();
  for (RawClient& client : others) CHECK(read_response(client).body == "whole");
  CHECK(backend.requests()[1].field("If-None-Match") == "\"1\"");
  CHECK_FALSE(backend.requests()[2].has("If-None-Match"));
  CHECK(backend.request_count() == 3);
}

// One client's field that the origin does not bear was everybody's 502.
TEST_CASE("cache: who waited for a request that the origin hung up on asks once more",
          "[wire][cache][regression]") {
  Gate gate;
  ScriptedBackend backend([&gate](BackendConnection& connection) {
    while (const auto request = connection.recv_request()) {
      if (request->has("X-Evil")) {
        gate.wait();
        return;
      }
      connection.send(kFreshHead + "Content-Length: 5\r\n\r\nwhole");
    }
  });
  SluiceProcess sluice(caching(backend));
  std::vector<RawClient> evil = crowd(sluice, 1, "X-Evil: 1\r\n");
  backend.wait_for_requests(1);
  std::vector<RawClient> others = crowd(sluice, 20);
  wait_for_in_flight(sluice, 21);
  gate.open();
  CHECK(read_response(evil[0]).status == 502);
  for (RawClient& client : others) CHECK(read_response(client).body == "whole");
  CHECK(backend.request_count() == 2);
}
