// SPDX-License-Identifier: MIT
#include "tls/context.h"

#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/tls1.h>

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "tls/error.h"

namespace sluice::tls {
namespace {

// Mozilla's server-side TLS guidelines 5.8, "intermediate". The order is the client's to choose: a
// phone without AES instructions asks for ChaCha20 first. X25519MLKEM768 needs OpenSSL 3.5.
constexpr const char* kSuites12 =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
    "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
    "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";
constexpr const char* kSuites13 =
    "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256";
constexpr const char* kCurves = "X25519:P-256:P-384";

// One ticket per connection: a browser needs no more, and each costs an encryption.
constexpr std::size_t kTickets = 1;

using Members = std::vector<std::size_t>;  // indices of certificates, in configured order

std::string alpn_wire_format(std::span<const std::string_view> protocols) {
  std::string wire;
  for (const std::string_view protocol : protocols) {
    wire.push_back(static_cast<char>(protocol.size()));
    wire.append(protocol);
  }
  return wire;
}

// Which certificates serve a name: the first of each key type that carries it.
std::map<std::string, Members> group_by_name(const std::vector<Certificate>& certificates) {
  std::map<std::string, Members> by_name;
  for (std::size_t i = 0; i < certificates.size(); ++i) {
    for (const std::string& name : certificates[i].names) {
      Members& members = by_name[name];
      const bool taken = std::any_of(members.begin(), members.end(), [&](std::size_t other) {
        return certificates[other].key_type == certificates[i].key_type;
      });
      if (!taken) members.push_back(i);
    }
  }
  return by_name;
}

// A ticket is good only where the same certificates would be shown again, and nowhere are clients
// asked for certificates of their own; the id says both.
std::optional<std::array<unsigned char, 32>> session_id_context(
    const std::vector<Certificate>& certificates, const Members& members) {
  std::string identity = "sluice tls 1, no client certificates";
  for (const std::size_t i : members) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
    unsigned size = 0;
    if (X509_digest(certificates[i].leaf.get(), EVP_sha256(), digest.data(), &size) != 1) {
      return std::nullopt;
    }
    identity.append(digest.begin(), digest.begin() + size);
  }
  std::array<unsigned char, 32> id;
  static_assert(id.size() == SSL_MAX_SID_CTX_LENGTH);
  const int done =
      EVP_Digest(identity.data(), identity.size(), id.data(), nullptr, EVP_sha256(), nullptr);
  return done == 1 ? std::optional(id) : std::nullopt;
}

bool set_protocol(SSL_CTX* context, conf::TlsVersion min_version) {
  const int lowest = min_version == conf::TlsVersion::Tls13 ? TLS1_3_VERSION : TLS1_2_VERSION;
  // openssl.cnf may have set any option for every program of the machine: both ways are spelled
  // out.
  SSL_CTX_clear_options(context, SSL_OP_IGNORE_UNEXPECTED_EOF | SSL_OP_CIPHER_SERVER_PREFERENCE |
                                     SSL_OP_ALLOW_UNSAFE_LEGACY_RENEGOTIATION |
                                     SSL_OP_ALLOW_NO_DHE_KEX | SSL_OP_NO_TICKET |
                                     SSL_OP_ENABLE_KTLS);
  SSL_CTX_set_options(context, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
  // read_ahead: one read(2) takes all records that have come, not a header and then a body.
  SSL_CTX_set_read_ahead(context, 1);
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  return SSL_CTX_set_min_proto_version(context, lowest) == 1 &&
         SSL_CTX_set_max_proto_version(context, TLS1_3_VERSION) == 1 &&
         SSL_CTX_set_cipher_list(context, kSuites12) == 1 &&
         SSL_CTX_set_ciphersuites(context, kSuites13) == 1 &&
         SSL_CTX_set1_curves_list(context, kCurves) == 1;
}

bool set_resumption(SSL_CTX* context, const std::array<unsigned char, 32>& id) {
  constexpr auto kLifetime = std::chrono::seconds(TicketKeys::kAcceptance);
  // The internal cache is one lock for all threads; tickets need none.
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_timeout(context, kLifetime.count());
  // No early data: none of our tickets allows any. What a client sends by another server's ticket
  // is skipped, up to OpenSSL's default (recv_max_early_data), which therefore stays.
  return SSL_CTX_set_num_tickets(context, kTickets) == 1 &&
         SSL_CTX_set_max_early_data(context, 0) == 1 &&
         SSL_CTX_set_session_id_context(context, id.data(), static_cast<unsigned>(id.size())) == 1;
}

std::string_view asked_name(SSL* ssl) {
  const unsigned char* body = nullptr;
  std::size_t size = 0;
  if (SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_server_name, &body, &size) != 1) return {};
  return parse_server_name({body, size});
}

}  // namespace

