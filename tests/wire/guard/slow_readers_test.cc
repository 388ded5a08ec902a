// SPDX-License-Identifier: MIT
// Bytes that are still on their way to a slow peer: nothing that ends a connection may cut them
// off, and nobody who takes none of them may hold memory or a descriptor.
#include <catch2/catch.hpp>

#include <signal.h>
#include <sys/socket.h>

#include <algorithm>
#include <future>
#include <string>
#include <vector>

#include "tests/support/environment.h"
#include "tests/support/http_reader.h"
#include "tests/support/process_stats.h"
#include "tests/support/scripted_backend.h"
#include "tests/support/sluice_process.h"
#include "tests/support/test_certificates.h"
#include "tests/wire/configs.h"
#include "tests/wire/guard/common.h"

using namespace std::string_literals;
using sluice::support::BackendConnection;
using sluice::support::ClientOptions;
using sluice::support::Deadline;
using sluice::support::RawClient;
using sluice::support::read_response;
using sluice::support::ScriptedBackend;
using sluice::support::SluiceProcess;
using sluice::support::status_kib;
using sluice::wire::forwarding_to;
using sluice::wire::kGet;

namespace {

// More than the kernel's buffers hold, so that a tail waits in the proxy's memory; less than that
// plus buffers.response, so that the exchange is over all the same.
constexpr std::string_view kWideBuffers = R"("buffers": {"response": "64MiB"})";
const std::string& tail_body() {
  static const std::string kBody(12'000'000, 't');
  return kBody;
}

ClientOptions slow_reader() {
  ClientOptions options;
  options.receive_buffer = 16 * 1024;
  return options;
}

// An exchange whose response is buffered whole, with most of it unsent.
RawClient client_with_unsent_tail(SluiceProcess& sluice) {
  RawClient client = sluice.connect(0, slow_reader());
  client.send(kGet);
  sluice.wait_for_access_log("\"status\":200");  // the exchange is over
  return client;
}

constexpr std::string_view kSendTimeout = "\"end\":\"send_timeout\"";

// Reads at most so much of what has come, again and again with a little pause between, until the
// access log says that the client was too slow, or the deadline is over.
struct Trickled {
  bool ended = false;
  std::size_t bytes = 0;
};
Trickled trickle(const RawClient& client, SluiceProcess& sluice, std::size_t bytes,
                 const Deadline& deadline) {
  Trickled trickled;
  std::string into(bytes, '\0');
  while (!trickled.ended && !deadline.expired()) {
    const ssize_t count = recv(client.fd(), into.data(), into.size(), MSG_DONTWAIT);
    trickled.bytes += static_cast<std::size_t>(std::max<ssize_t>(count, 0));
    try {
      sluice.wait_for_access_log(kSendTimeout, std::chrono::milliseconds(20));
      trickled.ended = true;
    } catch (const sluice::support::Failure&) {
    }
  }
  return trickled;
}

}  // namespace

TEST_CASE("slow readers: a drain sends what is still unsent", "[wire][slow]") {
  ScriptedBackend backend(ScriptedBackend::answer(200, tail_body()));
  SluiceProcess sluice(forwarding_to(backend, kWideBuffers));
  RawClient client = client_with_unsent_tail(sluice);
  sluice.process().signal(SIGTERM);
  sluice.wait_for_log("draining");
  CHECK(read_response(client).body == tail_body());
  CHECK(sluice.process().wait().code == 0);
}

TEST_CASE("slow readers: a listener that goes sends what is still unsent", "[wire][slow]") {
  ScriptedBackend backend(ScriptedBackend::answer(200, tail_body()));
  SluiceProcess sluice(forwarding_to(backend, kWideBuffers));
  RawClient client = client_with_unsent_tail(sluice);
  REQUIRE(sluice.reload(R"({"listeners": [{"address": "[::1]:0"}],
    "routes": [{"match": {}, "respond": {"body": "other"}}]})"));
  CHECK(read_response(client).body == tail_body());
}

