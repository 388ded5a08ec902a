// SPDX-License-Identifier: MIT
// The admin listener: what it answers, to whom, and for how long.
#include <catch2/catch.hpp>

#include <signal.h>

#include <string>

#include "tests/support/access_log_lines.h"
#include "tests/support/http_reader.h"
#include "tests/support/metrics.h"
#include "tests/support/scripted_backend.h"
#include "tests/support/sluice_process.h"
#include "tests/wire/configs.h"
#include "tests/wire/endings.h"

using sluice::support::BackendConnection;
using sluice::support::RawClient;
using sluice::support::read_response;
using sluice::support::Response;
using sluice::support::ScriptedBackend;
using sluice::support::SluiceProcess;
using sluice::support::TempDir;
using sluice::wire::forwarding_to;
using sluice::wire::Gate;

namespace {

std::string operators_config(const std::string& more = {}) {
  return R"({"workers": 2, "listeners": [{"address": "127.0.0.1:0"}],
    "access_log": {"format": "json"},
    "routes": [{"match": {}, "respond": {"body": "operator's"}}])" +
         more + "}";
}

std::string admin_at(const std::string& address, const std::string& more = {}) {
  return R"(, "admin": {"address": ")" + address + "\"" + more + "}";
}

Response ask(RawClient& client, const std::string& line, const std::string& fields = {}) {
  client.send(line + " HTTP/1.1\r\nHost: localhost\r\n" + fields + "\r\n");
  return read_response(client, line.starts_with("HEAD") ? sluice::support::ResponseTo::Head
                                                        : sluice::support::ResponseTo::Get);
}

// Of the admin listener with that address: where the log says that it is.
int admin_port(SluiceProcess& sluice, std::size_t from = 0) {
  const std::size_t at = sluice.wait_for_log("admin listener on http://127.0.0.1:", from);
  sluice.wait_for_log("\n", at);
  return std::stoi(sluice.log().substr(at));
}

}  // namespace

TEST_CASE("admin: it answers on its own address, and nothing of the operator's routes",
          "[wire][admin]") {
  SluiceProcess sluice(operators_config());
  RawClient admin = sluice.connect_admin();
  CHECK(ask(admin, "GET /live").body == "live\n");
  CHECK(ask(admin, "GET /ready").body == "ready\n");
  CHECK(ask(admin, "GET /metrics").field("Content-Type") ==
        "text/plain; version=0.0.4; charset=utf-8");
  CHECK(ask(admin, "GET /").body.find("/metrics") != std::string::npos);
  CHECK(ask(admin, "HEAD /metrics").status == 200);
  CHECK(ask(admin, "GET /index.html").status == 404);
  CHECK(ask(admin, "GET /metrics/").status == 404);
  const Response refused = ask(admin, "POST /metrics", "Content-Length: 0\r\n");
  CHECK(refused.status == 405);
  CHECK(refused.field("Allow") == "GET, HEAD");
}

TEST_CASE("admin: no other listener answers for it", "[wire][admin]") {
  SluiceProcess sluice(operators_config());
  RawClient client = sluice.connect();
  for (const char* path : {"/metrics", "/ready", "/live", "/"}) {
    CHECK(ask(client, std::string("GET ") + path).body == "operator's");
  }
}

TEST_CASE("admin: a reload moves it, and its old address is gone", "[wire][admin][reload]") {
  SluiceProcess sluice(operators_config(admin_at("127.0.0.1:0")));
  RawClient before(admin_port(sluice));
  CHECK(ask(before, "GET /live").status == 200);
  const std::size_t from = sluice.log().size();
  const std::string path = sluice.directory().file("moved.sock");
  REQUIRE(sluice.reload(operators_config(admin_at("unix:" + path))));
  before.expect_close();
  RawClient moved(path);
  CHECK(ask(moved, "GET /live").status == 200);
  CHECK(sluice.log().find("admin listener on http+unix:" + path, from) != std::string::npos);
  RawClient client = sluice.connect();
  CHECK(ask(client, "GET /live").body == "operator's");
}

TEST_CASE("admin: a reload that keeps its address keeps its connections", "[wire][admin][reload]") {
  SluiceProcess sluice(operators_config());
  RawClient admin = sluice.connect_admin();
  CHECK(ask(admin, "GET /live").status == 200);
  REQUIRE(sluice.reload(operators_config(R"(, "timeouts": {"idle": "50s"})")));
  CHECK(ask(admin, "GET /live").status == 200);
}

TEST_CASE("admin: an address that becomes a client's listener serves no metrics to clients",
          "[wire][admin][reload]") {
  const TempDir directory;
  const std::string path = directory.file("swapped.sock");
  SluiceProcess sluice(operators_config(admin_at("unix:" + path)));
  RawClient admin(path);
  CHECK(ask(admin, "GET /live").body == "live\n");
  // The socket file stands in the way until the listener has moved: that reload fails whole.
  CHECK_FALSE(sluice.reload(R"({"listeners": [{"address": "127.0.0.1:0"}, {"address": "unix:)" +
                            path + R"("}], "routes": [{"respond": {"body": "operator's"}}],
      "admin": {"address": "unix:)" +
                            directory.file("other.sock") + R"("}})"));
  CHECK(ask(admin, "GET /live").body == "live\n");
  RawClient client = sluice.connect();
  CHECK(ask(client, "GET /live").body == "operator's");
}

