// SPDX-License-Identifier: MIT
// Limits by client over the wire. Rates are so low that no machine is slow enough to earn a token.
#include <catch2/catch.hpp>

#include <csignal>
#include <string>
#include <vector>

#include "tests/support/http_reader.h"
#include "tests/support/metrics.h"
#include "tests/support/scripted_backend.h"
#include "tests/support/sluice_process.h"
#include "tests/wire/guard/common.h"

using sluice::support::AtRest;
using sluice::support::BackendConnection;
using sluice::support::metrics_add_up;
using sluice::support::RawClient;
using sluice::support::read_response;
using sluice::support::Response;
using sluice::support::scrape;
using sluice::support::ScriptedBackend;
using sluice::support::SluiceProcess;
using sluice::support::wait_for_metric;
using sluice::wire::kGet;

namespace {

// `members`: of limits.per_ip; `more`: of the whole, with a comma in front.
std::string limited(const std::string& members, const std::string& routes = R"({"respond": {}})",
                    const std::string& more = "", int workers = 2) {
  return R"({"workers": )" + std::to_string(workers) +
         R"(, "listeners": [{"address": "127.0.0.1:0"}], "routes": [)" + routes +
         R"(], "limits": {"per_ip": {)" + members + "}}" + more + "}";
}

RawClient connect_from(const SluiceProcess& sluice, const std::string& source) {
  return sluice.connect(0, {.source = source});
}

Response answer_to(RawClient& client, std::string_view request = kGet) {
  client.send(request);
  return read_response(client);
}

// Of so many requests, each on a connection of its own.
int passed(const SluiceProcess& sluice, int requests, const std::string& source = "127.0.0.1",
           std::string_view request = kGet) {
  int count = 0;
  for (int i = 0; i < requests; ++i) {
    RawClient client = connect_from(sluice, source);
    count += answer_to(client, request).status == 200 ? 1 : 0;
  }
  return count;
}

// A backend's: never answers /held.
void hold_some(BackendConnection& connection) {
  while (const auto request = connection.recv_request()) {
    if (request->target == "/held") connection.recv_to_close();
    connection.respond(200, "ok");
  }
}

}  // namespace

TEST_CASE("limits: a client gets its burst, then 429, and is told when to come again",
          "[wire][guard]") {
  SluiceProcess sluice(limited(R"("rate": "1/h", "burst": 3)"));
  RawClient client = sluice.connect();
  for (int i = 0; i < 3; ++i) CHECK(answer_to(client).status == 200);
  for (int i = 0; i < 3; ++i) {
    const Response refused = answer_to(client);
    CHECK(refused.status == 429);
    const int wait = std::stoi(refused.field("Retry-After"));
    CHECK(wait > 3000);
    CHECK(wait <= 3600);
    CHECK(refused.field("Connection") != "close");
  }
  CHECK(passed(sluice, 5, "127.0.0.2") == 3);
  CHECK(metrics_add_up(sluice, AtRest::No) == "");
  wait_for_metric(sluice, R"(sluice_request_ends_total{end="rate_limited"})", 5);
  sluice.wait_for_access_log("\" 429 ");
}

TEST_CASE("limits: all workers together give no more than the burst", "[wire][guard]") {
  SluiceProcess sluice(limited(R"("rate": "1/h", "burst": 20)", R"({"respond": {}})", "", 4));
  CHECK(passed(sluice, 60) == 20);
}

TEST_CASE("limits: what finds no route takes a token, too", "[wire][guard]") {
  SluiceProcess sluice(
      limited(R"("rate": "1/h", "burst": 2)", R"({"match": {"path": "/x"}, "respond": {}})"));
  RawClient client = sluice.connect();
  CHECK(answer_to(client).status == 404);
  CHECK(answer_to(client).status == 404);
  CHECK(answer_to(client).status == 429);
}

TEST_CASE("limits: a route may cost more", "[wire][guard]") {
  SluiceProcess sluice(limited(
      R"("rate": "1/h", "burst": 10)",
      R"({"respond": {}}, {"match": {"path": "/x"}, "respond": {}, "limits": {"cost": 4}})"));
  const std::string dear = "GET /x HTTP/1.1\r\nHost: a\r\n\r\n";
  CHECK(passed(sluice, 5, "127.0.0.1", dear) == 2);
  CHECK(passed(sluice, 5) == 2);
}

TEST_CASE("limits: a route's own limit is beside that of all", "[wire][guard]") {
  const std::string routes =
      R"({"respond": {}, "limits": {"per_ip": {"rate": "1/h", "burst": 2}}},
         {"match": {"path": "/x"}, "respond": {}, "limits": {"per_ip": {"rate": "1/h", "burst": 1}}})";
  SluiceProcess sluice(limited(R"("rate": "1/h", "burst": 7)", routes));
  const std::string other = "GET /x HTTP/1.1\r\nHost: a\r\n\r\n";
  CHECK(passed(sluice, 3) == 2);
  CHECK(passed(sluice, 2, "127.0.0.1", other) == 1);
}

