// SPDX-License-Identifier: MIT
// Clients that are slow to send: they hold no backend, what they sent can go to another backend,
// and who is too slow is let go. Routes with `buffer` hold whole bodies.
#include <catch2/catch.hpp>

#include <future>
#include <string>
#include <vector>

#include "tests/support/environment.h"
#include "tests/support/http_reader.h"
#include "tests/support/process_stats.h"
#include "tests/support/scripted_backend.h"
#include "tests/support/sluice_process.h"
#include "tests/support/sockets.h"
#include "tests/wire/configs.h"

using sluice::support::BackendConnection;
using sluice::support::Deadline;
using sluice::support::RawClient;
using sluice::support::read_response;
using sluice::support::Response;
using sluice::support::ScriptedBackend;
using sluice::support::SluiceProcess;
using sluice::wire::forwarding_to;

namespace {

std::string post(std::size_t length, std::string_view body) {
  return "POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(length) +
         "\r\n\r\n" + std::string(body);
}

Response get_root(RawClient& client) {
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  return read_response(client);
}

std::string buffering(const ScriptedBackend& backend, std::string_view buffers) {
  return R"({"workers": 1, "listeners": [{"address": "127.0.0.1:0"}],
    "access_log": {"format": "json"}, "pools": {"p": {"backends": [")" +
         backend.address() + R"("]}}, "routes": [{"forward": {"pool": "p"}, "buffer": true}],
    "buffers": {)" +
         std::string(buffers) + "}}";
}

}  // namespace

TEST_CASE("slow clients: a backend is taken once the body is complete", "[wire][slow_clients]") {
  ScriptedBackend backend(ScriptedBackend::answer(200, "ok"));
  SluiceProcess sluice(forwarding_to(backend));
  RawClient slow = sluice.connect();
  slow.send(post(1000, std::string(999, 's')));
  RawClient other = sluice.connect();
  CHECK(get_root(other).body == "ok");
  CHECK(backend.connections() == 1);
  slow.send("s");
  CHECK(read_response(slow).body == "ok");
  CHECK(backend.requests().at(0).method == "GET");
  CHECK(backend.requests().at(1).body == std::string(1000, 's'));
}