TEST_CASE("admin: a token is asked for, and a reload changes it", "[wire][admin]") {
  const TempDir directory;
  const std::string file = directory.write("token", "first\n");
  const std::string config =
      operators_config(admin_at("127.0.0.1:0", R"(, "token_file": ")" + file + "\""));
  SluiceProcess sluice(config);
  RawClient admin(admin_port(sluice));
  CHECK(ask(admin, "GET /live").status == 401);
  CHECK(ask(admin, "GET /live", "Authorization: Bearer first\r\n").status == 200);
  directory.write("token", "second\n");
  REQUIRE(sluice.reload(config));
  CHECK(ask(admin, "GET /live", "Authorization: Bearer first\r\n").status == 401);
  CHECK(ask(admin, "GET /live", "Authorization: Bearer second\r\n").status == 200);
  directory.write("token", "\n");
  CHECK_FALSE(sluice.reload(config));
  CHECK(ask(admin, "GET /live", "Authorization: Bearer second\r\n").status == 200);
}

TEST_CASE("admin: while it drains it says so, until the last exchange has ended",
          "[wire][admin][drain]") {
  Gate gate;
  ScriptedBackend backend([&gate](BackendConnection& connection) {
    if (!connection.recv_request()) return;
    gate.wait();
    connection.respond(200, "held");
  });
  SluiceProcess sluice(forwarding_to(backend));
  RawClient kept = sluice.connect_admin();
  CHECK(ask(kept, "GET /ready").status == 200);
  RawClient busy = sluice.connect();
  busy.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  backend.wait_for_requests(1);
  sluice.process().signal(SIGTERM);
  sluice.wait_for_log("draining");
  CHECK(ask(kept, "GET /ready").status == 503);
  CHECK(ask(kept, "GET /live").status == 200);
  CHECK(sluice::support::scrape(sluice).value("sluice_draining") == 1);  // a new connection
  gate.open();
  CHECK(read_response(busy).body == "held");
  CHECK(sluice.process().wait().code == 0);  // although an admin connection is open
  CHECK_THROWS(sluice.connect_admin());
}

TEST_CASE("admin: its requests are in the access log, and not in the metrics",
          "[wire][admin][metrics]") {
  SluiceProcess sluice(operators_config());
  RawClient admin = sluice.connect_admin();
  CHECK(ask(admin, "GET /live").status == 200);
  sluice.wait_for_access_log(R"("route":"admin")");
  const auto metrics = sluice::support::scrape(sluice);
  CHECK(metrics.sum("sluice_client_connections_accepted_total") == 0);
  CHECK(metrics.sum("sluice_requests_begun_total") == 0);
  CHECK(metrics.sum("sluice_requests_total") == 0);
  CHECK(metrics.sum("sluice_response_body_bytes_total") == 0);
}

TEST_CASE("admin: it answers when clients have taken all the connections there may be",
          "[wire][admin]") {
  SluiceProcess sluice(R"({"workers": 1, "listeners": [{"address": "127.0.0.1:0"}],
    "limits": {"connections": 1}, "routes": [{"respond": {"body": "ok"}}]})");
  RawClient only = sluice.connect();
  CHECK(ask(only, "GET /").status == 200);
  RawClient admin = sluice.connect_admin();
  CHECK(ask(admin, "GET /live").status == 200);
}

TEST_CASE("admin: clients that leave before their answer leave nothing behind", "[wire][admin]") {
  SluiceProcess sluice(operators_config());
  const std::size_t at_rest = sluice::support::descriptor_count(sluice.process_id());
  for (int i = 0; i < 50; ++i) {
    RawClient admin = sluice.connect_admin();
    admin.send("GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n");
    if (i % 2 == 0) admin.reset();
  }
  sluice::wire::check_at_rest(sluice, at_rest);
}

TEST_CASE("admin: a page in a browser cannot make it do anything", "[wire][admin]") {
  SluiceProcess sluice(operators_config());
  RawClient admin = sluice.connect_admin();
  CHECK(ask(admin, "POST /cache/purge?all", "Content-Length: 0\r\n").status == 200);
  CHECK(ask(admin, "POST /cache/purge?all", "Content-Length: 0\r\nOrigin: https://evil.example\r\n")
            .status == 403);
}

// DNS rebinding: the page's own name leads here, so its requests carry no Origin.
TEST_CASE("admin: without a token it is asked for by no name that may be anybody's",
          "[wire][admin][regression]") {
  SluiceProcess sluice(operators_config(admin_at("127.0.0.1:0")));
  const auto status_as = [port = admin_port(sluice)](const std::string& host) {
    RawClient admin(port);
    admin.send("GET /metrics HTTP/1.1\r\nHost: " + host + "\r\n\r\n");
    return read_response(admin).status;
  };
  for (const char* host : {"evil.example", "localhost.evil.example", "127.0.0.1.evil.example:80"}) {
    CAPTURE(host);
    CHECK(status_as(host) == 403);
  }
  for (const char* host : {"localhost", "LocalHost:9901", "127.0.0.1:9901", "[::1]", "10.0.0.1"}) {
    CAPTURE(host);
    CHECK(status_as(host) == 200);
  }
  RawClient nameless(admin_port(sluice));
  nameless.send("GET /live HTTP/1.0\r\n\r\n");
  CHECK(read_response(nameless).status == 200);
}