TEST_CASE("limits: who is refused by a route's limit has paid nothing to that of all",
          "[wire][guard]") {
  const std::string routes =
      R"({"respond": {}},
         {"match": {"path": "/x"}, "respond": {}, "limits": {"per_ip": {"rate": "1/h", "burst": 1}}})";
  SluiceProcess sluice(limited(R"("rate": "1/h", "burst": 4, "fields": true)", routes));
  const std::string other = "GET /x HTTP/1.1\r\nHost: a\r\n\r\n";
  CHECK(passed(sluice, 20, "127.0.0.1", other) == 1);
  RawClient client = sluice.connect();
  const Response refused = answer_to(client, other);
  CHECK(refused.status == 429);
  CHECK(refused.has("Retry-After"));
  // They tell of what all have left, which is more than none.
  CHECK_FALSE(refused.has("RateLimit"));
  CHECK_FALSE(refused.has("RateLimit-Policy"));
  CHECK(passed(sluice, 9) == 3);
}

TEST_CASE("limits: a path that is refused takes a token, too", "[wire][guard]") {
  SluiceProcess sluice(limited(R"("rate": "1/h", "burst": 2)"));
  RawClient client = sluice.connect();
  CHECK(answer_to(client, "GET / HTTP/1.1\r\nHost: a\r\n\r\n").status == 200);
  CHECK(answer_to(client, "GET /../x HTTP/1.1\r\nHost: a\r\n\r\n").status == 400);
  RawClient again = sluice.connect();
  CHECK(answer_to(again, "GET /../x HTTP/1.1\r\nHost: a\r\n\r\n").status == 429);
}

TEST_CASE("limits: in shadow nobody is refused, but counted", "[wire][guard]") {
  SluiceProcess sluice(limited(R"("rate": "1/h", "burst": 2, "shadow": true)"));
  CHECK(passed(sluice, 5) == 5);
  CHECK(scrape(sluice).value("sluice_requests_shadowed_total") == 3);
}

// Two that come together are asked about at one moment, so that the second has to wait on the
// fastest machine and the slowest.
TEST_CASE("limits: who may wait for his turn waits, and is answered in the end", "[wire][guard]") {
  SluiceProcess sluice(limited(R"("rate": "50/s", "burst": 1, "delay": 100)"));
  std::vector<RawClient> clients;
  for (int i = 0; i < 10; ++i) clients.push_back(sluice.connect());
  for (RawClient& client : clients) client.send(std::string(kGet) + std::string(kGet));
  for (RawClient& client : clients) {
    CHECK(read_response(client).status == 200);
    CHECK(read_response(client).status == 200);
  }
  CHECK(scrape(sluice).value("sluice_requests_delayed_total") > 0);
  CHECK(metrics_add_up(sluice, AtRest::No) == "");
}

TEST_CASE("limits: beyond those who may wait is 429 at once, and who waits may leave",
          "[wire][guard]") {
  SluiceProcess sluice(limited(R"("rate": "1/h", "burst": 1, "delay": 1)"));
  CHECK(passed(sluice, 1) == 1);
  RawClient waits = sluice.connect();
  waits.send(kGet);
  // Only once that one waits there is no more room.
  wait_for_metric(sluice, "sluice_requests_delayed_total", 1);
  RawClient refused = sluice.connect();
  CHECK(answer_to(refused).status == 429);
  CHECK(waits.silent());
  waits.reset();
  wait_for_metric(sluice, R"(sluice_request_ends_total{end="client_aborted"})", 1);
  CHECK(metrics_add_up(sluice, AtRest::No) == "");
}

TEST_CASE("limits: whose turn comes before a drain is over has it", "[wire][guard][drain]") {
  SluiceProcess sluice(limited(R"("rate": "1/s", "burst": 1, "delay": 5)", R"({"respond": {}})",
                               R"(, "timeouts": {"drain": "1h"})", 1));
  RawClient client = sluice.connect();
  client.send(std::string(kGet) + std::string(kGet));
  CHECK(read_response(client).status == 200);
  wait_for_metric(sluice, "sluice_requests_delayed_total", 1);
  sluice.process().signal(SIGTERM);
  CHECK(read_response(client).status == 200);
  client.close();
  CHECK(sluice.process().wait().code == 0);
}

