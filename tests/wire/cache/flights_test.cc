// SPDX-License-Identifier: MIT
// One fetch, many who wait: through two workers, with an origin that waits for the test.
#include <catch2/catch.hpp>

#include <signal.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <ctime>
#include <functional>
#include <string>
#include <vector>

#include "tests/support/metrics.h"
#include "tests/support/process_stats.h"
#include "tests/wire/cache_rig.h"
#include "tests/wire/endings.h"

using sluice::support::BackendConnection;
using sluice::support::Deadline;
using sluice::support::Failure;
using sluice::support::RawClient;
using sluice::support::Request;
using sluice::support::Response;
using sluice::support::response_text;
using sluice::support::ScriptedBackend;
using sluice::support::SluiceProcess;
using sluice::wire::caching;
using sluice::wire::check_at_rest;
using sluice::wire::crowd;
using sluice::wire::Gate;
using sluice::wire::get;
using sluice::wire::wait_for_in_flight;

namespace {

const std::string kRequest = "GET /a HTTP/1.1\r\nHost: a.example\r\n\r\n";
const std::string kFreshLine = "Cache-Control: max-age=1000\r\n";
const std::string kFirstHalf = "the first half ";
const std::string kSecondHalf = "the second half";

// Sends a head when `head` opens, the first half with it, and what follows when `rest` does.
struct HalfOrigin {
  explicit HalfOrigin(bool is_chunked, bool cuts = false)
      : chunked(is_chunked), cut(cuts), backend([this](BackendConnection& c) { serve(c); }) {}
  ~HalfOrigin() {
    head.open();
    rest.open();
  }

  std::string chunk(const std::string& text) const {
    return chunked ? "f\r\n" + text + "\r\n" : text;
  }
  void serve(BackendConnection& connection) {
    while (connection.recv_request()) {
      head.wait();
      const std::string framing =
          chunked ? "Transfer-Encoding: chunked\r\n\r\n" : "Content-Length: 30\r\n\r\n";
      connection.send("HTTP/1.1 200 OK\r\n" + kFreshLine + framing + chunk(kFirstHalf));
      rest.wait();
      if (cut) return;
      connection.send(chunk(kSecondHalf) + (chunked ? "0\r\n\r\n" : ""));
    }
  }

  const bool chunked;
  const bool cut;
  Gate head;
  Gate rest;
  ScriptedBackend backend;
};

void wait_for_body(const SluiceProcess& sluice, const std::string& body) {
  const Deadline deadline;
  while (get(sluice, "/a").body != body) {
    if (deadline.expired()) throw Failure("that body does not come");
  }
}

}  // namespace

TEST_CASE("flights: of 200 who miss at once one asks, and all have each byte as it comes",
          "[wire][cache][flights]") {
  const bool chunked = GENERATE(false, true);
  HalfOrigin origin(chunked);
  SluiceProcess sluice(caching(origin.backend));
  constexpr int kClients = 200;
  std::vector<RawClient> clients = crowd(sluice, kClients);
  wait_for_in_flight(sluice, kClients);
  origin.head.open();
  for (RawClient& client : clients) client.recv_until(kFirstHalf + (chunked ? "\r\n" : ""));
  for (RawClient& client : clients) CHECK(client.silent());
  origin.rest.open();
  for (RawClient& client : clients) {
    client.recv_until(kSecondHalf + (chunked ? "\r\n0\r\n\r\n" : ""));
  }
  CHECK(origin.backend.request_count() == 1);
  CHECK(get(sluice, "/a").body == kFirstHalf + kSecondHalf);
  CHECK(origin.backend.request_count() == 1);
  CHECK(sluice::support::metrics_add_up(sluice) == "");
}

// It counted whole seconds of the clock, so that 300 ms across the turn of one were one, and what
// is fresh for one was stale when it came.
TEST_CASE("flights: the delay of a fetch is what has passed, not what the clock has turned",
          "[wire][cache][regression]") {
  ScriptedBackend backend([](BackendConnection& connection) {
    while (connection.recv_request()) {
      const Deadline patience;
      for (const std::time_t asked = std::time(nullptr); std::time(nullptr) == asked;) {
        if (patience.expired()) return;
      }
      connection.respond(200, "body", {{"Cache-Control", "max-age=1000"}});
    }
  });
  SluiceProcess sluice(caching(backend));
  const auto asked = std::chrono::steady_clock::now();
  const Response response = get(sluice, "/a");
  const auto passed =
      std::chrono::floor<std::chrono::seconds>(std::chrono::steady_clock::now() - asked);
  CHECK(std::stoi("0" + response.field("Age")) <= passed.count());
}

