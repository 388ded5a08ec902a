// SPDX-License-Identifier: MIT
// Where a tunnel ends, or never begins: what is still on its way arrives, and what was meant for a
// tunnel is nobody's request.
#include <catch2/catch.hpp>

#include <future>
#include <string>

#include "tests/support/deadline.h"
#include "tests/support/http_reader.h"
#include "tests/support/scripted_backend.h"
#include "tests/support/sluice_process.h"
#include "tests/wire/configs.h"

using sluice::support::BackendConnection;
using sluice::support::kPatience;
using sluice::support::RawClient;
using sluice::support::read_response;
using sluice::support::read_response_head;
using sluice::support::ScriptedBackend;
using sluice::support::SluiceProcess;
using sluice::wire::forwarding_to;

namespace {

constexpr std::string_view kConnectAndMore =
    "CONNECT x.example:1 HTTP/1.1\r\nHost: x.example:1\r\n\r\n"
    "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n";

}  // namespace

TEST_CASE("tunnel: behind a CONNECT that the proxy refuses itself, nothing is a request",
          "[wire][tunnel][regression]") {
  ScriptedBackend backend(ScriptedBackend::answer(200, "reached"));
  SECTION("no backend takes it") {
    SluiceProcess sluice(R"({"workers": 1, "listeners": [{"address": "127.0.0.1:0"}],
      "pools": {"p": {"backends": [")" +
                         backend.address() + R"("]}},
      "routes": [{"forward": {"pool": "p"}, "connect": true}]})");
    backend.stop();
    RawClient client = sluice.connect();
    client.send(kConnectAndMore);
    const auto refused = read_response(client);
    CHECK(refused.status == 502);
    CHECK(refused.field("Connection") == "close");
    CHECK(client.recv_to_close().empty());
  }
  SECTION("no route knows it") {
    SluiceProcess sluice(R"({"workers": 1, "listeners": [{"address": "127.0.0.1:0"}],
      "routes": [{"match": {"host": "a"}, "respond": {"body": "smuggled"}}]})");
    RawClient client = sluice.connect();
    client.send(kConnectAndMore);
    CHECK(read_response(client).status == 404);
    CHECK(client.recv_to_close().empty());
  }
}
