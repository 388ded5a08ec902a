// SPDX-License-Identifier: MIT
// Deadlines that are nobody's fault alone: that of a whole exchange, and those that end a
// connection which has no exchange to be logged with.
#include <catch2/catch.hpp>

#include <future>
#include <string>
#include <vector>

#include "tests/support/http_reader.h"
#include "tests/support/scripted_backend.h"
#include "tests/support/sluice_process.h"
#include "tests/support/temp_dir.h"
#include "tests/support/test_certificates.h"
#include "tests/wire/configs.h"

using sluice::support::BackendConnection;
using sluice::support::RawClient;
using sluice::support::read_response;
using sluice::support::Response;
using sluice::support::ScriptedBackend;
using sluice::support::SluiceProcess;
using sluice::wire::forwarding_to;

namespace {

constexpr std::string_view kGetRoot = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
constexpr std::string_view kTotal = R"("timeouts": {"total": "300ms"})";
constexpr std::string_view kEnd = "\"end\":\"total_timeout\"";

// Takes requests and never answers.
void be_silent(BackendConnection& connection) {
  connection.recv_request();
  connection.recv_to_close();
}

// Waits for so long that deadlines of 300 ms are over, for something that does not come.
void outlast(RawClient& client) {
  CHECK_THROWS_AS(client.peek(1, std::chrono::milliseconds(700)), sluice::support::Failure);
}

}  // namespace

TEST_CASE("total: an exchange that takes too long is a 504 with its word, and asks nobody else",
          "[wire][timeouts][total]") {
  ScriptedBackend silent(be_silent), other(be_silent);
  SluiceProcess sluice(forwarding_to({silent.address(), other.address()}, kTotal));
  RawClient client = sluice.connect();
  client.send(kGetRoot);
  const Response response = read_response(client);
  CHECK(response.status == 504);
  CHECK(response.field("Proxy-Status").find("http_response_timeout") != std::string::npos);
  sluice.wait_for_access_log(kEnd);
  CHECK(sluice.access_log().find("\"attempts\":1") != std::string::npos);
  silent.wait_for_idle();
  other.wait_for_idle();
  CHECK(silent.request_count() + other.request_count() == 1);
  // Nearly all of the time was its own. (Otherwise it would be asked for ever.)
  CHECK_NOTHROW(sluice.wait_for_log("is put aside: total_timeout"));
  // The connection lives on, and each request has its own time.
  client.send(kGetRoot);
  CHECK(read_response(client).status == 504);
}

TEST_CASE("total: a response that has begun is cut", "[wire][timeouts][total]") {
  ScriptedBackend backend([](BackendConnection& connection) {
    if (!connection.recv_request()) return;
    connection.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
    connection.recv_to_close();
  });
  SluiceProcess sluice(forwarding_to(backend, kTotal));
  RawClient client = sluice.connect();
  client.send(kGetRoot);
  CHECK(client.recv_to_close().ends_with("\r\n\r\nhalf"));
  CHECK(client.closed_by_reset());
  sluice.wait_for_access_log(kEnd);
  CHECK(sluice.access_log().find("\"status\":200") != std::string::npos);
  backend.wait_for_idle();
}

TEST_CASE("total: the time of the request counts, from its first byte", "[wire][timeouts][total]") {
  SECTION("that of the body") {
    ScriptedBackend backend(ScriptedBackend::answer(200, "ok"));
    SluiceProcess sluice(forwarding_to(backend, kTotal));
    RawClient client = sluice.connect();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf");
    CHECK(read_response(client).status == 504);
    sluice.wait_for_access_log(kEnd);
    CHECK(backend.connections() == 0);
  }
  SECTION("that of the head") {
    constexpr std::chrono::milliseconds kLimit{3000};
    ScriptedBackend silent(be_silent);
    SluiceProcess sluice(forwarding_to(silent, R"("timeouts": {"total": "3s"})"));
    RawClient client = sluice.connect();
    client.send("GET / HTTP/1.1\r\nHo");
    CHECK_THROWS_AS(client.peek(1, std::chrono::milliseconds(2000)), sluice::support::Failure);
    const sluice::support::Deadline from_its_end(kLimit);
    client.send("st: a\r\n\r\n");
    CHECK(read_response(client).status == 504);
    CHECK_FALSE(from_its_end.expired());
  }
}

TEST_CASE("total: a wait for one's turn counts, too", "[wire][timeouts][total]") {
  SluiceProcess sluice(R"({"workers": 1, "listeners": [{"address": "127.0.0.1:0"}],
    "access_log": {"format": "json"}, "routes": [{"respond": {"body": "ok"}}],
    "limits": {"per_ip": {"rate": "1/m", "burst": 1, "delay": 5}}, )" +
                       std::string(kTotal) + "}");
  RawClient client = sluice.connect();
  client.send(kGetRoot);
  CHECK(read_response(client).status == 200);
  client.send(kGetRoot);
  CHECK(read_response(client).status == 504);
  sluice.wait_for_access_log(kEnd);
}

