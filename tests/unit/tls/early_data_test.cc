// SPDX-License-Identifier: MIT
// A client that comes from a server which took early data (RFC 8446, 4.2.10), with that server's
// ticket: a name that has moved from one machine to another.
#include <openssl/ssl.h>

#include <catch2/catch.hpp>
#include <memory>
#include <string>
#include <string_view>

#include "tests/unit/tls/pair.h"

namespace sluice::tls {
namespace {

using support::SslSessionPtr;
using support::TlsPeer;

struct FreeServer {
  void operator()(SSL* ssl) const { SSL_free(ssl); }
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};

// What a server of another kind gives to a client who may send early data to it.
SslSessionPtr ticket_of_another_server(const support::TestCertificate& files) {
  const std::unique_ptr<SSL_CTX, FreeServer> context(SSL_CTX_new(TLS_server_method()));
  REQUIRE(SSL_CTX_use_certificate_chain_file(context.get(), files.cert_path.c_str()) == 1);
  REQUIRE(SSL_CTX_use_PrivateKey_file(context.get(), files.key_path.c_str(), SSL_FILETYPE_PEM) ==
          1);
  REQUIRE(SSL_CTX_set_max_early_data(context.get(), 16 * 1024) == 1);
  const test::Sockets sockets;
  const std::unique_ptr<SSL, FreeServer> server(SSL_new(context.get()));
  REQUIRE(SSL_set_fd(server.get(), sockets.server()) == 1);
  TlsPeer client(sockets.client(), test::version_only(TLS1_3_VERSION));
  for (int turn = 0; turn < 10; ++turn) {
    client.handshake();
    SSL_accept(server.get());
  }
  std::string nothing;
  client.read(nothing);
  return client.take_session();
}

TEST_CASE("early data: what another server's ticket allows is skipped, and the handshake goes on",
          "[tls][tickets][regression]") {
  const test::Fixture fixture;
  const SslSessionPtr ticket = ticket_of_another_server(fixture.files);
  REQUIRE(ticket != nullptr);
  REQUIRE(SSL_SESSION_get_max_early_data(ticket.get()) > 0);

  test::TlsPeerOptions options = test::version_only(TLS1_3_VERSION);
  options.resume = ticket.get();
  test::Pair pair(fixture.context, options);
  const std::string early(10'000, 'e');
  std::size_t written = 0;
  REQUIRE(SSL_write_early_data(pair.client.ssl(), early.data(), early.size(), &written) == 1);
  CHECK(pair.connect());
  CHECK(pair.server.error_word().empty());
  CHECK(SSL_get_early_data_status(pair.client.ssl()) == SSL_EARLY_DATA_REJECTED);

  std::string_view request = "again";
  REQUIRE(pair.client.write(request) == TlsPeer::Step::Done);
  pair.server.on_readable();
  CHECK(test::read_all(pair.server) == "again");  // and nothing of what was early
}

TEST_CASE("early data: no ticket of ours allows it", "[tls][tickets]") {
  const test::Fixture fixture;
  test::Pair pair(fixture.context, test::version_only(TLS1_3_VERSION));
  REQUIRE(pair.connect());
  REQUIRE(pair.read_ticket() == "!");
  const SslSessionPtr ticket = pair.client.take_session();
  REQUIRE(ticket != nullptr);
  CHECK(SSL_SESSION_get_max_early_data(ticket.get()) == 0);
}

}  // namespace
}  // namespace sluice::tls
