// SPDX-License-Identifier: MIT
// Every ending at every step: either side closes, resets or half-closes at each state of an
// exchange. Whatever happens, the exchange ends once, in a word, nothing leaks, and the next client
// is served. Meant for AddressSanitizer above all.
#include <catch2/catch.hpp>

#include <signal.h>

#include <functional>
#include <string>
#include <vector>

#include "tests/support/http_reader.h"
#include "tests/support/process_stats.h"
#include "tests/support/scripted_backend.h"
#include "tests/support/sluice_process.h"
#include "tests/wire/configs.h"

using sluice::support::BackendConnection;
using sluice::support::Connection;
using sluice::support::descriptor_count;
using sluice::support::RawClient;
using sluice::support::read_response;
using sluice::support::ScriptedBackend;
using sluice::support::SluiceProcess;

namespace {

enum class Ending { Close, Reset, HalfClose };

void end(Connection& connection, Ending ending) {
  switch (ending) {
    case Ending::Close:
      return connection.close();
    case Ending::Reset:
      return connection.reset();
    case Ending::HalfClose:
      connection.half_close();
      connection.recv_to_close();
      return;
  }
}

struct Step {
  const char* name;
  std::string sent;  // before it ends
};

const std::vector<Step> kClientSteps = {
    {"connected", ""},
    {"within the head", "POST / HTTP/1.1\r\nHost: a\r\nCont"},
    {"head sent, body missing", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n"},
    {"within the body", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf"},
    {"within a chunk", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab"},
    {"within the trailers",
     "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX: "},
    {"within a body that is streamed",
     "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 200000\r\n\r\n" + std::string(70'000, 'b')},
    {"waiting", "GET /held HTTP/1.1\r\nHost: a\r\n\r\n"},
    {"waiting, the next one sent too",
     "GET /held HTTP/1.1\r\nHost: a\r\n\r\nGET /held HTTP/1.1\r\nHost: a\r\n\r\n"},
    {"within the response's body", "GET /stalled HTTP/1.1\r\nHost: a\r\n\r\n"},
    {"malformed", "GET / HTTP/1.1\r\nHost : a\r\n\r\n"},
};

const std::vector<Step> kBackendSteps = {
    {"head read", ""},
    {"within the head", "HTTP/1.1 200 OK\r\nContent-"},
    {"after an interim head", "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"},
    {"head sent", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n"},
    {"within the body", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf"},
    {"within a chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab"},
    {"within the trailers",
     "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX: "},
    {"body until close", "HTTP/1.1 200 OK\r\n\r\nsome"},
    {"complete", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"},
};

// Answers, but holds /held for ever and stalls in the middle of /stalled.
void serve(BackendConnection& connection) {
  while (auto request = connection.recv_head()) {
    if (request->target == "/held") return void(connection.recv_to_close());
    if (request->target == "/stalled") {
      connection.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
      return void(connection.recv_to_close());
    }
    read_body(connection, *request);
    connection.respond(200, "ok");
  }
}

// The proxy has nothing open any more but what it had at the start.
void wait_for_descriptors(const SluiceProcess& sluice, std::size_t expected) {
  const sluice::support::Deadline deadline;
  while (descriptor_count(sluice.process_id()) > expected) {
    if (deadline.expired()) throw sluice::support::Failure("descriptors leak");
  }
}

constexpr std::string_view kPatientConfig = R"("timeouts": {"backend_read": "10s"})";

}  // namespace

TEST_CASE("endings: a client that ends at any step leaves nothing behind", "[wire][endings]") {
  ScriptedBackend backend(serve);
  SluiceProcess sluice(
      sluice::wire::forwarding_to({backend.address()}, kPatientConfig, R"("keepalive": 0)"));
  const std::size_t at_rest = descriptor_count(sluice.process_id());
  for (const Step& step : kClientSteps) {
    for (const Ending ending : {Ending::Close, Ending::Reset, Ending::HalfClose}) {
      INFO(step.name << ", ending " << static_cast<int>(ending));
      RawClient client = sluice.connect();
      client.send(step.sent);
      if (step.sent.find("/stalled") != std::string::npos) client.recv_until("half");
      end(client, ending);
      client.close();
      RawClient other = sluice.connect();
      other.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
      CHECK(read_response(other).body == "ok");
      other.recv_to_close();
      other.close();
      CHECK_NOTHROW(wait_for_descriptors(sluice, at_rest));
    }
  }
  CHECK(sluice.terminate().code == 0);
}

TEST_CASE("endings: a backend that ends at any step is told to the client as what it is",
          "[wire][endings]") {
  for (const Step& step : kBackendSteps) {
    for (const Ending ending : {Ending::Close, Ending::Reset, Ending::HalfClose}) {
      INFO(step.name << ", ending " << static_cast<int>(ending));
      ScriptedBackend backend([&step, ending](BackendConnection& connection) {
        if (!connection.recv_request()) return;
        connection.send(step.sent);
        end(connection, ending);
      });
      // Nothing is kept alive, so that nothing may stay open.
      SluiceProcess sluice(
          sluice::wire::forwarding_to({backend.address()}, {}, R"("keepalive": 0)"));
      const std::size_t at_rest = descriptor_count(sluice.process_id());
      RawClient client = sluice.connect();
      client.send("POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 2\r\n\r\nhi");
      const std::string answer = client.recv_to_close();
      client.close();
      const bool whole = std::string(step.name) == "complete" ||
                         (std::string(step.name) == "body until close" && ending != Ending::Reset);
      sluice.wait_for_access_log("\"method\":\"POST\"");
      const bool logged_ok = sluice.access_log().find("\"end\":\"ok\"") != std::string::npos;
      // A reset may overtake what was sent before it, so a whole answer may be lost with it.
      if (ending != Ending::Reset) CHECK(logged_ok == whole);
      if (!whole) CHECK_FALSE(logged_ok);
      if (!whole) CHECK_FALSE(answer.ends_with("0\r\n\r\n"));
      CHECK_NOTHROW(wait_for_descriptors(sluice, at_rest));
      CHECK(sluice.terminate().code == 0);
    }
  }
}

TEST_CASE("endings: a worker drains with an exchange in each state", "[wire][endings][drain]") {
  ScriptedBackend backend(serve);
  SluiceProcess sluice(
      sluice::wire::forwarding_to({backend.address()}, R"("timeouts": {"drain": "300ms"})"));
  std::vector<RawClient> clients;
  for (const Step& step : kClientSteps) {
    clients.push_back(sluice.connect());
    clients.back().send(step.sent);
  }
  backend.wait_for_requests(4);
  CHECK(sluice.terminate().code == 0);
  for (RawClient& client : clients) client.recv_to_close();
}

TEST_CASE("endings: SIGINT ends exchanges in every state", "[wire][endings][drain]") {
  ScriptedBackend backend(serve);
  SluiceProcess sluice(sluice::wire::forwarding_to(backend));
  std::vector<RawClient> clients;
  for (const Step& step : kClientSteps) {
    clients.push_back(sluice.connect());
    clients.back().send(step.sent);
  }
  backend.wait_for_requests(4);
  CHECK(sluice.interrupt().code == 0);
  for (RawClient& client : clients) client.recv_to_close();
}
