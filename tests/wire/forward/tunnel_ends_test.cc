// SPDX-License-Identifier: MIT
// Where a tunnel ends, or never begins: what is still on its way arrives, and what was meant for a
// tunnel is nobody's request.
#include <catch2/catch.hpp>

#include <poll.h>

#include <chrono>
#include <future>
#include <string>

#include "tests/support/deadline.h"
#include "tests/support/http_reader.h"
#include "tests/support/scripted_backend.h"
#include "tests/support/sluice_process.h"
#include "tests/wire/configs.h"
#include "tests/wire/forward/scripts.h"

using sluice::support::BackendConnection;
using sluice::support::kPatience;
using sluice::support::RawClient;
using sluice::support::read_response;
using sluice::support::read_response_head;
using sluice::support::ScriptedBackend;
using sluice::support::SluiceProcess;
using sluice::wire::forwarding_to;
using sluice::wire::kAgreed;

namespace {

constexpr std::string_view kUpgrade =
    "GET /chat HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
constexpr std::string_view kConnectAndMore =
    "CONNECT x.example:1 HTTP/1.1\r\nHost: x.example:1\r\n\r\n"
    "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n";

// Until there is something that the kernel holds: who closes then sends a reset.
void wait_for_unread(const sluice::support::Connection& connection) {
  pollfd unread{connection.fd(), POLLIN, 0};
  constexpr std::chrono::milliseconds kMost = kPatience;
  if (::poll(&unread, 1, static_cast<int>(kMost.count())) != 1) {
    throw sluice::support::Failure("nothing comes");
  }
}

// Whatever came before this was sent has been dealt with.
void wait_for_a_turn(const SluiceProcess& sluice) {
  RawClient other = sluice.connect();
  other.send("malformed\r\n\r\n");
  REQUIRE(read_response(other).status == 400);
}

}  // namespace

// A server that closes its connection altogether answers what still comes with a reset.
TEST_CASE("tunnel: what a backend said before it closed arrives, whatever is sent to it afterwards",
          "[wire][tunnel][regression]") {
  constexpr std::size_t kBytes = 1'000'000;
  std::promise<void> closed;
  ScriptedBackend backend([&closed](BackendConnection& connection) {
    if (!connection.recv_head()) return;
    connection.send(kAgreed);
    connection.send(std::string(kBytes, 'd'));
    connection.close();
    closed.set_value();
  });
  SluiceProcess sluice(forwarding_to(backend, R"("buffers": {"response": "8MiB"})"));
  RawClient client = sluice.connect();
  client.send(kUpgrade);
  read_response_head(client);
  REQUIRE(closed.get_future().wait_for(kPatience) == std::future_status::ready);
  for (int i = 0; i < 8; ++i) wait_for_a_turn(sluice);  // or the kernel drops what is not read yet
  for (const char* late : {"too late", "much too late"}) {
    client.send(late);
    wait_for_a_turn(sluice);
  }
  client.half_close();
  CHECK(client.recv_to_close().size() == kBytes);
  CHECK_FALSE(client.closed_by_reset());
  CHECK_NOTHROW(sluice.wait_for_access_log("\"end\":\"ok\""));
}

TEST_CASE("tunnel: what a backend said before it reset arrives", "[wire][tunnel][regression]") {
  ScriptedBackend backend([](BackendConnection& connection) {
    if (!connection.recv_head()) return;
    connection.send(kAgreed);
    wait_for_unread(connection);
    connection.send("last word");
    connection.close();
  });
  SluiceProcess sluice(forwarding_to(backend));
  for (int i = 0; i < 10; ++i) {
    RawClient client = sluice.connect();
    client.send(kUpgrade);
    read_response_head(client);
    client.send("frame");
    CHECK(client.recv_to_close() == "last word");
  }
}

TEST_CASE("tunnel: what a client said before it reset arrives", "[wire][tunnel][regression]") {
  constexpr int kRounds = 10;
  std::promise<std::string> heard[kRounds];
  ScriptedBackend backend([&heard](BackendConnection& connection) {
    if (!connection.recv_head()) return;
    connection.send(kAgreed);
    connection.recv_exact(2);
    connection.send("frame");
    heard[connection.number()].set_value(connection.recv_to_close());
  });
  SluiceProcess sluice(forwarding_to(backend));
  for (auto& word : heard) {
    RawClient client = sluice.connect();
    client.send(kUpgrade);
    read_response_head(client);
    client.send("go");
    wait_for_unread(client);
    client.send("last word");
    client.close();
    CHECK(word.get_future().get() == "last word");
  }
}

TEST_CASE("tunnel: a client that vanishes while it is held up is noticed",
          "[wire][tunnel][regression]") {
  std::promise<void> noticed;
  ScriptedBackend deaf([&noticed](BackendConnection& connection) {
    if (!connection.recv_head()) return;
    connection.send(kAgreed);
    noticed.get_future().wait_for(kPatience);
  });
  SluiceProcess sluice(forwarding_to(deaf));
  RawClient client = sluice.connect();
  client.send(kUpgrade);
  read_response_head(client);
  CHECK_THROWS_AS(client.send(std::string(48'000'000, 'u'), std::chrono::milliseconds(500)),
                  sluice::support::Failure);
  client.reset();
  CHECK_NOTHROW(sluice.wait_for_access_log("\"end\":\"client_aborted\""));
  noticed.set_value();
}

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
