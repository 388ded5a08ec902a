// SPDX-License-Identifier: MIT
#include "tests/support/raw_client.h"

#include <openssl/ssl.h>
#include <sys/socket.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <charconv>
#include <string>

#include "tests/support/process.h"
#include "tests/support/scripted_backend.h"
#include "tests/support/temp_dir.h"

namespace sluice::support {
namespace {

// `openssl s_server`, which answers each request with a page about the connection: a TLS peer that
// shares no code with ours.
class TlsServer {
 public:
  TlsServer() : process_(arguments()) {
    const std::size_t start = process_.wait_for(Stream::Out, "ACCEPT 127.0.0.1:");
    process_.wait_for(Stream::Out, "\n", start);
    const std::string text = process_.output(Stream::Out).substr(start);
    std::from_chars(text.data(), text.data() + text.size(), port_);
  }

  int port() const { return port_; }
  std::string certificate() const { return directory_.file("cert.pem"); }

 private:
  std::vector<std::string> arguments() const {
    const auto made = run_program(
        {"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
         "-nodes", "-subj", "/CN=tls.example", "-addext", "subjectAltName=DNS:tls.example",
         "-keyout", directory_.file("key.pem"), "-out", directory_.file("cert.pem")});
    if (made.status != ExitStatus{0, 0}) throw Failure(made.err);
    return {"openssl",
            "s_server",
            "-accept",
            "127.0.0.1:0",
            "-www",
            "-alpn",
            "http/1.1",
            "-cert",
            directory_.file("cert.pem"),
            "-key",
            directory_.file("key.pem")};
  }

  TempDir directory_;
  Process process_;
  int port_ = 0;
};

}  // namespace

TEST_CASE("raw client: source address and buffer sizes are as asked") {
  ScriptedBackend backend(ScriptedBackend::answer(200, "x"));
  ClientOptions options;
  options.source = "127.0.0.9";
  options.receive_buffer = 4096;
  RawClient client(backend.port(), options);
  sockaddr_storage name{};
  socklen_t size = sizeof name;
  REQUIRE(::getsockname(client.fd(), reinterpret_cast<sockaddr*>(&name), &size) == 0);
  CHECK(client.peer_port() == backend.port());
  CHECK(client.local_port() > 0);
  int buffer = 0;
  size = sizeof buffer;
  REQUIRE(::getsockopt(client.fd(), SOL_SOCKET, SO_RCVBUF, &buffer, &size) == 0);
  CHECK(buffer == 2 * 4096);  // the kernel doubles it for its own needs
}

TEST_CASE("raw client: nobody listening is a failure that says so") {
  ScriptedBackend backend(ScriptedBackend::answer(200, "x"));
  backend.stop();
  CHECK_THROWS_WITH(RawClient(backend.port()), Catch::Contains("refused"));
  CHECK_THROWS_WITH(RawClient(std::string("/nonexistent/socket")), Catch::Contains("No such file"));
  CHECK_THROWS_AS(RawClient(1, {.host = "localhost"}), Failure);
}

TEST_CASE("raw client: TLS with SNI, ALPN and a trusted certificate") {
  const TlsServer server;
  RawClient client(server.port());
  client.handshake(
      {.sni = "tls.example", .alpn = {"h2", "http/1.1"}, .ca_file = server.certificate()});
  CHECK(client.alpn() == "http/1.1");
  CHECK(client.tls_version() == "TLSv1.3");
  CHECK(client.peer_subject() == "CN=tls.example");
  CHECK_FALSE(client.resumed());
  client.send("GET / HTTP/1.0\r\n\r\n");
  CHECK_THAT(client.recv_to_close(), Catch::StartsWith("HTTP/1.0 200 ok"));
}

TEST_CASE("raw client: a version limit holds, and a session is resumed") {
  const TlsServer server;
  RawClient first(server.port());
  first.handshake({.max_version = TLS1_2_VERSION});
  CHECK(first.tls_version() == "TLSv1.2");
  CHECK(first.alpn().empty());
  const SslSession session = first.session();
  RawClient second(server.port());
  // s_server takes one connection at a time.
  first.close();
  second.handshake({.max_version = TLS1_2_VERSION, .session = session.get()});
  CHECK(second.resumed());
}

TEST_CASE("raw client: a certificate for another name, or of nobody trusted, fails") {
  const TlsServer server;
  const TempDir directory;
  RawClient other_name(server.port());
  CHECK_THROWS_WITH(other_name.handshake({.sni = "other.example", .ca_file = server.certificate()}),
                    Catch::Contains("certificate verify failed"));
}

TEST_CASE("raw client: a peer that speaks no TLS fails the handshake") {
  ScriptedBackend backend([](BackendConnection& connection) {
    connection.recv_some();
    connection.send("HTTP/1.1 400 Bad Request\r\n\r\n");
  });
  RawClient client(backend.port());
  CHECK_THROWS_WITH(client.handshake(), Catch::Contains("TLS"));
}

}  // namespace sluice::support
