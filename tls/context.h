// SPDX-License-Identifier: MIT
// What all TLS connections of one listener have in common: certificates by server name, protocol
// versions, suites, ALPN and tickets, after Mozilla's "intermediate" recommendation 5.8.
//
// Immutable once made and shared by all workers; each Session holds a reference, so that a reload
// can replace it under live connections. One SSL_CTX per group of certificates that serve the same
// names with different key types; the ClientHello's server name picks it.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "conf/config.h"
#include "conf/result.h"
#include "tls/certificates.h"
#include "tls/ptr.h"
#include "tls/sni.h"
#include "tls/tickets.h"

namespace sluice::tls {

inline constexpr std::array<std::string_view, 1> kAlpnHttp1{"http/1.1"};

class ServerContext {
 public:
  // Reads the certificate files. `tickets` is borrowed from the server and outlives every context
  // and every connection made with one. `alpn`: protocols spoken, the preferred first; a client
  // that offers only others is refused (RFC 7301 section 3.2), one that offers none is served.
  static Result<std::shared_ptr<const ServerContext>> create(
      const conf::ListenerTls& listener, const TicketKeys& tickets,
      std::span<const std::string_view> alpn = kAlpnHttp1);

  ServerContext(const ServerContext&) = delete;
  ServerContext& operator=(const ServerContext&) = delete;
  ~ServerContext();

  // A server-side connection that waits for a ClientHello; null when memory is short. The context
  // must outlive it.
  SslPtr new_connection() const;

  // For metrics and the status page.
  struct CertificateInfo {
    std::string path;
    std::vector<std::string> names;
    std::chrono::system_clock::time_point not_after;
  };
  const std::vector<CertificateInfo>& certificates() const { return certificates_; }

 private:
  friend struct ContextCallbacks;  // OpenSSL's callbacks, in context.cc

  explicit ServerContext(const TicketKeys& tickets) : tickets_(tickets) {}
  Result<SslCtxPtr> make_group(const conf::ListenerTls& listener,
                               const std::vector<Certificate>& certificates,
                               const std::vector<std::size_t>& members) const;

  const TicketKeys& tickets_;
  std::string alpn_;               // as on the wire: each name behind its length
  std::vector<SslCtxPtr> groups_;  // the first is the default
  SniTable names_;                 // name -> index of groups_
  std::vector<CertificateInfo> certificates_;
};

}  // namespace sluice::tls