struct ContextCallbacks {
  static const ServerContext& of(void* argument) {
    return *static_cast<const ServerContext*>(argument);
  }

  // Runs before the version is chosen and before a ticket is looked at, so that the picked group's
  // id context judges the ticket. SSL_set_SSL_CTX takes over certificates and id context; all else
  // is the same in every group of a listener, set by the same function from the same settings.
  static int client_hello(SSL* ssl, int* alert, void* argument) {
    const ServerContext& self = of(argument);
    const std::size_t group = self.names_.find(asked_name(ssl)).value_or(0);
    SSL_CTX* wanted = self.groups_[group].get();
    if (SSL_get_SSL_CTX(ssl) == wanted || SSL_set_SSL_CTX(ssl, wanted) != nullptr) {
      return SSL_CLIENT_HELLO_SUCCESS;
    }
    *alert = SSL_AD_INTERNAL_ERROR;
    return SSL_CLIENT_HELLO_ERROR;
  }

  // The choice is made already; this only lets OpenSSL remember the name and acknowledge it.
  static int server_name(SSL*, int*, void*) { return SSL_TLSEXT_ERR_OK; }

  static int alpn(SSL*, const unsigned char** out, unsigned char* out_size, const unsigned char* in,
                  unsigned in_size, void* argument) {
    const std::string& ours = of(argument).alpn_;
    unsigned char* chosen = nullptr;
    const int found = SSL_select_next_proto(&chosen, out_size,
                                            reinterpret_cast<const unsigned char*>(ours.data()),
                                            static_cast<unsigned>(ours.size()), in, in_size);
    if (found != OPENSSL_NPN_NEGOTIATED) return SSL_TLSEXT_ERR_ALERT_FATAL;
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
  }

  // OpenSSL gives no argument here, so the context rides on the SSL_CTX. Returns: -1 fatal, 0 not
  // ours (a full handshake follows), 1 done, 2 done and to be renewed.
  static int ticket_key(SSL* ssl, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher,
                        EVP_MAC_CTX* mac, int encrypt) {
    const TicketKeys& keys = of(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl))).tickets_;
    if (encrypt != 0) return keys.seal(name, iv, cipher, mac) ? 1 : -1;
    switch (keys.open(name, iv, cipher, mac)) {
      case TicketKeys::Opened::Unknown:
        return 0;
      case TicketKeys::Opened::Accepted:
        return 1;
      case TicketKeys::Opened::AcceptedButOld:
        return 2;
    }
    return 0;
  }

  // RFC 6066 section 3: a session must not be resumed under another name than it was made for.
  // RFC 8446 appendix C.4: a client uses a ticket once, so each connection gets it a new one.
  static SSL_TICKET_RETURN ticket_opened(SSL* ssl, SSL_SESSION* session, const unsigned char*,
                                         std::size_t, SSL_TICKET_STATUS status, void*) {
    const bool good = status == SSL_TICKET_SUCCESS || status == SSL_TICKET_SUCCESS_RENEW;
    if (!good) return SSL_TICKET_RETURN_IGNORE_RENEW;
    const char* made_for = SSL_SESSION_get0_hostname(session);
    if (!same_server_name(made_for != nullptr ? made_for : "", asked_name(ssl))) {
      return SSL_TICKET_RETURN_IGNORE_RENEW;
    }
    const bool renew = status == SSL_TICKET_SUCCESS_RENEW || SSL_version(ssl) >= TLS1_3_VERSION;
    return renew ? SSL_TICKET_RETURN_USE_RENEW : SSL_TICKET_RETURN_USE;
  }

  static bool set(SSL_CTX* context, const ServerContext& self) {
    // OpenSSL hands the argument back as it came; the callbacks only read through it.
    void* argument = const_cast<ServerContext*>(&self);
    SSL_CTX_set_client_hello_cb(context, client_hello, argument);
    // What SSL_CTX_set_tlsext_servername_callback does, without its C cast.
    SSL_CTX_callback_ctrl(context, SSL_CTRL_SET_TLSEXT_SERVERNAME_CB,
                          reinterpret_cast<void (*)()>(server_name));
    SSL_CTX_set_alpn_select_cb(context, alpn, argument);
    return SSL_CTX_set_app_data(context, argument) == 1 &&
           SSL_CTX_set_tlsext_ticket_key_evp_cb(context, ticket_key) == 1 &&
           SSL_CTX_set_session_ticket_cb(context, nullptr, ticket_opened, argument) == 1;
  }
};

