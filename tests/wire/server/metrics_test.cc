// SPDX-License-Identifier: MIT
// What is counted, of a mixture of everything: the sums add up, and each part is what it was.
#include <catch2/catch.hpp>

#include <string>

#include "tests/support/http_reader.h"
#include "tests/support/metrics.h"
#include "tests/support/scripted_backend.h"
#include "tests/support/sluice_process.h"
#include "tests/support/test_certificates.h"
#include "tests/wire/configs.h"
#include "tests/wire/endings.h"

using sluice::support::AtRest;
using sluice::support::BackendConnection;
using sluice::support::Metrics;
using sluice::support::metrics_add_up;
using sluice::support::RawClient;
using sluice::support::read_response;
using sluice::support::read_response_head;
using sluice::support::scrape;
using sluice::support::ScriptedBackend;
using sluice::support::SluiceProcess;
using sluice::support::TempDir;
using sluice::support::wait_for_metric;
using sluice::wire::forwarding_to;

namespace {

constexpr std::string_view kUpgrade =
    "GET /tunnel HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";

void serve(BackendConnection& connection) {
  while (const auto request = connection.recv_request()) {
    if (request->target == "/tunnel") {
      connection.send(
          "HTTP/1.1 101 Sure\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nhello");
      return void(connection.recv_to_close());
    }
    if (request->target == "/bad") return connection.send("nonsense\r\n\r\n");
    if (request->target == "/never") return void(connection.recv_to_close());
    connection.respond(request->target == "/missing" ? 404 : 200, "12345");
  }
}

int get_status(RawClient& client, const std::string& path) {
  client.send("GET " + path + " HTTP/1.1\r\nHost: a\r\n\r\n");
  return read_response(client).status;
}

// A config with a route of its own for /fixed, in front of the pool's.
std::string two_routes(const std::string& address, const std::string& body) {
  return R"({"workers": 2, "listeners": [{"address": "127.0.0.1:0"}],
    "pools": {"p": {"backends": [")" +
         address + R"("]}}, "routes": [{"forward": {"pool": "p"}},
    {"match": {"path": "/fixed"}, "respond": {"body": ")" +
         body + R"("}}]})";
}

}  // namespace