TEST_CASE("limits: a drain does not wait for who waits for his turn", "[wire][guard][drain]") {
  SluiceProcess sluice(limited(R"("rate": "1/h", "burst": 1, "delay": 2)", R"({"respond": {}})",
                               R"(, "timeouts": {"drain": "30m"})", 1));
  CHECK(passed(sluice, 1) == 1);
  RawClient waits = sluice.connect();
  waits.send(kGet);
  wait_for_metric(sluice, "sluice_requests_delayed_total", 1);
  // Let in already, and asks when the drain has begun.
  RawClient late = sluice.connect();
  wait_for_metric(sluice, "sluice_client_connections_open", 2);
  sluice.process().signal(SIGTERM);
  for (RawClient* const client : {&waits, &late}) {
    if (client == &late) late.send(kGet);
    const Response refused = read_response(*client);
    CHECK(refused.status == 503);
    CHECK(refused.field("Connection") == "close");
    client->close();
  }
  CHECK(sluice.process().wait().code == 0);
}

TEST_CASE("limits: a listener that a reload takes away still answers who waits for his turn",
          "[wire][guard][reload]") {
  SluiceProcess sluice(limited(R"("rate": "1/s", "burst": 1, "delay": 5)"));
  RawClient client = sluice.connect();
  client.send(std::string(kGet) + std::string(kGet));
  CHECK(read_response(client).status == 200);
  wait_for_metric(sluice, "sluice_requests_delayed_total", 1);
  REQUIRE(sluice.reload(R"({"workers": 2, "listeners": [{"address": "127.0.0.2:0"}],
    "routes": [{"respond": {}}]})"));
  CHECK(read_response(client).status == 200);
  client.expect_close();
}

TEST_CASE("limits: clients are told what is left, where that is wanted", "[wire][guard]") {
  SluiceProcess sluice(limited(R"("rate": "60/h", "burst": 2, "fields": true)"));
  RawClient client = sluice.connect();
  const Response first = answer_to(client);
  CHECK(first.field("RateLimit-Policy") == "\"default\";q=2;w=120");
  CHECK(first.field("RateLimit").starts_with("\"default\";r=1;t="));
  CHECK(answer_to(client).field("RateLimit").starts_with("\"default\";r=0;t="));
  const Response refused = answer_to(client);
  CHECK(refused.status == 429);
  CHECK(refused.field("RateLimit").starts_with("\"default\";r=0;t="));
  SluiceProcess silent(limited(R"("rate": "60/h", "burst": 2)"));
  RawClient other = silent.connect();
  CHECK_FALSE(answer_to(other).has("RateLimit"));
}

TEST_CASE("limits: a forged X-Forwarded-For buys nothing, a trusted one tells clients apart",
          "[wire][guard]") {
  const auto from = [](const std::string& client) {
    return "GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: " + client + "\r\n\r\n";
  };
  SluiceProcess strict(limited(R"("rate": "1/h", "burst": 2)"));
  RawClient forger = strict.connect();
  int got = 0;
  for (int i = 0; i < 6; ++i) {
    got += answer_to(forger, from("192.0.2." + std::to_string(i))).status == 200 ? 1 : 0;
  }
  CHECK(got == 2);
  SluiceProcess trusting(limited(R"("rate": "1/h", "burst": 2)", R"({"respond": {}})",
                                 R"(, "trusted_proxies": ["127.0.0.1"])"));
  RawClient proxy = trusting.connect();
  for (const char* client : {"192.0.2.1", "192.0.2.2", "2001:db8::1", "2001:db8:0:1::1"}) {
    CAPTURE(client);
    for (int i = 0; i < 2; ++i) CHECK(answer_to(proxy, from(client)).status == 200);
    CHECK(answer_to(proxy, from(client)).status == 429);
  }
  // The same /64.
  CHECK(answer_to(proxy, from("2001:db8::ffff")).status == 429);
}

TEST_CASE("limits: a reload changes the rules, not what clients have used up", "[wire][guard]") {
  SluiceProcess sluice(limited(R"("rate": "1/h", "burst": 2)"));
  CHECK(passed(sluice, 3) == 2);
  REQUIRE(sluice.reload(limited(R"("rate": "2/h", "burst": 2)", R"({"respond": {"body": "x"}})")));
  CHECK(passed(sluice, 2) == 0);
  REQUIRE(sluice.reload(limited("")));
  CHECK(passed(sluice, 5) == 5);
}