Result<SslCtxPtr> ServerContext::make_group(const conf::ListenerTls& listener,
                                            const std::vector<Certificate>& certificates,
                                            const Members& members) const {
  clear_errors();
  SslCtxPtr context(SSL_CTX_new(TLS_server_method()));
  const auto id = session_id_context(certificates, members);
  const bool set = context != nullptr && id && set_protocol(context.get(), listener.min_version) &&
                   set_resumption(context.get(), *id) &&
                   ContextCallbacks::set(context.get(), *this);
  if (!set) return Error{"", "cannot set TLS up: " + take_error_text()};
  for (const std::size_t i : members) {
    if (const auto refused = install_certificate(context.get(), certificates[i])) {
      return Error{
          "certificates[" + std::to_string(i) + "]",
          "the certificate in " + listener.certificates[i].cert + " cannot be served: " + *refused};
    }
  }
  return context;
}

Result<std::shared_ptr<const ServerContext>> ServerContext::create(
    const conf::ListenerTls& listener, const TicketKeys& tickets,
    std::span<const std::string_view> alpn) {
  if (listener.certificates.empty()) return Error{"certificates", "at least one is needed"};
  std::vector<Certificate> certificates;
  for (const conf::Certificate& files : listener.certificates) {
    Result<Certificate> loaded = load_certificate(files.cert, files.key);
    const std::string place = "certificates[" + std::to_string(certificates.size()) + "]";
    if (!loaded) return Error{place, loaded.error().what};
    certificates.push_back(std::move(*loaded));
  }

  std::shared_ptr<ServerContext> self(new ServerContext(tickets));
  self->alpn_ = alpn_wire_format(alpn);
  const std::map<std::string, Members> by_name = group_by_name(certificates);
  std::map<Members, std::size_t> groups;  // -> index of groups_
  const auto group_of = [&](const Members& members) -> Result<std::size_t> {
    const auto [at, is_new] = groups.try_emplace(members, self->groups_.size());
    if (is_new) {
      Result<SslCtxPtr> made = self->make_group(listener, certificates, members);
      if (!made) return made.error();
      self->groups_.push_back(std::move(*made));
    }
    return at->second;
  };

  // The default: the first certificate, and those of other key types for its first name.
  const std::vector<std::string>& first_names = certificates.front().names;
  const Members alone{0};
  const auto first =
      group_of(first_names.empty() ? alone : by_name.find(first_names.front())->second);
  if (!first) return first.error();
  for (const auto& [name, members] : by_name) {
    const auto group = group_of(members);
    if (!group) return group.error();
    self->names_.add(name, *group);
  }
  for (std::size_t i = 0; i < certificates.size(); ++i) {
    self->certificates_.push_back({listener.certificates[i].cert, std::move(certificates[i].names),
                                   certificates[i].not_after});
  }
  return std::shared_ptr<const ServerContext>(std::move(self));
}

ServerContext::~ServerContext() = default;

SslPtr ServerContext::new_connection() const {
  SslPtr ssl(SSL_new(groups_.front().get()));
  if (ssl != nullptr) SSL_set_accept_state(ssl.get());
  return ssl;
}

}  // namespace sluice::tls