TEST_CASE("flights: a fetch goes on when the client that began it has left",
          "[wire][cache][flights]") {
  const bool before_head = GENERATE(false, true);
  HalfOrigin origin(false);
  SluiceProcess sluice(caching(origin.backend));
  const std::size_t descriptors = sluice::support::descriptor_count(sluice.process_id());
  {
    RawClient leader = sluice.connect();
    leader.send(kRequest);
    origin.backend.wait_for_requests(1);
    std::vector<RawClient> others = crowd(sluice, 5);
    wait_for_in_flight(sluice, 6);
    if (!before_head) {
      origin.head.open();
      leader.recv_until(kFirstHalf);
    }
    leader.reset();
    wait_for_in_flight(sluice, 5);
    origin.head.open();
    for (RawClient& client : others) client.recv_until(kFirstHalf);
    origin.rest.open();
    for (RawClient& client : others) client.recv_until(kSecondHalf);
    CHECK(get(sluice, "/a").body == kFirstHalf + kSecondHalf);
    CHECK(origin.backend.request_count() == 1);
  }
  origin.backend.stop();
  check_at_rest(sluice, descriptors);
}

TEST_CASE("flights: a fetch for one client alone ends with it", "[wire][cache][flights]") {
  const std::string fields = GENERATE("Authorization: Basic YTpi", "Cache-Control: no-store");
  INFO(fields);
  ScriptedBackend backend([](BackendConnection& connection) {
    connection.recv_request();
    connection.recv_to_close();
  });
  SluiceProcess sluice(caching(backend));
  RawClient client = sluice.connect();
  client.send("GET /a HTTP/1.1\r\nHost: a.example\r\n" + fields + "\r\n\r\n");
  backend.wait_for_requests(1);
  client.reset();
  CHECK_NOTHROW(backend.wait_for_idle());
}

TEST_CASE("flights: clients that leave at each step leave nothing behind",
          "[wire][cache][flights]") {
  const bool chunked = GENERATE(false, true);
  HalfOrigin origin(chunked);
  SluiceProcess sluice(caching(origin.backend));
  const std::size_t descriptors = sluice::support::descriptor_count(sluice.process_id());
  std::vector<RawClient> clients = crowd(sluice, 6);
  wait_for_in_flight(sluice, 6);
  clients[0].reset();
  clients[1].close();
  wait_for_in_flight(sluice, 4);
  origin.head.open();
  for (std::size_t i = 2; i < clients.size(); ++i) clients[i].recv_until(kFirstHalf);
  clients[2].reset();
  clients[3].close();
  wait_for_in_flight(sluice, 2);
  clients[4].close();
  clients[5].reset();
  wait_for_in_flight(sluice, 0);
  origin.rest.open();
  wait_for_body(sluice, kFirstHalf + kSecondHalf);
  CHECK(origin.backend.request_count() == 1);
  origin.backend.stop();
  check_at_rest(sluice, descriptors);
}

TEST_CASE("flights: nobody waits for what turns out to be another's", "[wire][cache][flights]") {
  const std::string fields =
      GENERATE("Cache-Control: no-store", "Cache-Control: private, max-age=1000",
               "Cache-Control: max-age=1000\r\nSet-Cookie: a=1", "Vary: *",
               "Cache-Control: no-cache\r\nETag: \"a\"", "Cache-Control: max-age=0\r\nETag: \"a\"");
  INFO(fields);
  constexpr int kClients = 20;
  Gate first, others;
  std::atomic<int> asked{0};
  ScriptedBackend backend([&](BackendConnection& connection) {
    while (connection.recv_request()) {
      const int number = asked++;
      (number == 0 ? first : others).wait();
      connection.send("HTTP/1.1 200 OK\r\n" + fields + "\r\nContent-Length: 2\r\n\r\n" +
                      std::to_string(10 + number));
    }
  });
  SluiceProcess sluice(caching(backend));
  for (int round = 1; round <= 2; ++round) {
    others.shut();
    std::vector<RawClient> clients = crowd(sluice, kClients);
    wait_for_in_flight(sluice, kClients);
    first.open();
    // All of them at once, each held there: none waits for another's.
    backend.wait_for_requests(kClients * round);
    others.open();
    std::vector<std::string> bodies;
    for (RawClient& client : clients) bodies.push_back(read_response(client).body);
    std::sort(bodies.begin(), bodies.end());
    CHECK(std::adjacent_find(bodies.begin(), bodies.end()) == bodies.end());
  }
  CHECK(backend.request_count() == 2 * kClients);
}

