// SPDX-License-Identifier: MIT
// The proxy itself ends, with an exchange in each state.
#include <catch2/catch.hpp>

#include <string>
#include <vector>

#include "tests/support/http_reader.h"
#include "tests/support/scripted_backend.h"
#include "tests/support/sluice_process.h"
#include "tests/wire/configs.h"

using sluice::support::BackendConnection;
using sluice::support::RawClient;
using sluice::support::read_response;
using sluice::support::Response;
using sluice::support::ScriptedBackend;
using sluice::support::SluiceProcess;

namespace {

const std::vector<std::string> kSent = {
    "",
    "POST / HTTP/1.1\r\nHost: a\r\nCont",
    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf",
    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 200000\r\n\r\n" + std::string(70'000, 'b'),
    "GET /held HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET /held HTTP/1.1\r\nHost: a\r\n\r\nGET /held HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET /stalled HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET / HTTP/1.1\r\nHost : a\r\n\r\n",
};
constexpr int kReachBackend = 4;

void serve(BackendConnection& connection) {
  const auto request = connection.recv_head();
  if (request && request->target == "/stalled") {
    connection.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
  }
  connection.recv_to_close();
}

std::vector<RawClient> clients_in_each_state(SluiceProcess& sluice, ScriptedBackend& backend) {
  std::vector<RawClient> clients;
  for (const std::string& sent : kSent) {
    clients.push_back(sluice.connect());
    clients.back().send(sent);
  }
  backend.wait_for_requests(kReachBackend);
  return clients;
}

}  // namespace

TEST_CASE("endings: a worker drains with an exchange in each state", "[wire][endings][drain]") {
  ScriptedBackend backend(serve);
  SluiceProcess sluice(sluice::wire::forwarding_to(backend, R"("timeouts": {"drain": "300ms"})"));
  std::vector<RawClient> clients = clients_in_each_state(sluice, backend);
  CHECK(sluice.terminate().code == 0);
  for (RawClient& client : clients) client.recv_to_close();
}

TEST_CASE("endings: who is still waiting when a drain is over gets the 503 that is logged",
          "[wire][endings][drain]") {
  ScriptedBackend backend(serve);
  SluiceProcess sluice(sluice::wire::forwarding_to(backend, R"("timeouts": {"drain": "100ms"})"));
  RawClient client = sluice.connect();
  client.send("GET /held HTTP/1.1\r\nHost: a\r\n\r\n");
  backend.wait_for_requests(1);
  CHECK(sluice.terminate().code == 0);
  const Response response = read_response(client);
  CHECK(response.status == 503);
  CHECK(response.field("Connection") == "close");
  client.expect_close();
  CHECK(sluice.access_log().find("\"status\":503") != std::string::npos);
}

TEST_CASE("endings: SIGINT ends exchanges in every state", "[wire][endings][drain]") {
  ScriptedBackend backend(serve);
  SluiceProcess sluice(sluice::wire::forwarding_to(backend));
  std::vector<RawClient> clients = clients_in_each_state(sluice, backend);
  CHECK(sluice.interrupt().code == 0);
  int refused = 0;
  for (RawClient& client : clients) {
    const std::string got = client.recv_to_close();
    if (!got.starts_with("HTTP/1.1 503")) continue;
    ++refused;
    // RFC 9112 9.6: what says nothing of it may be asked again.
    CHECK(got.find("Connection: close") != std::string::npos);
  }
  CHECK(refused > 0);
}
