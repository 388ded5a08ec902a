// SPDX-License-Identifier: MIT
// Who is let in: lists, connections of one client, over the wire.
#include <catch2/catch.hpp>

#include <string>
#include <vector>

#include "tests/support/http_reader.h"
#include "tests/support/metrics.h"
#include "tests/support/sluice_process.h"
#include "tests/support/test_certificates.h"
#include "tests/wire/guard/common.h"

using sluice::support::AtRest;
using sluice::support::metrics_add_up;
using sluice::support::RawClient;
using sluice::support::read_response;
using sluice::support::scrape;
using sluice::support::SluiceProcess;
using sluice::support::TempDir;
using sluice::support::wait_for_metric;
using sluice::wire::kGet;

namespace {

// `members`: with a comma in front.
std::string with(const std::string& members, const std::string& route = "",
                 const std::string& listener = "") {
  return R"({"workers": 2, "listeners": [{"address": "127.0.0.1:0")" + listener +
         R"(}], "routes": [{"respond": {"body": "ok"})" + route + "}]" + members + "}";
}

int status_from(const SluiceProcess& sluice, const std::string& source) {
  RawClient client = sluice.connect(0, {.source = source});
  client.send(kGet);
  return read_response(client).status;
}

// No byte comes, and the connection is closed.
bool is_dropped(const SluiceProcess& sluice, const std::string& source) {
  RawClient client = sluice.connect(0, {.source = source});
  return client.recv_to_close().empty();
}

std::string refused(const std::string& reason) {
  return "sluice_client_connections_refused_total{reason=\"" + reason + "\"}";
}

}  // namespace

TEST_CASE("access: the longest prefix says who may", "[wire][guard]") {
  SluiceProcess sluice(
      with(R"(, "access": {"allow": "127.0.0.4/30", "deny": ["127.0.0.0/29", "127.0.0.5"]})"));
  CHECK(status_from(sluice, "127.0.0.2") == 403);
  CHECK(status_from(sluice, "127.0.0.4") == 200);
  CHECK(status_from(sluice, "127.0.0.5") == 403);
  CHECK(status_from(sluice, "127.0.0.9") == 200);
  CHECK(metrics_add_up(sluice, AtRest::No) == "");
  wait_for_metric(sluice, R"(sluice_request_ends_total{end="access_denied"})", 2);
}

TEST_CASE("access: all may be denied, but for some", "[wire][guard]") {
  SluiceProcess sluice(with(R"(, "access": {"allow": "127.0.0.2", "deny": "all"})"));
  CHECK(status_from(sluice, "127.0.0.1") == 403);
  CHECK(status_from(sluice, "127.0.0.2") == 200);
}

TEST_CASE("access: who is dropped gets no byte, before TLS", "[wire][guard][tls]") {
  const TempDir directory;
  const auto certificate =
      sluice::support::make_certificate(directory.path(), "localhost", {"localhost"});
  SluiceProcess sluice(with(R"(, "access": {"deny": "127.0.0.2", "deny_with": "drop"})", "",
                            R"(, "tls": {"certificates": [{"cert": ")" + certificate.cert_path +
                                R"(", "key": ")" + certificate.key_path + R"("}]})"));
  CHECK(is_dropped(sluice, "127.0.0.2"));
  RawClient client = sluice.connect();
  client.handshake();
  client.send(kGet);
  CHECK(read_response(client).status == 200);
  client.close();
  CHECK(metrics_add_up(sluice, AtRest::Yes) == "");
  CHECK(scrape(sluice).value(refused("denied")) == 1);
}

TEST_CASE("access: who is dropped after a reload loses the connection he had",
          "[wire][guard][reload]") {
  SluiceProcess sluice(with(""));
  RawClient denied = sluice.connect(0, {.source = "127.0.0.2"});
  RawClient other = sluice.connect();
  for (RawClient* const client : {&denied, &other}) {
    client->send(kGet);
    CHECK(read_response(*client).status == 200);
  }
  REQUIRE(sluice.reload(with(R"(, "access": {"deny": "127.0.0.2", "deny_with": "drop"})")));
  denied.send(kGet);
  CHECK(read_response(denied).status == 403);
  denied.expect_close();
  other.send(kGet);
  CHECK(read_response(other).status == 200);
  CHECK(is_dropped(sluice, "127.0.0.2"));
}

