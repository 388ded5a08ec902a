// SPDX-License-Identifier: MIT
// Large responses, which pass from the backend's socket to the client's without being read, where
// that can be (splice(2)). To the client and to the backend nothing may look different.
#include <catch2/catch.hpp>

#include <signal.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "proxy/base/pipe.h"
#include "tests/support/environment.h"
#include "tests/support/http_reader.h"
#include "tests/support/scripted_backend.h"
#include "tests/support/skip.h"
#include "tests/support/sluice_process.h"
#include "tests/support/test_certificates.h"
#include "tests/wire/configs.h"
#include "tests/wire/cost_rig.h"

using namespace std::string_literals;
using sluice::Pipe;
using sluice::support::BackendConnection;
using sluice::support::ClientOptions;
using sluice::support::ProcessOptions;
using sluice::support::RawClient;
using sluice::support::read_response;
using sluice::support::Response;
using sluice::support::response_text;
using sluice::support::ScriptedBackend;
using sluice::support::SluiceProcess;
using sluice::wire::forwarding_to;

namespace {

// No two stretches of it are alike, so that what is lost, doubled or moved shows.
std::string body_of(std::size_t bytes) {
  std::string body;
  body.reserve(bytes + 8);
  for (std::uint64_t number = 1; body.size() < bytes; number = number * 6364136223846793005 + 1) {
    body.append(reinterpret_cast<const char*>(&number), sizeof(number));
  }
  body.resize(bytes);
  return body;
}

const std::string& large_body() {
  static const std::string kBody = body_of(12'000'000);
  return kBody;
}

ScriptedBackend::Script large_answer() {
  return ScriptedBackend::answer(200, large_body());
}

ClientOptions slow_reader() {
  ClientOptions options;
  options.receive_buffer = 16 * 1024;
  return options;
}

void ask(RawClient& client, const std::string& path = "/large") {
  client.send("GET " + path + " HTTP/1.1\r\nHost: a.example\r\nAccept-Encoding: gzip\r\n\r\n");
}

// Not by CHECK(a == b), which would print both.
bool passes_whole(RawClient& client, const std::string& body = large_body()) {
  return read_response(client).body == body;
}

// How often splice(2) is called for one response, which no cache has had before.
int splices(SluiceProcess& sluice, RawClient& client) {
  ask(client, "/before");  // with which a worker tries whether it may
  CHECK(read_response(client).status == 200);
  sluice::wire::SystemCalls trace(sluice.process().pid());
  ask(client);
  CHECK(read_response(client).status == 200);
  std::map<std::string, int> calls = trace.finish();
  return calls["splice"];
}

// The same with more members, behind that text.
std::string with(std::string config, std::string_view behind, const std::string& members) {
  return config.insert(config.find(behind) + behind.size(), ", " + members);
}
constexpr std::string_view kRoute = R"("forward": {"pool": "p"})";
constexpr std::string_view kListener = R"("127.0.0.1:0")";

}  // namespace

TEST_CASE("piped: a large response passes whole, and both connections stay", "[wire][piped]") {
  ScriptedBackend backend(large_answer());
  SluiceProcess sluice(forwarding_to(backend));
  RawClient client = sluice.connect();
  for (int i = 0; i < 3; ++i) {
    ask(client);
    CHECK(passes_whole(client));
  }
  CHECK(backend.connections() == 1);
  CHECK_NOTHROW(sluice.wait_for_access_log("\"bytes_out\":12000000"));
}

TEST_CASE("piped: to one that reads slowly, too", "[wire][piped]") {
  ScriptedBackend backend(large_answer());
  SluiceProcess sluice(forwarding_to(backend));
  RawClient client = sluice.connect(0, slow_reader());
  for (int i = 0; i < 2; ++i) {
    ask(client);
    CHECK(passes_whole(client));
  }
}

TEST_CASE("piped: every size around a pipe's passes whole", "[wire][piped]") {
  const std::size_t size = GENERATE(as<std::size_t>(), 65'536, 81'919, 81'920, 147'456, 147'457,
                                    262'144, 327'680, 327'681, 600'000);
  const std::string body = body_of(size);
  ScriptedBackend backend(ScriptedBackend::answer(200, body));
  SluiceProcess sluice(forwarding_to(backend));
  RawClient client = sluice.connect(0, slow_reader());
  ask(client);
  CHECK(passes_whole(client, body));
  CHECK(backend.failures().empty());
}

TEST_CASE("piped: more slow clients than there are pipes all get theirs", "[wire][piped]") {
  constexpr int kClients = 40;
  const std::string body = body_of(4'000'000);
  ScriptedBackend backend(ScriptedBackend::answer(200, body));
  SluiceProcess sluice(forwarding_to(backend));
  std::vector<RawClient> clients;
  for (int i = 0; i < kClients; ++i) {
    clients.push_back(sluice.connect(0, slow_reader()));
    ask(clients.back());
  }
  backend.wait_for_requests(kClients);
  for (RawClient& client : clients) CHECK(passes_whole(client, body));
}

