// SPDX-License-Identifier: MIT
// Upgrades and CONNECT: what is asked for, what is agreed, and the bytes of a tunnel, which belong
// to nobody here, in both directions until both have ended.
#include <catch2/catch.hpp>

#include <signal.h>

#include <string>

#include "tests/support/environment.h"
#include "tests/support/http_reader.h"
#include "tests/support/process_stats.h"
#include "tests/support/scripted_backend.h"
#include "tests/support/sluice_process.h"
#include "tests/support/test_certificates.h"
#include "tests/wire/configs.h"

using sluice::support::BackendConnection;
using sluice::support::RawClient;
using sluice::support::read_response;
using sluice::support::read_response_head;
using sluice::support::Response;
using sluice::support::ScriptedBackend;
using sluice::support::SluiceProcess;
using sluice::wire::forwarding_to;

namespace {

constexpr std::string_view kUpgradeWithKey =
    "GET /chat HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    "Sec-WebSocket-Key: k\r\nSec-WebSocket-Version: 13\r\n\r\n";
constexpr std::string_view kAgreedWithKey =
    "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    "Sec-WebSocket-Accept: s\r\n\r\n";

constexpr std::size_t kMuch = 48'000'000;

// Catch2 counts assertions of one thread only; what a script finds is one of the backend's
// failures.
void must(bool holds, const char* what) {
  if (!holds) throw sluice::support::Failure(what);
}

// Agrees, and sends back what it gets until the client ends.
void echo(BackendConnection& connection) {
  if (!connection.recv_head()) return;
  connection.send(kAgreedWithKey);
  for (;;) {
    const std::string bytes = connection.recv_some();
    if (bytes.empty()) break;
    connection.send(bytes);
  }
  connection.half_close();
  connection.recv_to_close();
}

Response open_tunnel(RawClient& client) {
  client.send(kUpgradeWithKey);
  return read_response_head(client);
}

std::string forwarding_with(const ScriptedBackend& backend, std::string_view route,
                            std::string_view more = {}) {
  return R"({"workers": 1, "listeners": [{"address": "127.0.0.1:0"}],
    "access_log": {"format": "json"}, "pools": {"p": {"backends": [")" +
         backend.address() + R"("]}}, "routes": [{"forward": {"pool": "p"})" + std::string(route) +
         "}]" + std::string(more) + "}";
}

}  // namespace

TEST_CASE("tunnel: a WebSocket is opened, echoes both ways, and ends in the log",
          "[wire][tunnel]") {
  ScriptedBackend backend(echo);
  SluiceProcess sluice(forwarding_to(backend));
  RawClient client = sluice.connect();
  const Response agreed = open_tunnel(client);
  CHECK(agreed.status == 101);
  CHECK(agreed.field("Connection") == "upgrade");
  CHECK(agreed.field("Upgrade") == "websocket");
  CHECK(agreed.field("Sec-WebSocket-Accept") == "s");
  CHECK_FALSE(agreed.has("Content-Length"));
  CHECK_FALSE(agreed.has("Transfer-Encoding"));
  const auto asked = backend.requests().at(0);
  CHECK(asked.field("Connection") == "upgrade");
  CHECK(asked.field("Upgrade") == "websocket");
  CHECK(asked.field("Sec-WebSocket-Key") == "k");
  for (const char* piece : {"one", "\x00\xff\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n"}) {
    client.send(piece);
    CHECK(client.recv_exact(std::string(piece).size()) == piece);
  }
  client.half_close();
  CHECK(client.recv_to_close().empty());
  sluice.wait_for_access_log("\"status\":101,\"bytes_in\":22,\"bytes_out\":22");
  sluice.wait_for_access_log("\"end\":\"ok\"");
  CHECK(backend.failures().empty());
}

TEST_CASE("tunnel: bytes sent before and right behind the agreement arrive, in order",
          "[wire][tunnel]") {
  ScriptedBackend backend([](BackendConnection& connection) {
    if (!connection.recv_head()) return;
    connection.send(std::string(kAgreedWithKey) + "behind");
    must(connection.recv_exact(5) == "early", "the early bytes came");
    connection.half_close();
    connection.recv_to_close();
  });
  SluiceProcess sluice(forwarding_to(backend));
  RawClient client = sluice.connect();
  client.send(std::string(kUpgradeWithKey) + "early");
  CHECK(read_response_head(client).status == 101);
  CHECK(client.recv_to_close() == "behind");
  CHECK(backend.failures().empty());
}

TEST_CASE("tunnel: each side may end first, and still gets what the other sends",
          "[wire][tunnel]") {
  SECTION("the client") {
    ScriptedBackend backend([](BackendConnection& connection) {
      if (!connection.recv_head()) return;
      connection.send(kAgreedWithKey);
      must(connection.recv_to_close() == "question", "the question came");
      connection.send(std::string(500'000, 'a'));
    });
    SluiceProcess sluice(forwarding_to(backend));
    RawClient client = sluice.connect();
    open_tunnel(client);
    client.send("question");
    client.half_close();
    CHECK(client.recv_to_close() == std::string(500'000, 'a'));
    sluice.wait_for_access_log("\"end\":\"ok\"");
    CHECK(backend.failures().empty());
  }
  SECTION("the backend") {
    ScriptedBackend backend([](BackendConnection& connection) {
      if (!connection.recv_head()) return;
      connection.send(std::string(kAgreedWithKey) + "last word");
      connection.half_close();
      must(connection.recv_to_close() == std::string(500'000, 'q'), "all came");
    });
    SluiceProcess sluice(forwarding_to(backend));
    RawClient client = sluice.connect();
    open_tunnel(client);
    CHECK(client.recv_to_close() == "last word");
    client.send(std::string(500'000, 'q'));
    client.close();
    sluice.wait_for_access_log("\"end\":\"ok\"");
    backend.wait_for_idle();
    CHECK(backend.failures().empty());
  }
}

TEST_CASE("tunnel: under TLS, a close_notify is a half-close", "[wire][tunnel][tls]") {
  sluice::support::TempDir directory;
  const auto certificate =
      sluice::support::make_certificate(directory.path(), "localhost", {"localhost"});
  ScriptedBackend backend(echo);
  SluiceProcess sluice(
      R"({"workers": 1, "listeners": [{"address": "127.0.0.1:0",
    "tls": {"certificates": [{"cert": ")" +
      certificate.cert_path + R"(", "key": ")" + certificate.key_path +
      R"("}]}}], "access_log": {"format": "json"}, "pools": {"p": {"backends": [")" +
      backend.address() + R"("]}}, "routes": [{"forward": {"pool": "p"}}]})");
  RawClient client = sluice.connect();
  client.handshake();
  CHECK(open_tunnel(client).status == 101);
  const std::string much(300'000, 'm');
  client.send("hello");
  CHECK(client.recv_exact(5) == "hello");
  client.half_close();
  CHECK(client.recv_to_close().empty());
  sluice.wait_for_access_log("\"end\":\"ok\"");
}

TEST_CASE("tunnel: what the route does not allow is not asked for", "[wire][tunnel]") {
  ScriptedBackend backend(ScriptedBackend::answer(200, "plain"));
  const auto ask = [&backend](const SluiceProcess& sluice, std::string_view head) {
    RawClient client = sluice.connect();
    client.send(head);
    const Response response = read_response(client);
    CHECK(response.body == "plain");
    const auto request = backend.requests().back();
    CHECK_FALSE(request.has("Upgrade"));
    CHECK_FALSE(request.has("Connection"));
    // HTTP goes on.
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    CHECK(read_response(client).body == "plain");
  };
  SECTION("another protocol") {
    SluiceProcess sluice(forwarding_to(backend));
    ask(sluice,
        "GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
        "HTTP2-Settings: x\r\n\r\n");
  }
  SECTION("none") {
    SluiceProcess sluice(forwarding_with(backend, R"(, "upgrade": [])"));
    ask(sluice, kUpgradeWithKey);
  }
  SECTION("not named by Connection") {
    SluiceProcess sluice(forwarding_to(backend));
    ask(sluice, "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n\r\n");
  }
  SECTION("with a body") {
    SluiceProcess sluice(forwarding_to(backend));
    ask(sluice,
        "POST / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n"
        "Content-Length: 2\r\n\r\nhi");
  }
}

TEST_CASE("tunnel: a route names its protocols, and the first that it knows is asked for",
          "[wire][tunnel]") {
  ScriptedBackend backend([](BackendConnection& connection) {
    if (!connection.recv_head()) return;
    connection.send(
        "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: SPDY/9\r\n\r\n!");
  });
  SluiceProcess sluice(forwarding_with(backend, R"(, "upgrade": ["spdy/9"])"));
  RawClient client = sluice.connect();
  client.send(
      "GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket, spdy/9\r\n\r\n");
  CHECK(read_response_head(client).status == 101);
  CHECK(backend.requests().at(0).field("Upgrade") == "spdy/9");
  CHECK(client.recv_exact(1) == "!");
}

TEST_CASE("tunnel: a backend that declines goes on in HTTP", "[wire][tunnel]") {
  ScriptedBackend backend(ScriptedBackend::answer(426, "no"));
  SluiceProcess sluice(forwarding_to(backend));
  RawClient client = sluice.connect();
  for (int i = 0; i < 2; ++i) {
    client.send(kUpgradeWithKey);
    const Response response = read_response(client);
    CHECK(response.status == 426);
    CHECK(response.body == "no");
  }
  CHECK(backend.connections() == 1);
}

TEST_CASE("tunnel: a 101 to something else than what was asked is a 502", "[wire][tunnel]") {
  for (const char* agreed : {"HTTP/1.1 101 Sure\r\nConnection: upgrade\r\nUpgrade: other\r\n\r\n",
                             "HTTP/1.1 101 Sure\r\nUpgrade: websocket\r\n\r\n",
                             "HTTP/1.1 101 Sure\r\nConnection: upgrade\r\n\r\n"}) {
    INFO(agreed);
    ScriptedBackend backend([agreed](BackendConnection& connection) {
      if (!connection.recv_head()) return;
      connection.send(agreed);
      connection.recv_to_close();
    });
    SluiceProcess sluice(forwarding_to(backend));
    RawClient client = sluice.connect();
    client.send(kUpgradeWithKey);
    CHECK(read_response(client).status == 502);
    sluice.wait_for_access_log("\"end\":\"unasked_upgrade\"");
  }
}

TEST_CASE("tunnel: CONNECT is refused unless the route allows it", "[wire][tunnel]") {
  ScriptedBackend backend(ScriptedBackend::answer(200, "reached"));
  SluiceProcess sluice(forwarding_to(backend));
  RawClient client = sluice.connect();
  client.send("CONNECT db.example:5432 HTTP/1.1\r\nHost: db.example:5432\r\n\r\n");
  CHECK(read_response(client).status == 405);
  client.recv_to_close();
  CHECK(backend.request_count() == 0);
}

TEST_CASE("tunnel: CONNECT goes through where the route allows it", "[wire][tunnel]") {
  ScriptedBackend backend([](BackendConnection& connection) {
    const auto request = connection.recv_head();
    if (!request) return;
    if (request->target != "db.example:5432") return connection.respond(403, "not there");
    connection.send("HTTP/1.1 200 Connected\r\nContent-Length: 5\r\n\r\n");
    for (std::string bytes; !(bytes = connection.recv_some()).empty();) connection.send(bytes);
  });
  SluiceProcess sluice(forwarding_with(backend, R"(, "connect": true)"));
  RawClient client = sluice.connect();
  client.send("CONNECT db.example:5432 HTTP/1.1\r\nHost: db.example:5432\r\n\r\n");
  const Response agreed = read_response_head(client);
  CHECK(agreed.status == 200);
  CHECK_FALSE(agreed.has("Content-Length"));
  CHECK(backend.requests().at(0).method == "CONNECT");
  CHECK(backend.requests().at(0).field("Host") == "db.example:5432");
  client.send("hello");
  CHECK(client.recv_exact(5) == "hello");
  client.half_close();
  CHECK(client.recv_to_close().empty());

  // Behind one that was refused, nobody knows whose bytes follow.
  RawClient other = sluice.connect();
  other.send("CONNECT x.example:1 HTTP/1.1\r\nHost: x.example:1\r\n\r\nGET / HTTP/1.1\r\n\r\n");
  const Response refused = read_response(other);
  CHECK(refused.status == 403);
  CHECK(refused.body == "not there");
  CHECK(refused.field("Connection") == "close");
  CHECK(other.recv_to_close().empty());
}

TEST_CASE("tunnel: a side that does not read holds up the other, not memory", "[wire][tunnel]") {
  const auto peak_kib = [](const SluiceProcess& sluice) {
    return sluice::support::status_kib(sluice.process_id(), "VmHWM");
  };
  SECTION("towards the client") {
    ScriptedBackend backend([](BackendConnection& connection) {
      if (!connection.recv_head()) return;
      connection.send(kAgreedWithKey);
      connection.send(std::string(kMuch, 'd'));
    });
    SluiceProcess sluice(forwarding_to(backend));
    RawClient client = sluice.connect();
    open_tunnel(client);
    const std::size_t before = peak_kib(sluice);
    client.peek(100'000);
    CHECK(client.recv_to_close().size() == kMuch);
    if (!sluice::support::kSanitized) CHECK(peak_kib(sluice) < before + 4096);
  }
  SECTION("towards the backend") {
    ScriptedBackend backend([](BackendConnection& connection) {
      if (!connection.recv_head()) return;
      connection.send(kAgreedWithKey);
      must(connection.recv_to_close().size() == kMuch, "all came");
    });
    SluiceProcess sluice(forwarding_to(backend));
    RawClient client = sluice.connect();
    open_tunnel(client);
    const std::size_t before = peak_kib(sluice);
    client.send(std::string(kMuch, 'u'));
    client.half_close();
    client.recv_to_close();
    if (!sluice::support::kSanitized) CHECK(peak_kib(sluice) < before + 4096);
    CHECK(backend.failures().empty());
  }
}

TEST_CASE("tunnel: one on which nothing flows ends", "[wire][tunnel]") {
  ScriptedBackend backend(echo);
  SluiceProcess sluice(forwarding_to(backend, R"("timeouts": {"tunnel": "150ms"})"));
  RawClient client = sluice.connect();
  open_tunnel(client);
  client.send("x");
  CHECK(client.recv_to_close() == "x");
  sluice.wait_for_access_log("\"end\":\"tunnel_idle\"");
  backend.wait_for_idle();
}

TEST_CASE("tunnel: a client that takes nothing is let go", "[wire][tunnel]") {
  ScriptedBackend backend([](BackendConnection& connection) {
    if (!connection.recv_head()) return;
    connection.send(kAgreedWithKey);
    while (connection.try_send(std::string(100'000, 'z'))) {
    }
  });
  SluiceProcess sluice(forwarding_to(backend, R"("timeouts": {"send": "150ms"})"));
  RawClient client = sluice.connect();
  open_tunnel(client);
  CHECK_NOTHROW(sluice.wait_for_access_log("\"end\":\"send_timeout\""));
  CHECK_NOTHROW(backend.wait_for_idle());
}

TEST_CASE("tunnel: it outlives a reload that takes its route away, and ends with the drain",
          "[wire][tunnel][reload]") {
  ScriptedBackend backend(echo);
  SluiceProcess sluice(forwarding_to(backend, R"("timeouts": {"drain": "200ms"})"));
  RawClient client = sluice.connect();
  open_tunnel(client);
  REQUIRE(sluice.reload(R"({"workers": 1, "listeners": [{"address": "127.0.0.1:0"}],
    "access_log": {"format": "json"}, "timeouts": {"drain": "200ms"},
    "routes": [{"respond": {"status": 404}}]})"));
  client.send("still there");
  CHECK(client.recv_exact(11) == "still there");
  CHECK(sluice.terminate().code == 0);
  client.recv_to_close();
  CHECK(sluice.access_log().find("\"end\":\"draining\"") != std::string::npos);
}

TEST_CASE("tunnel: a reset of either side ends the other, in a word", "[wire][tunnel]") {
  SECTION("the client's") {
    ScriptedBackend backend(echo);
    SluiceProcess sluice(forwarding_to(backend));
    RawClient client = sluice.connect();
    open_tunnel(client);
    client.reset();
    CHECK_NOTHROW(sluice.wait_for_access_log("\"end\":\"client_aborted\""));
    CHECK_NOTHROW(backend.wait_for_idle());
  }
  SECTION("the backend's") {
    ScriptedBackend backend([](BackendConnection& connection) {
      if (!connection.recv_head()) return;
      connection.send(kAgreedWithKey);
      connection.recv_exact(1);
      connection.reset();
    });
    SluiceProcess sluice(forwarding_to(backend));
    RawClient client = sluice.connect();
    open_tunnel(client);
    client.send("x");
    CHECK(client.recv_to_close().empty());
    sluice.wait_for_access_log("\"end\":\"backend_truncated\"");
    // It is no fault that puts the backend aside.
    CHECK(sluice.log().find("put aside") == std::string::npos);
  }
}
