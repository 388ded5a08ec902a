// SPDX-License-Identifier: MIT
// What bad requests, missing backends and stalled peers get: the status, the log word, the end.
#include <catch2/catch.hpp>

#include <string>
#include <vector>

#include "tests/support/http_reader.h"
#include "tests/support/scripted_backend.h"
#include "tests/support/sluice_process.h"
#include "tests/wire/configs.h"
#include "tests/wire/guard/common.h"

using namespace std::string_literals;
using sluice::support::BackendConnection;
using sluice::support::RawClient;
using sluice::support::read_response;
using sluice::support::Response;
using sluice::support::ScriptedBackend;
using sluice::support::SluiceProcess;
using sluice::wire::forwarding_to;
using sluice::wire::kGet;

namespace {

struct Refused {
  std::string request;
  int status;
  std::string word;
};

const std::vector<Refused> kRefused = {
    {"GET / HTTP/1.1\r\n\r\n", 400, "missing_host"},
    {"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400, "duplicate_host"},
    {"GET / HTTP/1.1\nHost: a\n\n", 400, "bare_lf"},
    {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400,
     "length_and_encoding"},
    {"GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505, "unsupported_version"},
    {"GET /" + std::string(9000, 'x') + " HTTP/1.1\r\nHost: a\r\n\r\n", 414, "too_long"},
    {"GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(17000, 'x') + "\r\n\r\n", 431, "too_large"},
    {"CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n", 405, "method_refused"},
    {"TRACE / HTTP/1.1\r\nHost: a\r\n\r\n", 405, "method_refused"},
    {"GET /../etc/passwd HTTP/1.1\r\nHost: a\r\n\r\n", 400, "path_refused"},
    {"GET /%00 HTTP/1.1\r\nHost: a\r\n\r\n", 400, "path_refused"},
    {"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\r\n\r\n"s, 400, "\"end\":\"bad_"},
};

}  // namespace

TEST_CASE("refusals: a malformed request is answered, logged with a word, and ends the connection",
          "[wire][refusals]") {
  ScriptedBackend backend(ScriptedBackend::answer(200, "ok"));
  SluiceProcess sluice(forwarding_to(backend));
  for (const Refused& refused : kRefused) {
    INFO(sluice::support::printable(refused.request).substr(0, 80));
    RawClient client = sluice.connect();
    client.send(refused.request + std::string(kGet));
    Response response = read_response(client);
    CHECK(response.status == refused.status);
    CHECK(response.field("Connection") == "close");
    CHECK(response.has("Proxy-Status"));
    CHECK(response.body.find("request id: ") != std::string::npos);
    client.expect_close();
    sluice.wait_for_access_log(refused.word);
  }
  CHECK(backend.request_count() == 0);
}

TEST_CASE("refusals: a body above limits.body is 413, announced or not", "[wire][refusals]") {
  ScriptedBackend backend([](BackendConnection& connection) { connection.recv_to_close(); });
  SluiceProcess sluice(forwarding_to(backend, R"("limits": {"body": "10KiB"})"));
  SECTION("announced") {
    RawClient client = sluice.connect();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 20000\r\n\r\n");
    CHECK(read_response(client).status == 413);
    CHECK(backend.connections() == 0);
  }
  SECTION("not announced") {
    RawClient client = sluice.connect();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n4e20\r\n" +
                std::string(20000, 'x'));
    CHECK(read_response(client).status == 413);
    backend.wait_for_idle();
  }
  sluice.wait_for_access_log("\"end\":\"body_too_large\"");
}

TEST_CASE("refusals: no route is 404, and the connection lives on", "[wire][refusals]") {
  SluiceProcess sluice(R"({"listeners": [{"address": "127.0.0.1:0"}],
    "routes": [{"match": {"host": "known.example"}, "respond": {"body": "yes"}}]})");
  RawClient client = sluice.connect();
  client.send(kGet);
  CHECK(read_response(client).status == 404);
  client.send("GET / HTTP/1.1\r\nHost: Known.Example.\r\n\r\n");
  CHECK(read_response(client).body == "yes");
}

TEST_CASE("backends: one that refuses is passed over, and put aside", "[wire][backends]") {
  ScriptedBackend dead(ScriptedBackend::answer(200, "dead")),
      live(ScriptedBackend::answer(200, "live"));
  dead.stop();
  SluiceProcess sluice(forwarding_to({dead.address(), live.address()}));
  RawClient client = sluice.connect();
  for (int i = 0; i < 10; ++i) {
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nok");
    CHECK(read_response(client).body == "live");
  }
  sluice.wait_for_log("is put aside: connect_refused");
  CHECK(live.requests().back().body == "ok");
}

TEST_CASE("backends: none that answers is 502, none that is left 503", "[wire][backends]") {
  ScriptedBackend a(ScriptedBackend::answer(200, "")), b(ScriptedBackend::answer(200, ""));
  a.stop();
  b.stop();
  SluiceProcess sluice(forwarding_to({a.address(), b.address()}));
  RawClient client = sluice.connect();
  client.send(kGet);
  CHECK(read_response(client).status == 502);
  client.send(kGet);
  Response response = read_response(client);
  CHECK(response.status == 503);
  CHECK(response.field("Proxy-Status") == "sluice; error=destination_unavailable");
  sluice.wait_for_access_log("\"end\":\"no_backend\"");
}

TEST_CASE("backends: a kept-alive connection that died is replaced once, for what may be repeated",
          "[wire][backends]") {
  // Each connection answers one request and reads the next one without answering.
  ScriptedBackend backend([](BackendConnection& connection) {
    if (!connection.recv_request()) return;
    connection.respond(200, "first");
    connection.recv_request();
  });
  SluiceProcess sluice(forwarding_to(backend));
  RawClient client = sluice.connect();
  client.send(kGet);
  CHECK(read_response(client).body == "first");
  client.send(kGet);
  CHECK(read_response(client).body == "first");  // the second try, on a new connection
  CHECK(backend.request_count() == 3);
  client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
  CHECK(read_response(client).status == 502);
  CHECK(backend.request_count() == 4);
}

TEST_CASE("backends: a name that does not resolve does not prevent the start", "[wire][backends]") {
  SluiceProcess sluice(forwarding_to({"no-such-host.invalid:80"}));
  RawClient client = sluice.connect();
  client.send(kGet);
  CHECK(read_response(client).status == 503);
}

TEST_CASE("backends: a name is resolved, and a Unix path reached", "[wire][backends]") {
  SECTION("name") {
    ScriptedBackend backend(ScriptedBackend::answer(200, "by name"));
    SluiceProcess sluice(forwarding_to({"localhost:" + std::to_string(backend.port())}));
    sluice.wait_for_log("resolves to");
    RawClient client = sluice.connect();
    std::string body;
    for (int i = 0; i < 200 && body != "by name"; ++i) {  // until the workers have heard of it
      client.send(kGet);
      body = read_response(client).body;
    }
    CHECK(body == "by name");
  }
  SECTION("Unix path") {
    sluice::support::TempDir directory;
    ScriptedBackend backend(ScriptedBackend::answer(200, "by path"), directory.file("b.sock"));
    SluiceProcess sluice(forwarding_to(backend));
    RawClient client = sluice.connect();
    client.send(kGet);
    CHECK(read_response(client).body == "by path");
  }
}

TEST_CASE("timeouts: each has its status and its word", "[wire][timeouts]") {
  ScriptedBackend backend([](BackendConnection& connection) { connection.recv_to_close(); });
  SECTION("the backend's first byte") {
    SluiceProcess sluice(forwarding_to(backend, R"("timeouts": {"first_byte": "100ms"})"));
    RawClient client = sluice.connect();
    client.send(kGet);
    CHECK(read_response(client).status == 504);
    sluice.wait_for_access_log("\"end\":\"first_byte_timeout\"");
  }
  SECTION("the request's head") {
    SluiceProcess sluice(forwarding_to(backend, R"("timeouts": {"request_head": "100ms"})"));
    RawClient client = sluice.connect();
    client.send("GET / HTTP/1.1\r\nHo");
    CHECK(read_response(client).status == 408);
    client.expect_close();
    sluice.wait_for_access_log("\"end\":\"request_head_timeout\"");
  }
  SECTION("the request's body") {
    SluiceProcess sluice(forwarding_to(backend, R"("timeouts": {"request_body": "100ms"})"));
    RawClient client = sluice.connect();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf");
    CHECK(read_response(client).status == 408);
    sluice.wait_for_access_log("\"end\":\"request_body_timeout\"");
    backend.wait_for_idle();
  }
  SECTION("an idle connection") {
    ScriptedBackend answering(ScriptedBackend::answer(200, "ok"));
    SluiceProcess sluice(forwarding_to(answering, R"("timeouts": {"idle": "100ms"})"));
    RawClient client = sluice.connect();
    client.send(kGet);
    CHECK(read_response(client).status == 200);
    client.expect_close();
  }
  SECTION("a stalled response body") {
    ScriptedBackend stalling([](BackendConnection& connection) {
      connection.recv_request();
      connection.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
      connection.recv_to_close();
    });
    SluiceProcess sluice(forwarding_to(stalling, R"("timeouts": {"backend_read": "100ms"})"));
    RawClient client = sluice.connect();
    client.send(kGet);
    CHECK(client.recv_to_close().ends_with("\r\n\r\nhalf"));
    sluice.wait_for_access_log("\"end\":\"backend_read_timeout\"");
  }
  SECTION("a client that takes nothing") {
    ScriptedBackend big(ScriptedBackend::answer(200, std::string(8'000'000, 'z')));
    SluiceProcess sluice(forwarding_to(big, R"("timeouts": {"send": "200ms"})"));
    sluice::support::ClientOptions small;
    small.receive_buffer = 4096;
    RawClient client = sluice.connect(0, small);
    client.send(kGet);
    sluice.wait_for_access_log("\"end\":\"send_timeout\"");
    CHECK_THROWS(read_response(client));
  }
}
