// SPDX-License-Identifier: MIT
// TLS termination over real sockets, from the handshake to the log.
#include <catch2/catch.hpp>

#include <openssl/ssl.h>

#include <string>

#include "tests/support/http_reader.h"
#include "tests/support/scripted_backend.h"
#include "tests/support/sluice_process.h"
#include "tests/support/test_certificates.h"

using sluice::support::make_certificate;
using sluice::support::RawClient;
using sluice::support::read_response;
using sluice::support::Response;
using sluice::support::ScriptedBackend;
using sluice::support::SluiceProcess;
using sluice::support::TempDir;
using sluice::support::TestCertificate;
using sluice::support::TlsOptions;

namespace {

std::string quoted_pair(const TestCertificate& certificate) {
  return R"({"cert": ")" + certificate.cert_path + R"(", "key": ")" + certificate.key_path +
         R"("})";
}

std::string tls_config(const std::string& certificates, const std::string& backend) {
  return R"({"workers": 2, "access_log": {"format": "json"},
    "listeners": [{"address": "127.0.0.1:0", "tls": {"certificates": [)" +
         certificates + R"(]}}],
    "pools": {"p": {"backends": [")" +
         backend + R"("]}}, "routes": [{"match": {}, "forward": {"pool": "p"}}]})";
}

Response get_response(RawClient& client) {
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  return read_response(client);
}

struct Fixture {
  TempDir directory;
  TestCertificate first = make_certificate(directory.path(), "first", {"first.example"});
  TestCertificate wild = make_certificate(directory.path(), "wild", {"*.wild.example"});
  ScriptedBackend backend{ScriptedBackend::answer(200, "secret")};
  SluiceProcess sluice{tls_config(quoted_pair(first) + "," + quoted_pair(wild), backend.address())};
};

}  // namespace

TEST_CASE("tls: requests over 1.2 and 1.3 are forwarded and logged as what they are",
          "[wire][tls]") {
  Fixture fixture;
  const bool new_version = GENERATE(true, false);
  RawClient client = fixture.sluice.connect();
  TlsOptions options;
  options.min_version = options.max_version = new_version ? TLS1_3_VERSION : TLS1_2_VERSION;
  client.handshake(options);
  for (int i = 0; i < 3; ++i) CHECK(get_response(client).body == "secret");
  CHECK(fixture.backend.requests().at(0).field("X-Forwarded-Proto") == "https");
  fixture.sluice.wait_for_access_log(new_version ? "\"tls\":\"TLSv1.3\"" : "\"tls\":\"TLSv1.2\"");
}

TEST_CASE("tls: the certificate is chosen by SNI", "[wire][tls]") {
  Fixture fixture;
  auto subject = [&fixture](const std::string& sni) {
    RawClient client = fixture.sluice.connect();
    TlsOptions options;
    options.sni = sni;
    client.handshake(options);
    return client.peer_subject();
  };
  CHECK(subject("first.example").find("first") != std::string::npos);
  CHECK(subject("a.wild.example").find("wild") != std::string::npos);
  CHECK(subject("A.WILD.example").find("wild") != std::string::npos);
  CHECK(subject("unknown.example").find("first") != std::string::npos);
  CHECK(subject("").find("first") != std::string::npos);
}

TEST_CASE("tls: ALPN agrees on http/1.1, and refuses what is not spoken", "[wire][tls]") {
  Fixture fixture;
  RawClient client = fixture.sluice.connect();
  TlsOptions options;
  options.alpn = {"h2", "http/1.1"};
  client.handshake(options);
  CHECK(client.alpn() == "http/1.1");
  RawClient other = fixture.sluice.connect();
  options.alpn = {"spdy/3"};
  CHECK_THROWS(other.handshake(options));
}