TEST_CASE("limits: only so many requests of a client are answered at once", "[wire][guard]") {
  ScriptedBackend backend(hold_some);
  const std::string routes = R"({"forward": {"pool": "p"}})";
  SluiceProcess sluice(
      limited(R"("requests": 2)", routes,
              R"(, "pools": {"p": {"backends": [")" + backend.address() + R"("]}})"));
  const std::string held = "GET /held HTTP/1.1\r\nHost: a\r\n\r\n";
  RawClient first = sluice.connect();
  RawClient second = sluice.connect();
  first.send(held);
  second.send(held);
  backend.wait_for_requests(2);
  RawClient third = sluice.connect();
  const Response refused = answer_to(third);
  CHECK(refused.status == 429);
  CHECK(refused.field("Retry-After") == "1");
  RawClient neighbour = connect_from(sluice, "127.0.0.2");
  CHECK(answer_to(neighbour).status == 200);
  // Whoever goes makes room.
  second.reset();
  wait_for_metric(sluice, "sluice_requests_in_flight", 1);
  CHECK(answer_to(third).status == 200);
  CHECK(answer_to(third).status == 200);
  wait_for_metric(sluice, R"(sluice_request_ends_total{end="too_many_at_once"})", 1);
}

TEST_CASE("limits: only so many requests of all clients of a listener are answered at once",
          "[wire][guard]") {
  ScriptedBackend backend(hold_some);
  SluiceProcess sluice(R"({"workers": 2, "listeners": [{"address": "127.0.0.1:0", "requests": 2},
    {"address": "127.0.0.1:0"}], "limits": {"per_ip": {"rate": "1/h", "burst": 2}},
    "access": {"deny": "127.0.0.6"}, "routes": [{"forward": {"pool": "p"}}], "pools": {"p": {"backends": [")" +
                       backend.address() + R"("]}}})");
  const std::string held = "GET /held HTTP/1.1\r\nHost: a\r\n\r\n";
  RawClient first = connect_from(sluice, "127.0.0.2");
  RawClient second = connect_from(sluice, "127.0.0.3");
  first.send(held);
  second.send(held);
  backend.wait_for_requests(2);
  RawClient third = connect_from(sluice, "127.0.0.4");
  for (int i = 0; i < 3; ++i) {  // and pays nothing for it
    const Response refused = answer_to(third);
    CHECK(refused.status == 503);
    CHECK(refused.field("Retry-After") == "1");
  }
  RawClient elsewhere = sluice.connect(1, {.source = "127.0.0.5"});
  CHECK(answer_to(elsewhere).status == 200);
  RawClient denied = connect_from(sluice, "127.0.0.6");
  CHECK(answer_to(denied).status == 403);
  second.reset();
  wait_for_metric(sluice, "sluice_requests_in_flight", 1);
  CHECK(answer_to(third).status == 200);
  CHECK(answer_to(third).status == 200);
  CHECK(answer_to(third).status == 429);
  wait_for_metric(sluice, R"(sluice_request_ends_total{end="listener_busy"})", 3);
}

TEST_CASE(
    "limits: who waits for his turn, or is refused by a route, takes no place of a listener's",
    "[wire][guard]") {
  ScriptedBackend backend(hold_some);
  SluiceProcess sluice(R"({"workers": 1, "listeners": [{"address": "127.0.0.1:0", "requests": 1}],
    "limits": {"per_ip": {"rate": "1/h", "burst": 1, "delay": 5}}, "routes": [
      {"forward": {"pool": "p"}},
      {"match": {"path": "/slow"}, "respond": {},
       "limits": {"per_ip": {"rate": "1/h", "burst": 1, "delay": 5}}},
      {"match": {"path": "/closed"}, "respond": {}, "access": {"deny": "all"}}],
    "pools": {"p": {"backends": [")" +
                       backend.address() + R"("]}}})");
  RawClient waits = connect_from(sluice, "127.0.0.2");
  CHECK(answer_to(waits).status == 200);
  waits.send(kGet);
  wait_for_metric(sluice, "sluice_requests_delayed_total", 1);
  const std::string slow = "GET /slow HTTP/1.1\r\nHost: a\r\n\r\n";
  RawClient waits_for_route = connect_from(sluice, "127.0.0.3");
  CHECK(answer_to(waits_for_route, slow).status == 200);
  waits_for_route.send(slow);
  wait_for_metric(sluice, "sluice_requests_delayed_total", 2);
  RawClient other = connect_from(sluice, "127.0.0.4");
  CHECK(answer_to(other).status == 200);
  // And while all places are taken, who is denied hears that.
  RawClient held = connect_from(sluice, "127.0.0.5");
  held.send("GET /held HTTP/1.1\r\nHost: a\r\n\r\n");
  backend.wait_for_requests(3);
  RawClient denied = connect_from(sluice, "127.0.0.6");
  CHECK(answer_to(denied, "GET /closed HTTP/1.1\r\nHost: a\r\n\r\n").status == 403);
  RawClient late = connect_from(sluice, "127.0.0.7");
  CHECK(answer_to(late).status == 503);
}
