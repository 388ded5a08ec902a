// SPDX-License-Identifier: MIT
// A TLS client that never waits: a test steps it and the server side in turn, in one thread.
#pragma once

#include <openssl/ssl.h>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace sluice::support {

struct SslSessionFree {
  void operator()(SSL_SESSION* session) const { SSL_SESSION_free(session); }
};
using SslSessionPtr = std::unique_ptr<SSL_SESSION, SslSessionFree>;

struct TlsPeerOptions {
  std::string server_name = {};  // empty: no SNI
  int min_version = TLS1_2_VERSION;
  int max_version = TLS1_3_VERSION;
  std::string alpn = {};          // as on the wire; empty: no ALPN
  std::string suites12 = {};      // empty: OpenSSL's
  std::string signatures = {};    // empty: OpenSSL's
  std::string groups = {};        // empty: OpenSSL's
  SSL_SESSION* resume = nullptr;  // borrowed for the constructor
  long security_level = 1;        // 0 allows what no server should take
  std::size_t max_fragment = 0;   // of RFC 6066: 512 to 4096; 0: not asked for
};

class TlsPeer {
 public:
  enum class Step { Done, Again, Closed, Failed };

  // Borrows the non-blocking descriptor. Certificates are not verified.
  TlsPeer(int fd, const TlsPeerOptions& options);
  ~TlsPeer();
  TlsPeer(const TlsPeer&) = delete;
  TlsPeer& operator=(const TlsPeer&) = delete;

  Step handshake();
  // Appends to `into` what is there.
  Step read(std::string& into);
  // Sends from the front of `bytes` and takes that off.
  Step write(std::string_view& bytes);
  void close_notify();

  SSL* ssl() const { return ssl_.get(); }
  // Common name of the server's certificate.
  std::string certificate_name() const;
  bool resumed() const { return SSL_session_reused(ssl_.get()) == 1; }
  // The newest ticket; null when none has come. Under TLS 1.3 it comes with the first read.
  SslSessionPtr take_session() { return std::move(session_); }
  int tickets() const { return tickets_; }
  // Number of the alert that ended the connection, as in SSL_AD_*; -1: none.
  int alert() const { return alert_; }

 private:
  struct Free {
    void operator()(SSL* ssl) const { SSL_free(ssl); }
    void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  };

  static int on_session(SSL* ssl, SSL_SESSION* session);
  static void on_info(const SSL* ssl, int where, int value);
  Step outcome(int returned);

  std::unique_ptr<SSL_CTX, Free> context_;
  std::unique_ptr<SSL, Free> ssl_;
  SslSessionPtr session_;
  int tickets_ = 0;
  int alert_ = -1;
};

}  // namespace sluice::support