TEST_CASE("tls: a session is resumed by its ticket, on any worker and after a reload",
          "[wire][tls]") {
  Fixture fixture;
  RawClient client = fixture.sluice.connect();
  client.handshake();
  CHECK(get_response(client).status == 200);
  auto session = client.session();
  REQUIRE(session != nullptr);
  REQUIRE(fixture.sluice.reload(tls_config(quoted_pair(fixture.first), fixture.backend.address())));
  for (int i = 0; i < 8; ++i) {
    RawClient again = fixture.sluice.connect();
    TlsOptions options;
    options.session = session.get();
    again.handshake(options);
    CHECK(again.resumed());
    CHECK(get_response(again).status == 200);
  }
}

TEST_CASE("tls: a large body crosses while the client reads slowly", "[wire][tls]") {
  const std::string big(3'000'000, 'y');
  TempDir directory;
  TestCertificate certificate = make_certificate(directory.path(), "big", {"big.example"});
  ScriptedBackend backend(ScriptedBackend::answer(200, big));
  SluiceProcess sluice(tls_config(quoted_pair(certificate), backend.address()));
  sluice::support::ClientOptions small;
  small.receive_buffer = 8192;
  RawClient client = sluice.connect(0, small);
  client.handshake();
  CHECK(get_response(client).body == big);
  CHECK(get_response(client).body == big);
}

TEST_CASE("tls: a connection that was idle for too long ends with close_notify", "[wire][tls]") {
  TempDir directory;
  TestCertificate certificate = make_certificate(directory.path(), "idle", {"idle.example"});
  ScriptedBackend backend(ScriptedBackend::answer(200, "ok"));
  std::string text = tls_config(quoted_pair(certificate), backend.address());
  text.insert(1, R"("timeouts": {"idle": "100ms"}, )");
  SluiceProcess sluice(text);
  RawClient client = sluice.connect();
  client.handshake();
  CHECK(get_response(client).status == 200);
  CHECK_NOTHROW(client.expect_close());  // fails on an end that might be a truncation
}

TEST_CASE("tls: plain HTTP and garbage on the TLS port close, and harm nobody", "[wire][tls]") {
  Fixture fixture;
  RawClient plain = fixture.sluice.connect();
  plain.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  plain.recv_to_close();
  RawClient garbage = fixture.sluice.connect();
  garbage.send(std::string(500, '\xff'));
  garbage.recv_to_close();
  RawClient client = fixture.sluice.connect();
  client.handshake();
  CHECK(get_response(client).status == 200);
}

TEST_CASE("tls: a handshake that fails by what was sent has its word in the log",
          "[wire][tls][regression]") {
  Fixture fixture;
  RawClient client = fixture.sluice.connect();
  SECTION("plain HTTP, which is told so") {
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    const Response response = read_response(client);
    CHECK(response.status == 400);
    CHECK(response.body == "plain HTTP was sent to a port for HTTPS.\n");
    client.expect_close();
    fixture.sluice.wait_for_log("127.0.0.1: tls_http_request");
  }
  SECTION("no cipher that both know") {
    TlsOptions options;
    options.max_version = TLS1_2_VERSION;
    options.ciphers = "AES128-SHA";
    CHECK_THROWS(client.handshake(options));
    fixture.sluice.wait_for_log("127.0.0.1: tls_no_shared_cipher");
  }
  SECTION("but not one that was left") {
    client.close();
    RawClient other = fixture.sluice.connect();
    CHECK_THROWS(other.handshake({.alpn = {"spdy/3"}}));
    fixture.sluice.wait_for_log("127.0.0.1: tls_no_application_protocol");
    CHECK(fixture.sluice.log().find("tls_reset") == std::string::npos);
  }
}

TEST_CASE("tls: a broken or mismatched certificate is an error of the configuration",
          "[wire][tls]") {
  TempDir directory;
  TestCertificate a = make_certificate(directory.path(), "a", {"a.example"});
  TestCertificate b = make_certificate(directory.path(), "b", {"b.example"});
  auto finished = sluice::support::check_config(
      tls_config(quoted_pair({a.cert_path, b.key_path}), "127.0.0.1:1"));
  CHECK(finished.status.code == 3);
  CHECK(finished.err.find("listeners[0].tls.certificates[0]") != std::string::npos);
  CHECK(finished.err.find("does not match") != std::string::npos);
}