TEST_CASE("piped: what one client left in a pipe reaches nobody", "[wire][piped]") {
  ScriptedBackend backend(large_answer());
  SluiceProcess sluice(forwarding_to(backend));
  for (int i = 0; i < 3; ++i) {
    RawClient leaves = sluice.connect(0, slow_reader());
    ask(leaves);
    leaves.recv_exact(1'000'000);
    leaves.reset();
    RawClient stays = sluice.connect();
    ask(stays);
    CHECK(passes_whole(stays));
  }
}

TEST_CASE("piped: a response that is cut off is not taken for a whole one", "[wire][piped]") {
  const std::string part = large_body().substr(0, 5'000'000);
  ScriptedBackend backend([&part](BackendConnection& connection) {
    if (!connection.recv_request()) return;
    connection.send("HTTP/1.1 200 OK\r\nContent-Length: 12000000\r\n\r\n" + part);
  });
  SluiceProcess sluice(forwarding_to(backend));
  RawClient client = sluice.connect();
  ask(client);
  CHECK_THROWS(read_response(client));
  CHECK_NOTHROW(sluice.wait_for_access_log("backend_truncated"));
}

TEST_CASE("piped: one who reads nothing is let go in time", "[wire][piped]") {
  ScriptedBackend backend(large_answer());
  SluiceProcess sluice(forwarding_to(backend, R"("timeouts": {"send": "200ms"})"));
  RawClient client = sluice.connect(0, slow_reader());
  ask(client);
  CHECK_NOTHROW(sluice.wait_for_access_log("send_timeout"));
  CHECK_NOTHROW(backend.wait_for_idle());
}

TEST_CASE("piped: a backend that stalls is given up in time", "[wire][piped]") {
  ScriptedBackend backend([](BackendConnection& connection) {
    if (!connection.recv_request()) return;
    connection.send("HTTP/1.1 200 OK\r\nContent-Length: 12000000\r\n\r\n");
    connection.send(std::string_view(large_body()).substr(0, 3'000'000));
    connection.expect_close();
  });
  SluiceProcess sluice(forwarding_to(backend, R"("timeouts": {"backend_read": "200ms"})"));
  RawClient client = sluice.connect();
  ask(client);
  CHECK_THROWS(read_response(client));
  CHECK_NOTHROW(sluice.wait_for_access_log("backend_read_timeout"));
}