TEST_CASE("slow clients: a backend is taken once as much has come as is held",
          "[wire][slow_clients]") {
  ScriptedBackend backend(ScriptedBackend::answer(200, "ok"));
  SluiceProcess sluice(forwarding_to(backend, R"("buffers": {"request": "8KiB"})"));
  RawClient slow = sluice.connect();
  slow.send(post(100'000, std::string(8 * 1024, 's')));
  backend.wait_for_connections(1);
  slow.send(std::string(100'000 - 8 * 1024, 's'));
  CHECK(read_response(slow).status == 200);
  CHECK(backend.requests().at(0).body == std::string(100'000, 's'));
}

TEST_CASE("slow clients: three hundred of them hold no backend, and all are gone in time",
          "[wire][slow_clients]") {
  constexpr std::size_t kAttackers = 300;
  ScriptedBackend backend(ScriptedBackend::answer(200, "ok"));
  SluiceProcess sluice(
      forwarding_to(backend, R"("timeouts": {"request_body": "900ms", "request_head": "900ms"})"));
  std::vector<RawClient> attackers;
  for (std::size_t i = 0; i < kAttackers; ++i) {
    attackers.push_back(sluice.connect());
    attackers.back().send(i % 2 == 0 ? post(1'000'000, "x") : "GET / HTTP/1.1\r\nHo");
  }
  RawClient honest = sluice.connect();
  CHECK(get_root(honest).body == "ok");
  CHECK(backend.connections() == 1);
  for (RawClient& attacker : attackers) {
    CHECK(read_response(attacker).status == 408);
    attacker.expect_close();
  }
  CHECK(get_root(honest).body == "ok");
  CHECK(backend.connections() == 1);
  CHECK(backend.request_count() == 2);
}

TEST_CASE("slow clients: a trickle is no progress", "[wire][slow_clients]") {
  ScriptedBackend backend(ScriptedBackend::answer(200, "ok"));
  SluiceProcess sluice(forwarding_to(backend, R"("timeouts": {"request_body": "400ms"})"));
  RawClient client = sluice.connect();
  client.send(post(1'000'000, ""));
  // A byte whenever nothing has come back for a while, which is never 400 ms.
  const Deadline deadline;
  for (bool answered = false; !answered && !deadline.expired();) {
    REQUIRE(client.try_send("x"));
    try {
      answered = !client.peek(1, std::chrono::milliseconds(50)).empty();
    } catch (const sluice::support::Failure&) {
    }
  }
  CHECK(read_response(client).status == 408);
  sluice.wait_for_access_log("\"end\":\"request_body_timeout\"");
}

TEST_CASE("slow clients: a body that keeps the rate may take longer than the timeout",
          "[wire][slow_clients]") {
  ScriptedBackend backend(ScriptedBackend::answer(200, "ok"));
  SluiceProcess sluice(forwarding_to(
      backend, R"("timeouts": {"request_body": "1500ms"}, "limits": {"body_rate": "100B"})"));
  RawClient client = sluice.connect();
  client.send(post(800, ""));
  // 40 bytes are worth 400 ms here, so the clock is wound up again and again, for 2 s in all.
  for (int i = 0; i < 19; ++i) {
    client.send(std::string(40, 'x'));
    CHECK_THROWS_AS(client.peek(1, std::chrono::milliseconds(105)), sluice::support::Failure);
  }
  client.send(std::string(40, 'x'));
  CHECK(read_response(client).status == 200);
}

TEST_CASE("slow clients: a pause in a body is no fault of the backend's",
          "[wire][slow_clients][regression]") {
  ScriptedBackend backend(ScriptedBackend::answer(200, "ok"));
  SluiceProcess sluice(forwarding_to(
      backend, R"("timeouts": {"first_byte": "100ms"}, "buffers": {"request": "4KiB"})"));
  RawClient client = sluice.connect();
  client.send(post(10'000, std::string(9'999, 's')));
  backend.wait_for_connections(1);
  CHECK_THROWS_AS(client.peek(1, std::chrono::milliseconds(400)), sluice::support::Failure);
  client.send("s");
  CHECK(read_response(client).status == 200);
}

TEST_CASE("slow clients: a backend that reads on, slowly, is not silent",
          "[wire][slow_clients][regression]") {
  constexpr std::size_t kBytes = 30'000'000;
  std::promise<void> faster;
  ScriptedBackend backend([&faster](BackendConnection& connection) {
    if (!connection.recv_head()) return;
    std::size_t left = kBytes;
    std::future<void> told = faster.get_future();
    // For more than the timeout. What is left is no more than the system holds between us and the
    // proxy, which does not see it leave.
    for (int i = 0; i < 24; ++i, left -= 1'000'000) {
      told.wait_for(std::chrono::milliseconds(100));
      connection.recv_exact(1'000'000);
    }
    connection.recv_exact(left);
    connection.respond(200, "ok");
  });
  SluiceProcess sluice(forwarding_to(
      backend, R"("timeouts": {"first_byte": "2s"}, "buffers": {"request": "32MiB"})"));
  RawClient client = sluice.connect();
  client.send(post(kBytes, std::string(kBytes, 's')));
  CHECK(read_response(client).status == 200);
  faster.set_value();
}

TEST_CASE("slow clients: Expect is answered before there is a backend", "[wire][slow_clients]") {
  ScriptedBackend backend(ScriptedBackend::answer(200, "ok"));
  SluiceProcess sluice(forwarding_to(backend));
  RawClient client = sluice.connect();
  client.send("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n");
  CHECK(client.recv_until("\r\n\r\n") == "HTTP/1.1 100 Continue\r\n\r\n");
  CHECK(backend.connections() == 0);
  client.send("body");
  CHECK(read_response(client).status == 200);
  CHECK_FALSE(backend.requests().at(0).has("Expect"));
}

TEST_CASE("slow clients: a body that is held goes to the next backend when one is away",
          "[wire][slow_clients]") {
  ScriptedBackend away(ScriptedBackend::answer(200, "away"));
  ScriptedBackend backend(ScriptedBackend::answer(200, "ok"));
  SluiceProcess sluice(forwarding_to({away.address(), backend.address()}, {}, R"("max_fails": 0)"));
  away.stop();
  for (const std::size_t bytes : {10UL, 60'000UL}) {
    for (int i = 0; i < 2; ++i) {  // one of two meets the one that is away first
      RawClient client = sluice.connect();
      client.send(post(bytes, std::string(bytes, 'r')));
      CHECK(read_response(client).body == "ok");
      CHECK(backend.requests().back().body == std::string(bytes, 'r'));
    }
  }
  CHECK_NOTHROW(sluice.wait_for_access_log("\"attempts\":2"));
}

TEST_CASE("slow clients: a held body is sent again when a kept connection turns out dead",
          "[wire][slow_clients]") {
  // Closes its first connection when the second request has come there.
  ScriptedBackend backend([](BackendConnection& connection) {
    for (int served = 0; connection.recv_request(); ++served) {
      if (connection.number() == 0 && served > 0) return;
      connection.respond(200, "ok");
    }
  });
  SluiceProcess sluice(forwarding_to(backend));
  RawClient client = sluice.connect();
  CHECK(get_root(client).body == "ok");
  SECTION("of an idempotent method") {
    client.send("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nagain");
    CHECK(read_response(client).status == 200);
    CHECK(backend.requests().size() == 3);
    CHECK(backend.requests().at(2).body == "again");
  }
  SECTION("but not of another, which may have been acted upon") {
    client.send(post(5, "never"));
    CHECK(read_response(client).status == 502);
    CHECK(backend.requests().size() == 2);
  }
}

TEST_CASE("buffer: a whole body is held, on disk above the memory, and arrives as it was",
          "[wire][slow_clients][buffer]") {
  ScriptedBackend backend(ScriptedBackend::answer(200, "ok"));
  SluiceProcess sluice(buffering(backend, R"("request": "16KiB")"));
  std::string body(5'000'000, '\0');
  for (std::size_t i = 0; i < body.size(); ++i) body[i] = static_cast<char>(i * 2654435761U >> 11);
  RawClient client = sluice.connect();
  SECTION("with a length") {
    client.send(post(body.size(), body.substr(0, body.size() - 1)));
    RawClient other = sluice.connect();
    CHECK(get_root(other).body == "ok");
    CHECK(backend.connections() == 1);  // nothing of the upload came before
    client.send(body.substr(body.size() - 1));
  }
  SECTION("chunked, with trailers") {
    client.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
    for (std::size_t at = 0; at < body.size(); at += 1'000'000) {
      client.send("F4240\r\n" + body.substr(at, 1'000'000) + "\r\n");
    }
    CHECK(backend.connections() == 0);
    client.send("0\r\nX-Sum: 7\r\n\r\n");
  }
  CHECK(read_response(client).status == 200);
  CHECK(backend.requests().back().body == body);
  const bool has_trailers = !backend.requests().back().trailers.empty();
  CHECK(has_trailers == backend.requests().back().chunked);
}

TEST_CASE("buffer: a body above buffers.disk is a 413", "[wire][slow_clients][buffer]") {
  ScriptedBackend backend(ScriptedBackend::answer(200, "ok"));
  SluiceProcess sluice(buffering(backend, R"("disk": "1MiB")"));
  RawClient client = sluice.connect();
  client.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1E8480\r\n");
  client.try_send(std::string(2'000'000, 'b'));
  CHECK(read_response(client).status == 413);
  sluice.wait_for_access_log("\"end\":\"body_too_large\"");
  CHECK(backend.connections() == 0);
}

TEST_CASE("buffer: a length above buffers.disk is refused before the body is sent",
          "[wire][slow_clients][buffer][regression]") {
  ScriptedBackend backend(ScriptedBackend::answer(200, "ok"));
  SluiceProcess sluice(buffering(backend, R"("disk": "1MiB")"));
  RawClient client = sluice.connect();
  client.send(
      "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 1048577\r\n\r\n");
  CHECK(read_response(client).status == 413);
  RawClient other = sluice.connect();
  other.send(post(1'048'576, std::string(1'048'576, 'b')));
  CHECK(read_response(other).status == 200);
}

TEST_CASE("buffer: a disk that takes nothing is a 500 with its word",
          "[wire][slow_clients][buffer]") {
  ScriptedBackend backend(ScriptedBackend::answer(200, "ok"));
  sluice::support::TempDir directory;
  const std::string inside = directory.path().string() + "/gone";
  std::filesystem::create_directory(inside);
  SluiceProcess sluice(buffering(backend, R"("request": "4KiB", "directory": ")" + inside + "\""));
  std::filesystem::remove(inside);
  RawClient client = sluice.connect();
  client.send(post(20'000, std::string(20'000, 'b')));
  CHECK(read_response(client).status == 500);
  sluice.wait_for_access_log("\"end\":\"buffer_failed\"");
}

// Each piece is sent only once the client has told, on another connection, that it has the one
// before; so nothing can have been held back.
TEST_CASE("slow clients: the pieces of an endless response pass one by one",
          "[wire][slow_clients][sse]") {
  for (const char* fields : {"Content-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n",
                             "Content-Type: text/event-stream\r\n", "X-Accel-Buffering: no\r\n",
                             "Content-Type: text/plain\r\nTransfer-Encoding: chunked\r\n"}) {
    INFO(fields);
    const bool chunked = std::string(fields).find("chunked") != std::string::npos;
    std::vector<std::promise<void>> received(3);
    ScriptedBackend backend([&received, fields, chunked](BackendConnection& connection) {
      if (!connection.recv_request()) return;
      connection.send("HTTP/1.1 200 OK\r\n" + std::string(fields) + "\r\n");
      for (std::promise<void>& told : received) {
        connection.send(chunked ? "8\r\ndata: x\n\r\n" : "data: x\n");
        if (told.get_future().wait_for(sluice::support::kPatience) != std::future_status::ready) {
          return;
        }
      }
    });
    SluiceProcess sluice(forwarding_to(backend));
    RawClient client = sluice.connect();
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    for (std::promise<void>& tell : received) {
      CHECK_NOTHROW(client.recv_until("data: x\n"));
      tell.set_value();
    }
  }
}