TEST_CASE("total: it is over with the exchange, and off unless it is asked for",
          "[wire][timeouts][total]") {
  ScriptedBackend backend(ScriptedBackend::answer(200, "ok"));
  SECTION("a connection may be kept for longer") {
    SluiceProcess sluice(forwarding_to(backend, kTotal));
    RawClient client = sluice.connect();
    for (int i = 0; i < 2; ++i) {
      client.send(kGetRoot);
      CHECK(read_response(client).body == "ok");
      outlast(client);
    }
    CHECK(sluice.access_log().find(kEnd) == std::string::npos);
  }
  SECTION("off") {
    std::promise<void> go;
    ScriptedBackend slow([told = go.get_future().share()](BackendConnection& connection) {
      if (!connection.recv_request()) return;
      told.wait_for(sluice::support::kPatience);
      connection.respond(200, "late");
    });
    SluiceProcess sluice(forwarding_to(slow, R"("timeouts": {"total": "off"})"));
    RawClient client = sluice.connect();
    client.send(kGetRoot);
    outlast(client);
    go.set_value();
    CHECK(read_response(client).body == "late");
  }
}

TEST_CASE("total: a tunnel may take longer, once it is open", "[wire][timeouts][total]") {
  ScriptedBackend backend([](BackendConnection& connection) {
    const auto request = connection.recv_request();
    if (!request) return;
    if (request->target == "/never") return void(connection.recv_to_close());
    connection.send("HTTP/1.1 101 Sure\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n");
    connection.send(connection.recv_exact(4));
    connection.recv_to_close();
  });
  SluiceProcess sluice(forwarding_to(backend, kTotal));
  const auto ask = [](const char* target) {
    return "GET " + std::string(target) +
           " HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n";
  };
  RawClient client = sluice.connect();
  client.send(ask("/"));
  CHECK(client.recv_until("\r\n\r\n").starts_with("HTTP/1.1 101 "));
  outlast(client);
  client.send("ping");
  CHECK(client.recv_exact(4) == "ping");
  RawClient other = sluice.connect();
  other.send(ask("/never"));
  CHECK(read_response(other).status == 504);
  sluice.wait_for_access_log(kEnd);
}

TEST_CASE("timeouts: a TLS handshake that does not end has its word in the log",
          "[wire][timeouts][tls]") {
  sluice::support::TempDir directory;
  const auto certificate =
      sluice::support::make_certificate(directory.path(), "slow", {"slow.example"});
  SluiceProcess sluice(R"({"workers": 1, "timeouts": {"tls_handshake": "200ms"}, "listeners": [
    {"address": "127.0.0.1:0", "tls": {"certificates": [{"cert": ")" +
                       certificate.cert_path + R"(", "key": ")" + certificate.key_path +
                       R"("}]}}], "routes": [{"respond": {"body": "ok"}}]})");
  RawClient client = sluice.connect();
  client.send("\x16\x03\x01\x02");  // the front of one
  client.expect_close();
  CHECK_NOTHROW(sluice.wait_for_log("127.0.0.1: tls_handshake_timeout"));
}

// The pool's backends were put aside, one after the other, by clients whose uploads took their
// time.
TEST_CASE(
    "timeouts: of an answer that comes before the request's end the request's progress counts",
    "[wire][timeouts][regression]") {
  ScriptedBackend backend([](BackendConnection& connection) {
    if (!connection.recv_head()) return;
    connection.send("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nbegun, ");
    connection.recv_until("0\r\n\r\n");
    connection.send("ended");
  });
  SluiceProcess sluice(forwarding_to(backend, R"("timeouts": {"backend_read": "200ms"})"));
  RawClient client = sluice.connect();
  client.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
  for (const sluice::support::Deadline over(std::chrono::milliseconds(700)); !over.expired();) {
    client.send("1\r\nx\r\n");
  }
  client.send("0\r\n\r\n");
  CHECK(read_response(client).body == "begun, ended");
  CHECK(sluice.log().find("put aside") == std::string::npos);
}

// As some clients send them behind a body. An unasked 408 came instead.
TEST_CASE("timeouts: a connection with nothing but empty lines on it is idle",
          "[wire][timeouts][regression]") {
  SluiceProcess sluice(R"({"workers": 1, "listeners": [{"address": "127.0.0.1:0"}],
      "access_log": {"format": "json"},
      "timeouts": {"request_head": "200ms", "idle": "400ms", "drain": "1h"},
      "routes": [{"respond": {"body": "yes"}}]})");
  for (const std::string lines : {"", "\r", "\r\n", "\r\n\r\n", "\r\n\r\n\r\n\r\n"}) {
    CAPTURE(lines);
    RawClient client = sluice.connect();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nok" + lines);
    CHECK(read_response(client).body == "yes");
    client.expect_close();
  }
  RawClient idle = sluice.connect();
  idle.send(std::string(kGetRoot) + "\r\n");
  CHECK(read_response(idle).body == "yes");
  CHECK(sluice.terminate().code == 0);
  CHECK(sluice.access_log().find("408") == std::string::npos);
}