TEST_CASE("metrics: requests are counted by status, by end and by route", "[wire][metrics]") {
  ScriptedBackend backend(serve);
  SluiceProcess sluice(forwarding_to(backend));
  RawClient client = sluice.connect();
  for (int i = 0; i < 3; ++i) CHECK(get_status(client, "/") == 200);
  CHECK(get_status(client, "/missing") == 404);
  CHECK(get_status(client, "/bad") == 502);
  client.close();
  RawClient malformed = sluice.connect();
  malformed.send("GET / HTTP/1.1\nHost: a\r\n\r\n");
  CHECK(read_response(malformed).status == 400);
  malformed.close();
  RawClient leaver = sluice.connect();
  leaver.send("GET /never HTTP/1.1\r\nHost: a\r\n\r\n");
  backend.wait_for_requests(6);
  leaver.reset();
  CHECK(metrics_add_up(sluice, AtRest::Yes) == "");
  const Metrics metrics = scrape(sluice);
  CHECK(metrics.value(R"(sluice_requests_total{status="2xx"})") == 3);
  CHECK(metrics.value(R"(sluice_requests_total{status="4xx"})") == 2);
  CHECK(metrics.value(R"(sluice_requests_total{status="5xx"})") == 1);
  CHECK(metrics.value(R"(sluice_requests_total{status="499"})") == 1);
  CHECK(metrics.value(R"(sluice_request_ends_total{end="ok"})") == 4);
  CHECK(metrics.value(R"(sluice_request_ends_total{end="client_aborted"})") == 1);
  CHECK(metrics.value(R"(sluice_request_ends_total{end="bare_lf"})") == 1);
  CHECK(metrics.value(R"(sluice_request_ends_total{end="bad_version"})") == 1);
  CHECK(metrics.value(R"(sluice_route_requests_total{route="*/*",status="2xx"})") == 3);
  CHECK(metrics.value(R"(sluice_route_requests_total{route="-",status="4xx"})") == 1);
  CHECK(metrics.value("sluice_client_connections_accepted_total") == 3);
}

TEST_CASE("metrics: bodies count by their bytes, without heads and framing", "[wire][metrics]") {
  ScriptedBackend backend(serve);
  SluiceProcess sluice(forwarding_to(backend));
  RawClient client = sluice.connect();
  client.send(
      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n4\r\ndefg\r\n"
      "0\r\n\r\n");
  CHECK(read_response(client).status == 200);
  client.close();
  CHECK(metrics_add_up(sluice, AtRest::Yes) == "");
  const Metrics metrics = scrape(sluice);
  CHECK(metrics.value("sluice_request_body_bytes_total") == 7);
  CHECK(metrics.value("sluice_response_body_bytes_total") == 5);
}

TEST_CASE("metrics: a tunnel is open until it ends, and its bytes count as they flow",
          "[wire][metrics][tunnel]") {
  ScriptedBackend backend(serve);
  SluiceProcess sluice(forwarding_to(backend));
  RawClient client = sluice.connect();
  client.send(kUpgrade);
  CHECK(read_response_head(client).status == 101);
  CHECK(client.recv_exact(5) == "hello");
  wait_for_metric(sluice, "sluice_tunnel_sent_bytes_total", 5);
  Metrics metrics = scrape(sluice);
  CHECK(metrics.value("sluice_tunnels_opened_total") == 1);
  CHECK(metrics.value("sluice_tunnels_open") == 1);
  CHECK(metrics.value("sluice_requests_in_flight") == 1);
  CHECK(metrics_add_up(sluice) == "");
  client.send("four");
  client.half_close();
  client.recv_to_close();
  CHECK(metrics_add_up(sluice, AtRest::Yes) == "");
  metrics = scrape(sluice);
  CHECK(metrics.value("sluice_tunnels_ended_total") == 1);
  CHECK(metrics.value("sluice_tunnel_received_bytes_total") == 4);
  CHECK(metrics.value(R"(sluice_requests_total{status="1xx"})") == 1);
  CHECK(metrics.value("sluice_request_duration_seconds_count") == 0);
}

TEST_CASE("metrics: a retry is an attempt more, and its backend's failure", "[wire][metrics]") {
  ScriptedBackend backend(serve);
  // Nothing listens on port 1; it is tried first.
  SluiceProcess sluice(forwarding_to({"127.0.0.1:1", backend.address()}));
  RawClient client = sluice.connect();
  CHECK(get_status(client, "/") == 200);
  CHECK(get_status(client, "/") == 200);
  client.close();
  CHECK(metrics_add_up(sluice, AtRest::Yes) == "");
  const Metrics metrics = scrape(sluice);
  const std::string dead = R"({pool="p",backend="127.0.0.1:1"})";
  const std::string alive = R"({pool="p",backend=")" + backend.address() + "\"}";
  CHECK(metrics.value("sluice_backend_failures_total" + dead) == 1);
  CHECK(metrics.value("sluice_backend_up" + dead) == 0);
  CHECK(metrics.value("sluice_backend_up" + alive) == 1);
  CHECK(metrics.value("sluice_backend_requests_total" + alive) == 2);
  CHECK(metrics.value("sluice_backend_attempts_total") == 3);
  CHECK(metrics.value("sluice_backend_retries_total") == 1);
  CHECK(metrics.value("sluice_backend_connects_total") == 2);
  CHECK(metrics.value("sluice_backend_connections_opened_total") == 1);
  CHECK(metrics.value("sluice_backend_connections_reused_total") == 1);
}

TEST_CASE("metrics: a handshake that fails is counted, and no request", "[wire][metrics][tls]") {
  const TempDir directory;
  const auto certificate =
      sluice::support::make_certificate(directory.path(), "localhost", {"localhost"});
  SluiceProcess sluice(R"({"workers": 1, "listeners": [{"address": "127.0.0.1:0",
    "tls": {"certificates": [{"cert": ")" +
                       certificate.cert_path + R"(", "key": ")" + certificate.key_path +
                       R"("}]}}], "routes": [{"respond": {"body": "ok"}}]})");
  RawClient plain = sluice.connect();
  plain.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  plain.recv_to_close();
  RawClient silent = sluice.connect();
  silent.close();
  RawClient good = sluice.connect();
  good.handshake();
  CHECK(get_status(good, "/") == 200);
  good.close();
  CHECK(metrics_add_up(sluice, AtRest::Yes) == "");
  const Metrics metrics = scrape(sluice);
  CHECK(metrics.value("sluice_client_connections_accepted_total") == 3);
  CHECK(metrics.value("sluice_client_tls_handshakes_failed_total") == 2);
  CHECK(metrics.value("sluice_requests_begun_total") == 1);
}

TEST_CASE("metrics: a reload keeps what was counted, by the names that stay",
          "[wire][metrics][reload]") {
  ScriptedBackend backend(serve);
  SluiceProcess sluice(two_routes(backend.address(), "one"));
  const std::string route = R"(sluice_route_requests_total{route="*/fixed",status="2xx"})";
  const std::string backends =
      R"(sluice_backend_requests_total{pool="p",backend=")" + backend.address() + "\"}";
  RawClient client = sluice.connect();
  CHECK(get_status(client, "/fixed") == 200);
  CHECK(get_status(client, "/") == 200);
  REQUIRE(sluice.reload(two_routes(backend.address(), "two")));
  REQUIRE_FALSE(sluice.reload("{ not json"));
  CHECK(get_status(client, "/fixed") == 200);
  CHECK(get_status(client, "/") == 200);
  client.close();
  CHECK(metrics_add_up(sluice, AtRest::Yes) == "");
  const Metrics metrics = scrape(sluice);
  CHECK(metrics.value(route) == 2);
  CHECK(metrics.value(backends) == 2);
  CHECK(metrics.value("sluice_config_generation") == 2);
  CHECK(metrics.value(R"(sluice_config_reloads_total{result="ok"})") == 1);
  CHECK(metrics.value(R"(sluice_config_reloads_total{result="failed"})") == 1);
}

TEST_CASE("metrics: the process says what it is and since when", "[wire][metrics]") {
  SluiceProcess sluice(two_routes("127.0.0.1:1", "one"));
  const Metrics metrics = scrape(sluice);
  CHECK(metrics.value(R"(sluice_build_info{version="0.1.0"})") == 1);
  CHECK(metrics.value("sluice_workers") == 2);
  CHECK(metrics.value("sluice_draining") == 0);
  CHECK(metrics.value("process_start_time_seconds") > 1.7e9);
  CHECK(metrics.value("process_cpu_seconds_total") >= 0);
  CHECK(metrics.value("sluice_access_log_dropped_lines_total") == 0);
}

TEST_CASE("metrics: who is no trusted proxy is accepted and closed", "[wire][metrics]") {
  SluiceProcess sluice(R"({"workers": 1, "trusted_proxies": ["192.0.2.1"],
    "listeners": [{"address": "127.0.0.1:0", "proxy_protocol": true}],
    "routes": [{"respond": {"body": "ok"}}]})");
  sluice.connect().recv_to_close();
  CHECK(metrics_add_up(sluice, AtRest::Yes) == "");
  CHECK(scrape(sluice).value("sluice_client_connections_closed_total") == 1);
}