// Each of some asks again, in case the request that led was to blame; the others share what that
// gives.
TEST_CASE("flights: a fetch that fails before its head fails all who wait for it",
          "[wire][cache][flights]") {
  Gate gate;
  ScriptedBackend backend([&gate](BackendConnection& connection) {
    connection.recv_request();
    gate.wait();
  });
  SluiceProcess sluice(caching(backend));
  const std::size_t descriptors = sluice::support::descriptor_count(sluice.process_id());
  {
    std::vector<RawClient> clients = crowd(sluice, 20);
    wait_for_in_flight(sluice, 20);
    gate.open();
    for (RawClient& client : clients) CHECK(read_response(client).status == 502);
    CHECK(backend.request_count() <= 12);
  }
  check_at_rest(sluice, descriptors);
}

TEST_CASE("flights: an origin that keeps silent gives all a 504", "[wire][cache][flights]") {
  ScriptedBackend backend([](BackendConnection& connection) {
    connection.recv_request();
    connection.recv_to_close();
  });
  SluiceProcess sluice(caching(backend, {}, R"("timeouts": {"first_byte": "500ms"})"));
  std::vector<RawClient> clients = crowd(sluice, 20);
  for (RawClient& client : clients) CHECK(read_response(client).status == 504);
}

TEST_CASE("flights: a body that the origin cuts short is whole for nobody",
          "[wire][cache][flights]") {
  const bool chunked = GENERATE(false, true);
  HalfOrigin origin(chunked, true);
  SluiceProcess sluice(caching(origin.backend));
  const std::size_t descriptors = sluice::support::descriptor_count(sluice.process_id());
  {
    std::vector<RawClient> clients = crowd(sluice, 20);
    wait_for_in_flight(sluice, 20);
    origin.head.open();
    for (RawClient& client : clients) client.recv_until(kFirstHalf);
    origin.rest.open();
    for (RawClient& client : clients) {
      const std::string left = client.recv_to_close();
      CHECK(left.find("0\r\n\r\n") == std::string::npos);
      CHECK(left.find(kSecondHalf) == std::string::npos);
    }
    CHECK(origin.backend.request_count() == 1);
    RawClient later = sluice.connect();
    later.send(kRequest);
    later.recv_to_close();
    CHECK(origin.backend.request_count() == 2);
  }
  check_at_rest(sluice, descriptors);
}

TEST_CASE("flights: whoever wants another variant than the one that came fetches it, once",
          "[wire][cache][flights]") {
  Gate gate;
  ScriptedBackend backend([&gate](BackendConnection& connection) {
    while (const auto request = connection.recv_request()) {
      gate.wait();
      const sluice::support::Fields fields = {{"Cache-Control", "max-age=1000"},
                                              {"Vary", "X-Kind"}};
      connection.respond(200, request->field("X-Kind"), fields);
    }
  });
  SluiceProcess sluice(caching(backend));
  std::vector<RawClient> clients;
  for (int i = 0; i < 30; ++i) {
    clients.push_back(sluice.connect());
    const std::string kind = "X-Kind: " + std::to_string(i % 3) + "\r\n";
    clients.back().send("GET /a HTTP/1.1\r\nHost: a.example\r\n" + kind + "\r\n");
  }
  wait_for_in_flight(sluice, 30);
  gate.open();
  for (std::size_t i = 0; i < clients.size(); ++i) {
    CHECK(read_response(clients[i]).body == std::to_string(i % 3));
  }
  CHECK(backend.request_count() == 3);
}

// They waited for one another, though what was stored said by what they differ.
TEST_CASE("flights: variants of what is known to vary are fetched side by side, each once",
          "[wire][cache][flights][regression]") {
  Gate gate;
  ScriptedBackend backend([&gate](BackendConnection& connection) {
    while (const auto request = connection.recv_request()) {
      if (request->field("X-Kind") != "0") gate.wait();
      connection.respond(200, request->field("X-Kind"),
                         {{"Cache-Control", "max-age=1000"}, {"Vary", "X-Kind"}});
    }
  });
  SluiceProcess sluice(caching(backend));
  CHECK(get(sluice, "/a", "X-Kind: 0\r\n").body == "0");
  std::vector<RawClient> ones = crowd(sluice, 5, "X-Kind: 1\r\n");
  std::vector<RawClient> twos = crowd(sluice, 5, "X-Kind: 2\r\n");
  wait_for_in_flight(sluice, 10);
  backend.wait_for_requests(3);
  gate.open();
  for (RawClient& client : ones) CHECK(read_response(client).body == "1");
  for (RawClient& client : twos) CHECK(read_response(client).body == "2");
  CHECK(backend.request_count() == 3);
}

