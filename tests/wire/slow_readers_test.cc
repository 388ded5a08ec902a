// SPDX-License-Identifier: MIT
// Bytes that are still on their way to a slow peer: nothing that ends a connection may cut them
// off, and nobody who takes none of them may hold memory or a descriptor.
#include <catch2/catch.hpp>

#include <signal.h>

#include <string>
#include <vector>

#include "tests/support/environment.h"
#include "tests/support/http_reader.h"
#include "tests/support/process_stats.h"
#include "tests/support/scripted_backend.h"
#include "tests/support/sluice_process.h"
#include "tests/support/test_certificates.h"
#include "tests/wire/configs.h"

using namespace std::string_literals;
using sluice::support::BackendConnection;
using sluice::support::ClientOptions;
using sluice::support::RawClient;
using sluice::support::read_response;
using sluice::support::ScriptedBackend;
using sluice::support::SluiceProcess;
using sluice::support::status_kib;
using sluice::wire::forwarding_to;

namespace {

constexpr std::string_view kGet = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

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