TEST_CASE("slow readers: the idle timeout counts from the last byte sent", "[wire][slow]") {
  ScriptedBackend backend(ScriptedBackend::answer(200, tail_body()));
  SluiceProcess sluice(forwarding_to(
      backend, std::string(kWideBuffers) + R"(, "timeouts": {"idle": "100ms", "send": "30s"})"));
  RawClient client = client_with_unsent_tail(sluice);
  // Another connection is idle from about now on: when it ends, so would the slow one.
  RawClient other = sluice.connect();
  other.send("GET /nothing HTTP/1.1\r\nHost: a\r\n\r\n");
  read_response(other);
  other.expect_close();
  CHECK(read_response(client).body == tail_body());
}

TEST_CASE("slow readers: one who reads nothing after Connection: close is let go, over TLS too",
          "[wire][slow]") {
  sluice::support::TempDir directory;
  auto certificate = sluice::support::make_certificate(directory.path(), "slow", {"slow.example"});
  ScriptedBackend backend([](BackendConnection& connection) {
    while (auto request = connection.recv_request()) {
      connection.respond(200, std::string(std::stoul(request->target.substr(1)), 's'));
    }
  });
  SluiceProcess sluice(R"({"workers": 1, "access_log": {"format": "off"},
    "timeouts": {"send": "300ms"},
    "listeners": [{"address": "127.0.0.1:0", "tls": {"certificates": [{"cert": ")" +
                       certificate.cert_path + R"(", "key": ")" + certificate.key_path +
                       R"("}]}}], "pools": {"p": {"backends": [")" + backend.address() +
                       R"("]}}, "routes": [{"match": {}, "forward": {"pool": "p"}}]})");
  // Sizes around what the kernel takes, so that in some the whole rest is inside of TLS.
  std::vector<RawClient> clients;
  for (std::size_t bytes = 100'000; bytes < 4'000'000; bytes += 150'000) {
    clients.push_back(sluice.connect(0, slow_reader()));
    clients.back().handshake();
    clients.back().send("GET /" + std::to_string(bytes) +
                        " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  }
  const sluice::support::Deadline deadline;
  auto sockets = [&sluice] { return sluice::support::descriptor_count(sluice.process_id()); };
  while (sockets() > 40 && !deadline.expired()) {
  }
  INFO(sockets() << " descriptors");
  CHECK(sockets() <= 40);
}

TEST_CASE("slow readers: a trickle is no progress", "[wire][slow][send_rate]") {
  ScriptedBackend backend(ScriptedBackend::answer(200, tail_body()));
  // Some 400 KB a second, which lets the socket take more in each period of two seconds.
  constexpr std::size_t kPiece = 8 * 1024;
  sluice::support::TempDir directory;
  const std::string path = directory.file("s.sock");
  std::string config =
      forwarding_to(backend, R"("timeouts": {"send": "2s"}, "limits": {"send_rate": "1MiB"})");
  SECTION("over TCP") {
    SluiceProcess sluice(config);
    RawClient client = sluice.connect(0, slow_reader());
    client.send(kGet);
    CHECK(trickle(client, sluice, kPiece, {}).ended);
    CHECK_THROWS(read_response(client));
  }
  SECTION("over a Unix socket, which has buffers of another kind") {
    const std::string tcp = "127.0.0.1:0";
    config.replace(config.find(tcp), tcp.size(), "unix:" + path);
    SluiceProcess sluice(config);
    RawClient client(path);
    client.send(kGet);
    CHECK(trickle(client, sluice, kPiece, {}).ended);
  }
  backend.wait_for_idle();
}

// A socket's buffer may hold megabytes, and takes no more before a third of them is gone: at 200 KB
// a second that is after more than two periods, in which nothing moves for the proxy.
TEST_CASE("slow readers: one who keeps the rate is not ended, however large the socket's buffer is",
          "[wire][slow][send_rate][regression]") {
  ScriptedBackend backend(ScriptedBackend::answer(200, tail_body()));
  SluiceProcess sluice(
      forwarding_to(backend, R"("timeouts": {"send": "1500ms"}, "limits": {"send_rate": "4KiB"})"));
  RawClient client = sluice.connect(0, slow_reader());
  client.send(kGet);
  client.recv_until("\r\n\r\n");
  const Trickled trickled = trickle(client, sluice, 4 * 1024, std::chrono::milliseconds(6000));
  CHECK_FALSE(trickled.ended);
  CHECK_NOTHROW(client.recv_exact(tail_body().size() - trickled.bytes));
  CHECK_NOTHROW(sluice.wait_for_access_log("\"end\":\"ok\""));
}

TEST_CASE("slow readers: a response that is made slowly is not ended for it",
          "[wire][slow][send_rate][sse]") {
  constexpr int kEvents = 20;
  ScriptedBackend backend([](BackendConnection& connection) {
    if (!connection.recv_request()) return;
    connection.send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n");
    std::promise<void> never;
    for (int i = 0; i < kEvents; ++i) {
      connection.send("data: x\n\n");
      never.get_future().wait_for(std::chrono::milliseconds(100));
      never = {};
    }
  });
  SluiceProcess sluice(
      forwarding_to(backend, R"("timeouts": {"send": "200ms"}, "limits": {"send_rate": "1MiB"})"));
  RawClient client = sluice.connect(0, slow_reader());
  client.send(kGet);
  const bool reads = GENERATE(true, false);
  if (reads) {
    for (int i = 0; i < kEvents; ++i) CHECK_NOTHROW(client.recv_until("data: x\n\n"));
  }
  // Who does not read has all of it in the buffers.
  CHECK_NOTHROW(sluice.wait_for_access_log("\"end\":\"ok\""));
  CHECK(sluice.access_log().find(kSendTimeout) == std::string::npos);
}

TEST_CASE("slow readers: a tunnel that is quiet is not ended for it", "[wire][slow][send_rate]") {
  ScriptedBackend backend([](BackendConnection& connection) {
    if (!connection.recv_request()) return;
    connection.send("HTTP/1.1 101 Sure\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n");
    connection.send(connection.recv_exact(4));
    connection.recv_to_close();
  });
  SluiceProcess sluice(
      forwarding_to(backend, R"("timeouts": {"send": "200ms"}, "limits": {"send_rate": "1MiB"})"));
  RawClient client = sluice.connect();
  client.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n");
  CHECK(client.recv_until("\r\n\r\n").starts_with("HTTP/1.1 101 "));
  CHECK_THROWS_AS(client.peek(1, std::chrono::milliseconds(800)), sluice::support::Failure);
  client.send("ping");
  CHECK(client.recv_exact(4) == "ping");
}

// Its line in the access log says ok, as all of the answer had been handed over.
TEST_CASE("slow readers: one who does not take the end of an answer has the word in the log",
          "[wire][slow][send_rate]") {
  ScriptedBackend backend(ScriptedBackend::answer(200, tail_body()));
  SluiceProcess sluice(
      forwarding_to(backend, std::string(kWideBuffers) + R"(, "timeouts": {"send": "500ms"})"));
  RawClient client = client_with_unsent_tail(sluice);
  CHECK_NOTHROW(sluice.wait_for_log("127.0.0.1: send_timeout, "));
  CHECK_THROWS(read_response(client));
}

TEST_CASE("slow readers: a flood of interim responses is cut, not buffered", "[wire][slow]") {
  ScriptedBackend backend([](BackendConnection& connection) {
    if (!connection.recv_request()) return;
    const std::string hint =
        "HTTP/1.1 103 Early Hints\r\nLink: <" + std::string(8000, 'x') + ">\r\n\r\n";
    while (connection.try_send(hint)) {
    }
  });
  SluiceProcess sluice(forwarding_to(backend));
  const std::size_t before = status_kib(sluice.process_id(), "VmRSS");
  RawClient client = sluice.connect(0, slow_reader());
  client.send(kGet);
  sluice.wait_for_access_log("\"status\":502");
  CHECK(sluice.access_log().find("\"end\":\"bad_status\"") != std::string::npos);
  if (!sluice::support::kSanitized) CHECK(status_kib(sluice.process_id(), "VmRSS") < before + 4096);
}

TEST_CASE("slow readers: buffers that a reload makes smaller stall no upload", "[wire][slow]") {
  ScriptedBackend backend([](BackendConnection& connection) {
    while (auto request = connection.recv_request()) {
      connection.respond(200, std::to_string(request->body.size()));
    }
  });
  auto config = [&backend](const std::string& request) {
    return forwarding_to(backend, R"("buffers": {"request": ")" + request + R"("})");
  };
  SluiceProcess sluice(config("1MiB"));
  RawClient client = sluice.connect();
  const std::string post =
      "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 12000000\r\n\r\n" + tail_body();
  for (const char* size : {"1MiB", "64KiB", "4MiB"}) {
    INFO(size);
    REQUIRE(sluice.reload(config(size)));
    client.send(post);
    CHECK(read_response(client).body == "12000000");
  }
  CHECK(backend.connections() == 1);
}

TEST_CASE("limits: a head above 64 KiB passes where limits.head allows it", "[wire][limits]") {
  ScriptedBackend backend(ScriptedBackend::answer(200, "ok"));
  SluiceProcess sluice(forwarding_to(backend, R"("limits": {"head": "512KiB"})"));
  for (const int fields : {6, 12, 25}) {
    std::string head = "GET / HTTP/1.1\r\nHost: a\r\n";
    for (int i = 0; i < fields; ++i) {
      head += "X-" + std::to_string(i) + ": " + std::string(15'000, 'h') + "\r\n";
    }
    RawClient client = sluice.connect();
    client.send(head + "\r\n");
    CHECK(read_response(client).status == 200);
  }
}

TEST_CASE("backends: a POST does not meet a connection that was reset behind the last answer",
          "[wire][backends]") {
  ScriptedBackend backend([](BackendConnection& connection) {
    if (!connection.recv_request()) return;
    connection.respond(200, "and gone");
    connection.reset();
  });
  SluiceProcess sluice(forwarding_to(backend));
  RawClient client = sluice.connect();
  for (int i = 0; i < 20; ++i) {
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nok");
    const auto response = read_response(client);
    CHECK(response.body == "and gone");
    backend.wait_for_idle();
  }
}

TEST_CASE("forward: an answer that comes before a long upload ends says that it is the last",
          "[wire][forward]") {
  ScriptedBackend backend([](BackendConnection& connection) {
    if (!connection.recv_head()) return;
    connection.recv_exact(4);
    connection.respond(401, "no");
    connection.recv_to_close();
  });
  SluiceProcess sluice(forwarding_to(backend));
  RawClient client = sluice.connect();
  client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 200000\r\n\r\n" +
              std::string(70'000, 's'));
  const auto response = read_response(client);
  CHECK(response.status == 401);
  CHECK(response.field("Connection") == "close");
  // It may go on sending for a while, and still reads the answer to its end.
  client.send(std::string(130'000, 'x'));
  client.expect_close();
}

TEST_CASE("refusals: a client that sends on regardless still reads its 413", "[wire][refusals]") {
  ScriptedBackend backend(ScriptedBackend::answer(200, "ok"));
  SluiceProcess sluice(forwarding_to(backend, R"("limits": {"body": "1MiB"})"));
  RawClient client = sluice.connect();
  client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 12000000\r\n\r\n");
  client.send(tail_body());
  CHECK(read_response(client).status == 413);
}

TEST_CASE("forward: a client that vanishes behind a paused upload is noticed", "[wire][forward]") {
  // Reads the upload, and never answers.
  ScriptedBackend backend([](BackendConnection& connection) {
    if (connection.recv_request()) connection.expect_close();
  });
  SluiceProcess sluice(forwarding_to(backend));
  int requests = 0;
  for (const std::size_t bytes : {4'236'000UL, 4'252'000UL, 6'000'000UL}) {
    RawClient client = sluice.connect();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(bytes) +
                "\r\n\r\n" + std::string(bytes, 'u'));
    backend.wait_for_requests(++requests);
    client.close();
    backend.wait_for_idle();
  }
  CHECK(backend.failures().empty());
}

// The end of a response came while reading it was paused; the connection stayed paused, and the
// next response on it was never read.
TEST_CASE("slow readers: a response that ends while it is paused leaves a connection that works",
          "[wire][slow][regression]") {
  ScriptedBackend backend(ScriptedBackend::answer(200, std::string(200'000, 'p')));
  SluiceProcess sluice(forwarding_to(backend, R"("buffers": {"response": "4KiB"})"));
  RawClient client = sluice.connect(0, slow_reader());
  for (int i = 0; i < 3; ++i) {
    client.send(kGet);
    CHECK(read_response(client).body.size() == 200'000);
  }
  CHECK(backend.connections() == 1);
}