TEST_CASE("piped: the next request may come before the answer has left", "[wire][piped]") {
  ScriptedBackend backend([](BackendConnection& connection) {
    while (auto request = connection.recv_request()) {
      connection.respond(200, request->target == "/large" ? large_body() : request->target);
    }
  });
  SluiceProcess sluice(forwarding_to(backend));
  RawClient client = sluice.connect(0, slow_reader());
  client.send(
      "GET /large HTTP/1.1\r\nHost: a\r\n\r\nGET /small HTTP/1.1\r\nHost: a\r\n\r\n"
      "GET /large HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(passes_whole(client));
  CHECK(read_response(client).body == "/small");
  CHECK(passes_whole(client));
}

TEST_CASE("piped: where the system forbids it, they pass by memory", "[wire][piped][cost]") {
  sluice::wire::skip_unless_traced();
  ScriptedBackend backend(large_answer());
  ProcessOptions options;
  options.environment = {{"LD_PRELOAD", sluice::support::beside_sluice("deny_splice.so")}};
  SluiceProcess sluice(forwarding_to(backend), options);
  RawClient client = sluice.connect();
  CHECK(splices(sluice, client) == 0);
  ask(client);
  CHECK(passes_whole(client));
}

TEST_CASE("piped: a plain response with a length does pass so", "[wire][piped][cost]") {
  sluice::wire::skip_unless_traced();
  ScriptedBackend backend(large_answer());
  SluiceProcess sluice(forwarding_to(backend));
  RawClient client = sluice.connect();
  // In and out again, a pipe at a time at most.
  CHECK(splices(sluice, client) >= static_cast<int>(2 * large_body().size() / Pipe::kBytes));
}

TEST_CASE("piped: what comes behind a response is nobody's", "[wire][piped]") {
  ScriptedBackend backend([](BackendConnection& connection) {
    if (!connection.recv_request()) return;
    connection.send(response_text(200, large_body()) + response_text(200, "smuggled"));
    connection.expect_close();
  });
  SluiceProcess sluice(forwarding_to(backend));
  RawClient client = sluice.connect();
  for (int i = 0; i < 2; ++i) {
    ask(client);
    CHECK(passes_whole(client));
  }
  CHECK(backend.connections() == 2);
}

TEST_CASE("piped: from and to a Unix socket, too", "[wire][piped]") {
  const sluice::support::TempDir directory;
  ScriptedBackend backend(large_answer(), directory.file("backend.sock"));
  std::string config = forwarding_to(backend);
  const std::string path = directory.file("clients.sock");
  config.replace(config.find("127.0.0.1:0"), 11, "unix:" + path);
  SluiceProcess sluice(config);
  RawClient client(path);
  for (int i = 0; i < 2; ++i) {
    ask(client);
    CHECK(passes_whole(client));
  }
}

TEST_CASE("piped: to a client of HTTP/1.0, and the head alone", "[wire][piped]") {
  ScriptedBackend backend([](BackendConnection& connection) {
    while (auto request = connection.recv_request()) {
      const std::string answer = response_text(200, large_body());
      const bool whole = request->method == "GET";
      connection.send(whole ? answer : answer.substr(0, answer.size() - large_body().size()));
    }
  });
  SluiceProcess sluice(forwarding_to(backend));
  RawClient old = sluice.connect();
  old.send("GET / HTTP/1.0\r\nHost: a\r\n\r\n");
  CHECK(passes_whole(old));
  CHECK_NOTHROW(old.expect_close());
  RawClient client = sluice.connect();
  client.send("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(read_response(client, sluice::support::ResponseTo::Head).field("Content-Length") ==
        "12000000");
  ask(client);
  CHECK(passes_whole(client));
}

TEST_CASE("piped: a drain waits for those who read slowly", "[wire][piped]") {
  ScriptedBackend backend(large_answer());
  SluiceProcess sluice(forwarding_to(backend));
  RawClient client = sluice.connect(0, slow_reader());
  ask(client);
  client.peek(100'000);
  sluice.process().signal(SIGTERM);
  sluice.wait_for_log("draining");
  CHECK(passes_whole(client));
  CHECK(sluice.process().wait().code == 0);
}

TEST_CASE("piped: of a backend that resets, what came is in order", "[wire][piped]") {
  const bool uploads = GENERATE(false, true);  // there is more of the request to be sent
  ScriptedBackend backend([](BackendConnection& connection) {
    if (!connection.recv_head()) return;
    // Of which the last byte never comes, should all else find its way in time.
    connection.send("HTTP/1.1 200 OK\r\nContent-Length: 12000001\r\n\r\n");
    connection.send_available(large_body());
    connection.recv_until("go");
    connection.reset();
  });
  SluiceProcess sluice(forwarding_to(backend));
  RawClient client = sluice.connect(0, slow_reader());
  // Behind what is collected before a backend is asked.
  const std::string begun = std::string(uploads ? 100'000 : 0, 'u') + "go";
  client.send("POST /large HTTP/1.1\r\nHost: a\r\nContent-Length: " +
              std::to_string(begun.size() + (uploads ? 100'000 : 0)) + "\r\n\r\n" + begun);
  const std::string got = client.recv_to_close();
  const std::size_t body_at = got.find("\r\n\r\n") + 4;
  REQUIRE(body_at <= got.size());
  REQUIRE(got.size() - body_at <= large_body().size());
  CHECK(got.compare(body_at, got.npos, large_body(), 0, got.size() - body_at) == 0);
  CHECK_NOTHROW(sluice.wait_for_access_log("backend_truncated"));
}

TEST_CASE("piped: what has to be seen or changed on its way does not", "[wire][piped][cost]") {
  sluice::wire::skip_unless_traced();
  ScriptedBackend backend(large_answer());
  SECTION("compressed") {
    ScriptedBackend text(ScriptedBackend::answer(200, std::string(1'000'000, 't'),
                                                 {{"Content-Type", "text/plain"}}));
    SluiceProcess sluice(with(forwarding_to(text), kRoute, R"("compress": {})"));
    RawClient client = sluice.connect();
    CHECK(splices(sluice, client) == 0);
  }
  SECTION("cached") {
    ScriptedBackend fresh(
        ScriptedBackend::answer(200, large_body(), {{"Cache-Control", "max-age=60"}}));
    SluiceProcess sluice(with(forwarding_to(fresh), kRoute, R"("cache": {})"));
    RawClient client = sluice.connect();
    CHECK(splices(sluice, client) == 0);
    CHECK(fresh.request_count() == 2);
  }
  SECTION("encrypted") {
    const sluice::support::TempDir directory;
    const auto pair = sluice::support::make_certificate(directory.path(), "a", {"a.example"});
    SluiceProcess sluice(with(forwarding_to(backend), kListener,
                              R"("tls": {"certificates": [{"cert": ")" + pair.cert_path +
                                  R"(", "key": ")" + pair.key_path + R"("}]})"));
    RawClient client = sluice.connect();
    client.handshake();
    CHECK(splices(sluice, client) == 0);
  }
  SECTION("chunked") {
    ScriptedBackend chunked([](BackendConnection& connection) {
      if (!connection.recv_request()) return;
      connection.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nb71b00\r\n");
      connection.send(large_body());
      connection.send("\r\n0\r\n\r\n");
    });
    SluiceProcess sluice(forwarding_to(chunked));
    RawClient client = sluice.connect();
    CHECK(splices(sluice, client) == 0);
  }
  SECTION("held in larger buffers") {
    SluiceProcess sluice(forwarding_to(backend, R"("buffers": {"response": "4MiB"})"));
    RawClient client = sluice.connect();
    CHECK(splices(sluice, client) == 0);
  }
  SECTION("too small") {
    ScriptedBackend small(ScriptedBackend::answer(200, std::string(80'000, 's')));
    SluiceProcess sluice(forwarding_to(small));
    RawClient client = sluice.connect();
    CHECK(splices(sluice, client) == 0);
  }
}