TEST_CASE("access: who is denied learns nothing of paths", "[wire][guard]") {
  SluiceProcess sluice(with(R"(, "access": {"deny": "127.0.0.2"})"));
  RawClient client = sluice.connect(0, {.source = "127.0.0.2"});
  client.send("GET /../x HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(read_response(client).status == 403);
}

TEST_CASE("access: a route has lists of its own", "[wire][guard]") {
  SluiceProcess sluice(with("", R"(, "access": {"deny": "127.0.0.2"}},
    {"match": {"path": "/open"}, "respond": {"body": "open"})"));
  CHECK(status_from(sluice, "127.0.0.2") == 403);
  CHECK(status_from(sluice, "127.0.0.1") == 200);
  RawClient client = sluice.connect(0, {.source = "127.0.0.2"});
  client.send("GET /open HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(read_response(client).status == 200);
}

TEST_CASE("access: no other spelling of a path goes around a rule", "[wire][guard][regression]") {
  SluiceProcess sluice(with("", R"(},
    {"match": {"path": "/v1/users:delete"}, "respond": {"body": "no"}, "access": {"deny": "all"}},
    {"match": {"path": "/x%7By%7D/*"}, "respond": {"body": "no"}, "access": {"deny": "all"})"));
  for (const std::string path : {"/v1/users:delete", "/v1/users%3Adelete", "/v1/users%3adelete",
                                 "/x%7By%7D/a", "/x%7by}/a", "/x{y}/a", "/a/../x{y}/%7Ea"}) {
    CAPTURE(path);
    RawClient client = sluice.connect();
    client.send("GET " + path + " HTTP/1.1\r\nHost: a\r\n\r\n");
    CHECK(read_response(client).status == 403);
  }
}

TEST_CASE("access: a client behind a trusted proxy is judged by its own address", "[wire][guard]") {
  SluiceProcess sluice(
      with(R"(, "trusted_proxies": ["127.0.0.1"], "access": {"deny": "192.0.2.0/24"})"));
  RawClient proxy = sluice.connect();
  proxy.send("GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 192.0.2.9\r\n\r\n");
  CHECK(read_response(proxy).status == 403);
  proxy.send("GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 198.51.100.9\r\n\r\n");
  CHECK(read_response(proxy).status == 200);
}

TEST_CASE("access: a trusted proxy is not dropped for its own address, its clients are judged",
          "[wire][guard]") {
  SluiceProcess sluice(with(R"(, "trusted_proxies": ["127.0.0.1"],
    "access": {"allow": "192.0.2.0/24", "deny": "all", "deny_with": "drop"})"));
  RawClient proxy = sluice.connect();
  proxy.send("GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 192.0.2.9\r\n\r\n");
  CHECK(read_response(proxy).status == 200);
  proxy.send("GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 198.51.100.9\r\n\r\n");
  CHECK(read_response(proxy).status == 403);
  CHECK(is_dropped(sluice, "127.0.0.2"));
}

TEST_CASE("access: peers on a Unix socket have no address that could be denied", "[wire][guard]") {
  const TempDir directory;
  const std::string path = directory.file("http.sock");
  SluiceProcess sluice(R"({"workers": 1, "listeners": [{"address": "unix:)" + path +
                       R"("}], "routes": [{"respond": {"body": "ok"}}],
    "access": {"deny": "all", "deny_with": "drop"}, "jail": {"errors": "1/h"},
    "limits": {"per_ip": {"rate": "1/h", "burst": 1, "connections": 1, "requests": 1,
                          "connection_rate": "1/h"}}})");
  for (int i = 0; i < 3; ++i) {
    RawClient client(path);
    client.send(kGet);
    CHECK(read_response(client).status == 200);
    RawClient other(path);
    other.send("GET / HTTP/1.1\nHost: a\r\n\r\n");
    CHECK(read_response(other).status == 400);
  }
}

TEST_CASE("access: a list's file is read again when it changes, and kept when it is broken",
          "[wire][guard]") {
  const TempDir directory;
  directory.write("deny", "# nobody yet\n");
  SluiceProcess sluice(with(R"(, "access": {"deny": ["file:)" + directory.file("deny") + R"("]})"));
  CHECK(status_from(sluice, "127.0.0.2") == 200);
  directory.write("deny", "127.0.0.2  # him\n127.0.0.3\n");
  std::size_t at = sluice.wait_for_log("lists reloaded");
  CHECK(status_from(sluice, "127.0.0.2") == 403);
  CHECK(status_from(sluice, "127.0.0.4") == 200);
  directory.write("deny", "127.0.0.4\nnonsense\n");
  at = sluice.wait_for_log("the lists stay as they were", at);
  CHECK(sluice.log().find(directory.file("deny") + ":2: \"nonsense\"") != std::string::npos);
  CHECK(status_from(sluice, "127.0.0.2") == 403);
  CHECK(status_from(sluice, "127.0.0.4") == 200);
  directory.write("deny", "127.0.0.4\n");
  sluice.wait_for_log("lists reloaded", at);
  CHECK(status_from(sluice, "127.0.0.2") == 200);
  CHECK(status_from(sluice, "127.0.0.4") == 403);
}

TEST_CASE("access: a configuration with a broken list does not start, and says where",
          "[wire][guard]") {
  const TempDir directory;
  directory.write("deny", "127.0.0.2\n\n127.0.0.256\n");
  CHECK_THROWS_WITH(
      SluiceProcess(with(R"(, "access": {"deny": "file:)" + directory.file("deny") + R"("})")),
      Catch::Contains("deny:3: \"127.0.0.256\""));
}

TEST_CASE("connections: a client has so many at once, and another has his own", "[wire][guard]") {
  SluiceProcess sluice(with(R"(, "limits": {"per_ip": {"connections": 2}})"));
  RawClient first = sluice.connect();
  first.send(kGet);
  CHECK(read_response(first).status == 200);
  RawClient second = sluice.connect();
  second.send(kGet);
  CHECK(read_response(second).status == 200);
  CHECK(is_dropped(sluice, "127.0.0.1"));
  CHECK(status_from(sluice, "127.0.0.2") == 200);
  second.close();
  wait_for_metric(sluice, "sluice_client_connections_open", 1);
  CHECK(status_from(sluice, "127.0.0.1") == 200);
  CHECK(scrape(sluice).value(refused("too_many")) == 1);
}

TEST_CASE("connections: a listener has so many, whoever they are of", "[wire][guard]") {
  SluiceProcess sluice(with("", "", R"(, "connections": 2)"));
  RawClient first = sluice.connect(0, {.source = "127.0.0.2"});
  first.send(kGet);
  CHECK(read_response(first).status == 200);
  RawClient second = sluice.connect(0, {.source = "127.0.0.3"});
  second.send(kGet);
  CHECK(read_response(second).status == 200);
  CHECK(is_dropped(sluice, "127.0.0.4"));
  first.close();
  wait_for_metric(sluice, "sluice_client_connections_open", 1);
  CHECK(status_from(sluice, "127.0.0.4") == 200);
}

TEST_CASE("connections: a listener takes so many in a while", "[wire][guard]") {
  SluiceProcess sluice(with("", "", R"(, "connection_rate": "2/h")"));
  CHECK(status_from(sluice, "127.0.0.2") == 200);
  CHECK(status_from(sluice, "127.0.0.3") == 200);
  CHECK(is_dropped(sluice, "127.0.0.4"));
  CHECK(scrape(sluice).value(refused("too_fast")) == 1);
}

TEST_CASE("connections: a client opens so many in a while", "[wire][guard]") {
  SluiceProcess sluice(with(R"(, "limits": {"per_ip": {"connection_rate": "3/h"}})"));
  for (int i = 0; i < 3; ++i) CHECK(status_from(sluice, "127.0.0.1") == 200);
  CHECK(is_dropped(sluice, "127.0.0.1"));
  CHECK(status_from(sluice, "127.0.0.2") == 200);
  CHECK(scrape(sluice).value(refused("too_fast")) == 1);
}

TEST_CASE("connections: behind the PROXY protocol they are those of the client it names",
          "[wire][guard][proxy_protocol]") {
  SluiceProcess sluice(with(R"(, "trusted_proxies": ["127.0.0.1"],
    "access": {"deny": "192.0.2.3", "deny_with": "drop"},
    "limits": {"per_ip": {"connections": 1}})",
                            "", R"(, "proxy_protocol": true)"));
  const auto open = [&sluice](const std::string& client) {
    RawClient connection = sluice.connect();
    connection.send("PROXY TCP4 " + client + " 127.0.0.1 1 2\r\n");
    return connection;
  };
  RawClient first = open("192.0.2.1");
  first.send(kGet);
  CHECK(read_response(first).status == 200);
  RawClient again = open("192.0.2.1");
  CHECK(again.recv_to_close().empty());
  RawClient other = open("192.0.2.2");
  other.send(kGet);
  CHECK(read_response(other).status == 200);
  RawClient denied = open("192.0.2.3");
  CHECK(denied.recv_to_close().empty());
}

TEST_CASE("connections: neighbours in an IPv6 /64 are one client, and two behind a proxy are not",
          "[wire][guard][proxy_protocol]") {
  SluiceProcess sluice(with(R"(, "trusted_proxies": ["127.0.0.1"],
    "limits": {"per_ip": {"connection_rate": "2/h"}})",
                            "", R"(, "proxy_protocol": true)"));
  const auto may = [&sluice](const std::string& client) {
    RawClient connection = sluice.connect();
    connection.send("PROXY TCP6 " + client + " ::1 1 2\r\n");
    if (connection.try_send(kGet) && !connection.peek(1).empty()) {
      return read_response(connection).status == 200;
    }
    return false;
  };
  CHECK(may("2001:db8:0:1::1"));
  CHECK(may("2001:db8:0:1:ffff::2"));
  CHECK_FALSE(may("2001:db8:0:1::3"));
  CHECK(may("2001:db8:0:2::1"));
  CHECK(scrape(sluice).value(refused("too_fast")) == 1);
}

TEST_CASE("access: who is turned away for himself takes nothing of what is for all",
          "[wire][guard]") {
  SluiceProcess sluice(
      with(R"(, "limits": {"per_ip": {"connections": 1}})", "", R"(, "connection_rate": "3/h")"));
  RawClient first = sluice.connect(0, {.source = "127.0.0.2"});
  first.send(kGet);
  CHECK(read_response(first).status == 200);
  for (int i = 0; i < 6; ++i) CHECK(is_dropped(sluice, "127.0.0.2"));
  CHECK(status_from(sluice, "127.0.0.3") == 200);
  CHECK(status_from(sluice, "127.0.0.4") == 200);
  CHECK(is_dropped(sluice, "127.0.0.5"));
  CHECK(scrape(sluice).value(refused("too_many")) == 6);
  CHECK(scrape(sluice).value(refused("too_fast")) == 1);
}
