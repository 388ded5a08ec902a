// SPDX-License-Identifier: MIT
// A client that sends exactly the bytes it is told to. See connection.h for what it can do once it
// is connected.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/connection.h"

using SSL_SESSION = struct ssl_session_st;  // NOLINT: OpenSSL's name

namespace sluice::support {

struct SslSessionFree {
  void operator()(SSL_SESSION* session) const;
};
using SslSession = std::unique_ptr<SSL_SESSION, SslSessionFree>;

struct ClientOptions {
  std::string host = "127.0.0.1";  // a numeric IPv4 or IPv6 address
  std::string source = {};         // bind to this address first: 127.0.0.2 is another client
  int receive_buffer = 0;          // SO_RCVBUF in bytes, set before connecting; 0: the kernel's own
  int send_buffer = 0;             // SO_SNDBUF
  Deadline deadline = {};
};

struct TlsOptions {
  std::string sni = {};                // empty: no server name is sent
  std::vector<std::string> alpn = {};  // empty: the extension is not sent
  std::string ca_file = {};            // trusted certificates, PEM; empty: any certificate will do
  int min_version = 0;                 // TLS1_2_VERSION, ...; 0: OpenSSL's own
  int max_version = 0;
  std::string ciphers = {};        // TLS 1.2 cipher list; empty: OpenSSL's own
  SSL_SESSION* session = nullptr;  // to resume, borrowed during the call
};

class RawClient : public Connection {
 public:
  explicit RawClient(int port, const ClientOptions& options = {});
  explicit RawClient(const std::string& unix_path, const ClientOptions& options = {});

  // Hands the connection over to TLS. Fails with OpenSSL's words when the handshake does.
  void handshake(const TlsOptions& options = {}, Deadline deadline = {});

  // After handshake().
  std::string alpn() const;          // the protocol that was agreed on; empty: none
  std::string tls_version() const;   // "TLSv1.3"
  std::string peer_subject() const;  // of the server's certificate: "CN=localhost"
  bool resumed() const;
  // What a later connection may resume. Under TLS 1.3 the ticket comes after the handshake: receive
  // something first.
  SslSession session() const;
};

}  // namespace sluice::support
