// SPDX-License-Identifier: MIT
// Listeners that are told who the client is by a balancer in front: over plain connections and
// before TLS, in pieces, and from those who may not say it.
#include <catch2/catch.hpp>

#include <string>

#include "tests/support/http_reader.h"
#include "tests/support/scripted_backend.h"
#include "tests/support/sluice_process.h"
#include "tests/support/test_certificates.h"
#include "tests/wire/configs.h"

using sluice::support::RawClient;
using sluice::support::read_response;
using sluice::support::ScriptedBackend;
using sluice::support::SluiceProcess;

namespace {

constexpr std::string_view kHeader = "PROXY TCP4 192.0.2.7 198.51.100.1 40000 443\r\n";
constexpr std::string_view kGet =
    "GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 203.0.113.9\r\nConnection: close\r\n\r\n";

std::string proxy_protocol_config(const ScriptedBackend& backend, std::string_view trusted,
                                  std::string_view tls = {}) {
  return R"({"workers": 1, "listeners": [{"address": "127.0.0.1:0", "proxy_protocol": true)" +
         std::string(tls) + R"(}], "access_log": {"format": "json"}, "trusted_proxies": [")" +
         std::string(trusted) + R"("], "timeouts": {"request_head": "300ms"},
    "pools": {"p": {"backends": [")" +
         backend.address() + R"("]}}, "routes": [{"forward": {"pool": "p"}}]})";
}

}  // namespace

TEST_CASE("proxy protocol: the client is the one that the header names", "[wire][proxy_protocol]") {
  ScriptedBackend backend(ScriptedBackend::answer(200, "ok"));
  SluiceProcess sluice(proxy_protocol_config(backend, "127.0.0.1"));
  SECTION("with the request behind it") {
    RawClient client = sluice.connect();
    client.send(std::string(kHeader) + std::string(kGet));
    CHECK(read_response(client).status == 200);
  }
  SECTION("in pieces") {
    RawClient client = sluice.connect();
    for (const char c : std::string(kHeader) + std::string(kGet)) client.send({&c, 1});
    CHECK(read_response(client).status == 200);
  }
  // Who is named by a trusted proxy is a client, not a proxy that is believed in its turn.
  CHECK(backend.requests().at(0).field("X-Forwarded-For") == "192.0.2.7");
  CHECK_NOTHROW(sluice.wait_for_access_log("\"client\":\"192.0.2.7\""));
}

// Nobody has looked at what such a client sends.
TEST_CASE("proxy protocol: whom the header does not name chooses no address himself",
          "[wire][proxy_protocol][regression]") {
  using namespace std::string_literals;
  struct Row {
    std::string header;
    std::string told;
  };
  const std::string binary = "\r\n\r\n\0\r\nQUIT\n"s;
  const Row rows[] = {{"PROXY UNKNOWN\r\n", "127.0.0.1"},
                      {binary + "\x21\0\0\0"s, "127.0.0.1"},
                      // The balancer's own connection: what it says is believed.
                      {binary + "\x20\0\0\0"s, "203.0.113.9, 127.0.0.1"}};
  for (const Row& row : rows) {
    ScriptedBackend backend(ScriptedBackend::answer(200, "ok"));
    SluiceProcess sluice(proxy_protocol_config(backend, "127.0.0.1"));
    RawClient client = sluice.connect();
    client.send(row.header + std::string(kGet));
    CHECK(read_response(client).status == 200);
    CHECK(backend.requests().at(0).field("X-Forwarded-For") == row.told);
  }
}

TEST_CASE("proxy protocol: the header comes before TLS", "[wire][proxy_protocol][tls]") {
  sluice::support::TempDir directory;
  const auto certificate =
      sluice::support::make_certificate(directory.path(), "localhost", {"localhost"});
  ScriptedBackend backend(ScriptedBackend::answer(200, "ok"));
  SluiceProcess sluice(proxy_protocol_config(backend, "127.0.0.0/8",
                                             R"(, "tls": {"certificates": [{"cert": ")" +
                                                 certificate.cert_path + R"(", "key": ")" +
                                                 certificate.key_path + R"("}]})"));
  RawClient client = sluice.connect();
  client.send(kHeader);
  client.handshake();
  client.send(kGet);
  CHECK(read_response(client).status == 200);
  CHECK(backend.requests().at(0).field("X-Forwarded-For") == "192.0.2.7");
  CHECK(backend.requests().at(0).field("X-Forwarded-Proto") == "https");
}

TEST_CASE("proxy protocol: no header, a malformed one or half of one end the connection in silence",
          "[wire][proxy_protocol]") {
  ScriptedBackend backend(ScriptedBackend::answer(200, "ok"));
  SluiceProcess sluice(proxy_protocol_config(backend, "127.0.0.1"));
  for (const std::string& bytes :
       {std::string(kGet),
        std::string("PROXY TCP4 192.0.2.7 198.51.100.1 40000\r\n") + std::string(kGet),
        std::string(kHeader).substr(0, 20), std::string()}) {
    CAPTURE(bytes);
    RawClient client = sluice.connect();
    client.send(bytes);
    CHECK_NOTHROW(client.expect_close());
  }
  CHECK(backend.connections() == 0);
}

TEST_CASE("proxy protocol: whose connections begin with no header is said, but not each time",
          "[wire][proxy_protocol]") {
  ScriptedBackend backend(ScriptedBackend::answer(200, "ok"));
  SECTION("another beginning") {
    SluiceProcess sluice(proxy_protocol_config(backend, "127.0.0.1"));
    for (int i = 0; i < 3; ++i) {
      RawClient client = sluice.connect();
      client.send(kGet);
      CHECK_NOTHROW(client.expect_close());
    }
    const std::string line = "127.0.0.1: a connection began with no PROXY header";
    const std::size_t at = sluice.wait_for_log(line);
    CHECK(sluice.log().find(line, at) == std::string::npos);
  }
  SECTION("none") {
    SluiceProcess sluice(proxy_protocol_config(backend, "127.0.0.1"));
    CHECK_NOTHROW(sluice.connect().expect_close());
    CHECK_NOTHROW(sluice.wait_for_log("127.0.0.1: no PROXY header came in time"));
  }
}

TEST_CASE("proxy protocol: who is not trusted may not connect", "[wire][proxy_protocol]") {
  ScriptedBackend backend(ScriptedBackend::answer(200, "ok"));
  SluiceProcess sluice(proxy_protocol_config(backend, "192.0.2.1"));
  RawClient client = sluice.connect();
  client.try_send(std::string(kHeader) + std::string(kGet));
  CHECK(client.recv_to_close().empty());
  CHECK_NOTHROW(sluice.wait_for_log("is no trusted proxy and may not connect"));
  CHECK(backend.connections() == 0);
}