TEST_CASE("flights: what is stale is refreshed once behind the backs of all",
          "[wire][cache][flights]") {
  Gate gate;
  std::atomic<int> asked{0};
  ScriptedBackend backend([&](BackendConnection& connection) {
    while (connection.recv_request()) {
      const bool is_first = asked++ == 0;
      if (!is_first) gate.wait();
      const std::string control = "max-age=60, stale-while-revalidate=1000";
      connection.respond(200, is_first ? "old" : "new",
                         {{"Cache-Control", control}, {"Age", is_first ? "100" : "0"}});
    }
  });
  SluiceProcess sluice(caching(backend));
  CHECK(get(sluice, "/a").body == "old");
  std::vector<RawClient> clients = crowd(sluice, 50);
  for (RawClient& client : clients) {
    const Response response = read_response(client);
    CHECK(response.body == "old");
    CHECK(response.field("Cache-Status").starts_with("sluice; hit; ttl=-"));
  }
  backend.wait_for_requests(2);
  gate.open();
  wait_for_body(sluice, "new");
  CHECK(backend.request_count() == 2);
}

TEST_CASE("flights: a part of a large response that is only coming is given as it comes",
          "[wire][cache][flights]") {
  Gate gate;
  const std::string half(400'000, 'x');
  ScriptedBackend backend([&](BackendConnection& connection) {
    connection.recv_request();
    connection.send("HTTP/1.1 200 OK\r\n" + kFreshLine + "Content-Length: 800000\r\n\r\n" + half);
    gate.wait();
    connection.send(std::string(399'999, 'y') + "z");
    connection.recv_to_close();
  });
  SluiceProcess sluice(caching(backend));
  const Response early = get(sluice, "/a", "Range: bytes=399990-399999\r\n");
  CHECK(early.status == 206);
  CHECK(early.body == "xxxxxxxxxx");
  RawClient late = sluice.connect();
  late.send("GET /a HTTP/1.1\r\nHost: a.example\r\nRange: bytes=-2\r\n\r\n");
  const Response head = read_response_head(late);
  CHECK(head.field("Content-Range") == "bytes 799998-799999/800000");
  gate.open();
  CHECK(late.recv_exact(2) == "yz");
  CHECK(get(sluice, "/a").body.size() == 800'000);
  CHECK(backend.request_count() == 1);
}

TEST_CASE("flights: a reload leaves a fetch, and what it stores, alone", "[wire][cache][flights]") {
  HalfOrigin origin(true);
  const std::string config = caching(origin.backend);
  SluiceProcess sluice(config);
  std::vector<RawClient> clients = crowd(sluice, 10);
  wait_for_in_flight(sluice, 10);
  CHECK(sluice.reload(config));
  origin.head.open();
  for (RawClient& client : clients) client.recv_until(kFirstHalf);
  CHECK(sluice.reload(config));
  origin.rest.open();
  for (RawClient& client : clients) client.recv_until(kSecondHalf);
  CHECK(get(sluice, "/a").body == kFirstHalf + kSecondHalf);
  CHECK(origin.backend.request_count() == 1);
}

TEST_CASE("flights: a drain waits for those who wait, and SIGINT for nobody",
          "[wire][cache][flights][drain]") {
  const bool drains = GENERATE(true, false);
  HalfOrigin origin(false);
  SluiceProcess sluice(caching(origin.backend));
  std::vector<RawClient> clients = crowd(sluice, 10);
  wait_for_in_flight(sluice, 10);
  if (!drains) {
    CHECK(sluice.interrupt().code == 0);
    for (RawClient& client : clients) client.recv_to_close();
    return;
  }
  sluice.process().signal(SIGTERM);
  sluice.wait_for_log("drain");
  origin.head.open();
  origin.rest.open();
  for (RawClient& client : clients) {
    CHECK(client.recv_to_close().ends_with(kFirstHalf + kSecondHalf));
  }
  CHECK(sluice.process().wait().code == 0);
}
