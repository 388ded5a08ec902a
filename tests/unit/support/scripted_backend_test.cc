// SPDX-License-Identifier: MIT
#include "tests/support/scripted_backend.h"

#include <catch2/catch.hpp>
#include <string>

#include "tests/support/raw_client.h"
#include "tests/support/temp_dir.h"

namespace sluice::support {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view kGetPath = "GET /path HTTP/1.1\r\nHost: x\r\n\r\n";

}  // namespace

TEST_CASE("scripted backend: answers on one connection until the client closes") {
  ScriptedBackend backend(ScriptedBackend::answer(201, "made", {{"X-A", "1"}}));
  RawClient client(backend.port());
  for (int i = 0; i < 3; ++i) {
    client.send(kGetPath);
    const Response response = read_response(client);
    CHECK(response.status == 201);
    CHECK(response.body == "made");
    CHECK(response.field("X-A") == "1");
  }
  client.close();
  backend.wait_for_idle();
  CHECK(backend.connections() == 1);
  CHECK(backend.request_count() == 3);
  CHECK(backend.requests().at(2).target == "/path");
  CHECK(backend.failures().empty());
}

TEST_CASE("scripted backend: the script knows which connection it serves") {
  ScriptedBackend backend([](BackendConnection& connection) {
    if (connection.recv_request()) connection.respond(200, std::to_string(connection.number()));
  });
  for (const std::string expected : {"0", "1"}) {
    RawClient client(backend.port());
    client.send(kGetPath);
    CHECK(read_response(client).body == expected);
    CHECK_NOTHROW(client.expect_close());
  }
}

TEST_CASE("scripted backend: connections are served side by side") {
  ScriptedBackend backend(ScriptedBackend::answer(200, "x"));
  RawClient first(backend.port());
  RawClient second(backend.port());
  backend.wait_for_connections(2);
  second.send(kGetPath);
  CHECK(read_response(second).status == 200);
  first.send(kGetPath);
  CHECK(read_response(first).status == 200);
  CHECK(backend.open_connections() == 2);
}

TEST_CASE("scripted backend: stopped it refuses, closes and ends waits; started it is back") {
  ScriptedBackend backend(ScriptedBackend::answer(200, "x"));
  const int port = backend.port();
  RawClient waiting(port);
  backend.wait_for_connections(1);
  backend.stop();
  CHECK(waiting.recv_to_close().empty());
  CHECK_THROWS_WITH(RawClient(port), Catch::Contains("refused"));
  backend.start();
  CHECK(backend.port() == port);
  RawClient again(port);
  again.send(kGetPath);
  CHECK(read_response(again).status == 200);
  CHECK(backend.failures().empty());
}

TEST_CASE("scripted backend: on a unix socket") {
  const TempDir directory;
  const std::string path = directory.file("backend.sock");
  ScriptedBackend backend(ScriptedBackend::answer(200, "local"), path);
  CHECK(backend.address() == "unix:" + path);
  for (int round = 0; round < 2; ++round) {
    RawClient client(path);
    client.send(kGetPath);
    CHECK(read_response(client).body == "local");
    backend.stop();
    CHECK_THROWS_WITH(RawClient(path), Catch::Contains("refused"));
    backend.start();
  }
}

TEST_CASE("scripted backend: what goes wrong in a script is kept for the test") {
  ScriptedBackend backend([](BackendConnection& connection) { connection.recv_exact(100); });
  RawClient(backend.port()).send("short");
  backend.wait_for_connections(1);
  backend.wait_for_idle();
  REQUIRE(backend.failures().size() == 1);
  CHECK_THAT(backend.failures().front(), Catch::Contains("short"));
}

TEST_CASE("scripted backend: a wait in vain tells the counts") {
  ScriptedBackend backend(ScriptedBackend::answer(200, "x"));
  CHECK_THROWS_WITH(backend.wait_for_requests(1, 1ms), Catch::Contains("0 requests"));
}

}  // namespace sluice::support
