// SPDX-License-Identifier: MIT
// Idle connections to backends: who may use one that another request left.
#include <catch2/catch.hpp>

#include <string>

#include "tests/support/http_reader.h"
#include "tests/support/scripted_backend.h"
#include "tests/support/sluice_process.h"
#include "tests/wire/configs.h"

using sluice::support::RawClient;
using sluice::support::read_response;
using sluice::support::ScriptedBackend;
using sluice::support::SluiceProcess;
using sluice::wire::forwarding_to;

namespace {

void expect_ok(RawClient& client, const std::string& target = "/") {
  client.send("GET " + target + " HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(read_response(client).body == "ok");
}

// Waits for so long that 100 ms are over.
void outlast_100_ms(RawClient& client) {
  CHECK_THROWS_AS(client.peek(1, std::chrono::milliseconds(300)), sluice::support::Failure);
}

}  // namespace

// It was reused for ever: each request gave it back as the first one had meant to.
TEST_CASE("keepalive: a reload that turns it off holds for connections that idle already",
          "[wire][keepalive][reload][regression]") {
  ScriptedBackend backend(ScriptedBackend::answer(200, "ok"));
  SluiceProcess sluice(forwarding_to(backend));
  RawClient client = sluice.connect();
  expect_ok(client);
  expect_ok(client);
  CHECK(backend.connections() == 1);
  REQUIRE(sluice.reload(forwarding_to({backend.address()}, {}, R"("keepalive": 0)")));
  expect_ok(client);
  expect_ok(client);
  CHECK(backend.connections() == 3);
}

TEST_CASE("keepalive: a reload that shortens it holds for connections that idle already",
          "[wire][keepalive][reload][regression]") {
  ScriptedBackend backend(ScriptedBackend::answer(200, "ok"));
  SluiceProcess sluice(forwarding_to(backend));
  RawClient client = sluice.connect();
  expect_ok(client);
  const auto shorter = forwarding_to({backend.address()}, {}, R"("keepalive_timeout": "100ms")");
  REQUIRE(sluice.reload(shorter));
  outlast_100_ms(client);
  expect_ok(client);
  CHECK(backend.connections() == 2);
}

TEST_CASE("keepalive: a pool that keeps no connections uses none that another pool left",
          "[wire][keepalive][regression]") {
  ScriptedBackend backend(ScriptedBackend::answer(200, "ok"));
  const std::string backends = R"("backends": [")" + backend.address() + R"("])";
  SluiceProcess sluice(R"({"workers": 1, "listeners": [{"address": "127.0.0.1:0"}],
    "pools": {"keeps": {)" +
                       backends + R"(}, "drops": {"keepalive": 0, )" + backends + R"(}},
    "routes": [{"forward": {"pool": "keeps"}},
               {"match": {"path": "/drops"}, "forward": {"pool": "drops"}}]})");
  RawClient client = sluice.connect();
  expect_ok(client);
  expect_ok(client, "/drops");
  CHECK(backend.connections() == 2);
  expect_ok(client);
  CHECK(backend.connections() == 2);
}
