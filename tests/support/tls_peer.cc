// SPDX-License-Identifier: MIT
#include "tests/support/tls_peer.h"

#include <openssl/err.h>
#include <openssl/x509.h>

#include <array>

#include "tests/support/deadline.h"

namespace sluice::support {
namespace {

void require(bool done, std::string_view what) {
  if (!done) throw Failure("TLS client: cannot set " + std::string(what));
}

int fragment_mode(std::size_t size) {
  switch (size) {
    case 512:
      return TLSEXT_max_fragment_length_512;
    case 1024:
      return TLSEXT_max_fragment_length_1024;
    case 2048:
      return TLSEXT_max_fragment_length_2048;
    default:
      return TLSEXT_max_fragment_length_4096;
  }
}

void set_up(SSL_CTX* context, const TlsPeerOptions& options) {
  SSL_CTX_set_security_level(context, static_cast<int>(options.security_level));
  require(SSL_CTX_set_min_proto_version(context, options.min_version) == 1, "min_version");
  require(SSL_CTX_set_max_proto_version(context, options.max_version) == 1, "max_version");
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL_STORE);
  if (!options.suites12.empty()) {
    require(SSL_CTX_set_cipher_list(context, options.suites12.c_str()) == 1, "suites12");
  }
  if (!options.signatures.empty()) {
    require(SSL_CTX_set1_sigalgs_list(context, options.signatures.c_str()) == 1, "signatures");
  }
  if (!options.groups.empty()) {
    require(SSL_CTX_set1_groups_list(context, options.groups.c_str()) == 1, "groups");
  }
  if (!options.alpn.empty()) {
    const auto* bytes = reinterpret_cast<const unsigned char*>(options.alpn.data());
    const auto size = static_cast<unsigned>(options.alpn.size());
    require(SSL_CTX_set_alpn_protos(context, bytes, size) == 0, "alpn");
  }
  if (options.max_fragment != 0) {
    const auto mode = static_cast<unsigned char>(fragment_mode(options.max_fragment));
    require(SSL_CTX_set_tlsext_max_fragment_length(context, mode) == 1, "max_fragment");
  }
}

}  // namespace

TlsPeer::TlsPeer(int fd, const TlsPeerOptions& options)
    : context_(SSL_CTX_new(TLS_client_method())) {
  ERR_clear_error();
  require(context_ != nullptr, "a context");
  set_up(context_.get(), options);
  SSL_CTX_sess_set_new_cb(context_.get(), on_session);
  SSL_CTX_set_info_callback(context_.get(), on_info);
  ssl_.reset(SSL_new(context_.get()));
  require(ssl_ != nullptr && SSL_set_fd(ssl_.get(), fd) == 1, "the socket");
  SSL_set_app_data(ssl_.get(), this);
  if (!options.server_name.empty()) {
    // SSL_set_tlsext_host_name without its C cast; the name is copied.
    std::string name = options.server_name;
    const long set =
        SSL_ctrl(ssl_.get(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, name.data());
    require(set == 1, "SNI");
  }
  if (options.resume != nullptr) {
    require(SSL_set_session(ssl_.get(), options.resume) == 1, "a session");
  }
  SSL_set_connect_state(ssl_.get());
}

TlsPeer::~TlsPeer() {
  // A connection that was not shut down takes its session with it.
  SSL_set_shutdown(ssl_.get(), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
}

int TlsPeer::on_session(SSL* ssl, SSL_SESSION* session) {
  auto* self = static_cast<TlsPeer*>(SSL_get_app_data(ssl));
  self->session_.reset(session);
  ++self->tickets_;
  return 1;  // the reference is ours now
}

void TlsPeer::on_info(const SSL* ssl, int where, int value) {
  if ((where & SSL_CB_READ_ALERT) != SSL_CB_READ_ALERT) return;
  static_cast<TlsPeer*>(SSL_get_app_data(ssl))->alert_ = value & 0xff;
}

TlsPeer::Step TlsPeer::outcome(int returned) {
  const int error = SSL_get_error(ssl_.get(), returned);
  ERR_clear_error();
  if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) return Step::Again;
  return error == SSL_ERROR_ZERO_RETURN ? Step::Closed : Step::Failed;
}

TlsPeer::Step TlsPeer::handshake() {
  ERR_clear_error();
  const int returned = SSL_do_handshake(ssl_.get());
  return returned == 1 ? Step::Done : outcome(returned);
}

TlsPeer::Step TlsPeer::read(std::string& into) {
  std::array<char, 16 * 1024> buffer;
  ERR_clear_error();
  const int size = SSL_read(ssl_.get(), buffer.data(), static_cast<int>(buffer.size()));
  if (size <= 0) return outcome(size);
  into.append(buffer.data(), static_cast<std::size_t>(size));
  return Step::Done;
}

TlsPeer::Step TlsPeer::write(std::string_view& bytes) {
  ERR_clear_error();
  const int size = SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size()));
  if (size <= 0) return outcome(size);
  bytes.remove_prefix(static_cast<std::size_t>(size));
  return Step::Done;
}

void TlsPeer::close_notify() {
  SSL_shutdown(ssl_.get());
  ERR_clear_error();
}

std::string TlsPeer::certificate_name() const {
  X509* certificate = SSL_get0_peer_certificate(ssl_.get());
  if (certificate == nullptr) return {};
  std::array<char, 256> name{};
  X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, name.data(),
                            static_cast<int>(name.size()));
  return name.data();
}

}  // namespace sluice::support
