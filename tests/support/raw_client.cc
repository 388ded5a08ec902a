// SPDX-License-Identifier: MIT
#include "tests/support/raw_client.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace sluice::support {
namespace {

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;

  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

SocketAddress numeric_address(const std::string& host, int port) {
  SocketAddress address;
  auto* v4 = reinterpret_cast<sockaddr_in*>(&address.storage);
  auto* v6 = reinterpret_cast<sockaddr_in6*>(&address.storage);
  if (::inet_pton(AF_INET, host.c_str(), &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons(static_cast<std::uint16_t>(port));
    address.size = sizeof *v4;
  } else if (::inet_pton(AF_INET6, host.c_str(), &v6->sin6_addr) == 1) {
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(static_cast<std::uint16_t>(port));
    address.size = sizeof *v6;
  } else {
    throw Failure(host + " is not a numeric address");
  }
  return address;
}

SocketAddress unix_address(const std::string& path) {
  SocketAddress address;
  auto* local = reinterpret_cast<sockaddr_un*>(&address.storage);
  if (path.size() >= sizeof local->sun_path) throw Failure("too long for a socket: " + path);
  local->sun_family = AF_UNIX;
  std::memcpy(local->sun_path, path.c_str(), path.size() + 1);
  address.size = sizeof *local;
  return address;
}

void await_connected(int fd, const Deadline& deadline) {
  pollfd polled{fd, POLLOUT, 0};
  while (::poll(&polled, 1, deadline.poll_ms()) <= 0) {
    if (deadline.expired()) throw Failure("waited in vain for the connection to be accepted");
  }
  int error = 0;
  socklen_t size = sizeof error;
  ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
  if (error != 0) throw Failure(fmt::format("connect: {}", errno_text(error)));
}

void prepare_and_connect(int fd, const SocketAddress& address, const ClientOptions& options) {
  if (options.receive_buffer > 0) {
    ::setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &options.receive_buffer, sizeof(int));
  }
  if (options.send_buffer > 0) {
    ::setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &options.send_buffer, sizeof(int));
  }
  if (!options.source.empty()) {
    const SocketAddress source = numeric_address(options.source, 0);
    if (::bind(fd, source.get(), source.size) != 0) {
      throw Failure(fmt::format("bind to {}: {}", options.source, errno_text()));
    }
  }
  if (::connect(fd, address.get(), address.size) == 0) return;
  if (errno != EINPROGRESS) throw Failure(fmt::format("connect: {}", errno_text()));
  await_connected(fd, options.deadline);
}

int connected_socket(const SocketAddress& address, const ClientOptions& options) {
  const int fd = ::socket(address.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) throw Failure(fmt::format("socket: {}", errno_text()));
  try {
    prepare_and_connect(fd, address, options);
  } catch (...) {
    ::close(fd);
    throw;
  }
  return fd;
}

struct ContextFree {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};

void require(bool done, std::string_view what) {
  if (done) return;
  char text[256];
  ERR_error_string_n(ERR_get_error(), text, sizeof text);
  throw Failure(fmt::format("{}: {}", what, text));
}

std::unique_ptr<SSL_CTX, ContextFree> client_context(const TlsOptions& options) {
  std::unique_ptr<SSL_CTX, ContextFree> context(SSL_CTX_new(TLS_client_method()));
  require(context != nullptr, "SSL_CTX_new");
  SSL_CTX_set_min_proto_version(context.get(), options.min_version);
  SSL_CTX_set_max_proto_version(context.get(), options.max_version);
  if (!options.ciphers.empty()) {
    require(SSL_CTX_set_cipher_list(context.get(), options.ciphers.c_str()) == 1, options.ciphers);
  }
  if (!options.ca_file.empty()) {
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
    require(SSL_CTX_load_verify_locations(context.get(), options.ca_file.c_str(), nullptr) == 1,
            options.ca_file);
  }
  return context;
}

// Each name preceded by its length, as the extension has it.
std::string alpn_list(const std::vector<std::string>& names) {
  std::string list;
  for (const std::string& name : names) {
    list += static_cast<char>(name.size());
    list += name;
  }
  return list;
}

}  // namespace

void SslSessionFree::operator()(SSL_SESSION* session) const {
  SSL_SESSION_free(session);
}

RawClient::RawClient(int port, const ClientOptions& options)
    : Connection(connected_socket(numeric_address(options.host, port), options)) {}

RawClient::RawClient(const std::string& unix_path, const ClientOptions& options)
    : Connection(connected_socket(unix_address(unix_path), options)) {}

void RawClient::handshake(const TlsOptions& options, Deadline deadline) {
  const auto context = client_context(options);
  std::unique_ptr<SSL, SslFree> ssl(SSL_new(context.get()));
  require(ssl != nullptr, "SSL_new");
  if (!options.sni.empty()) {
    require(SSL_ctrl(ssl.get(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
                     const_cast<char*>(options.sni.c_str())) == 1,
            options.sni);
    // With a trusted file the certificate must also be for that name.
    require(SSL_set1_host(ssl.get(), options.sni.c_str()) == 1, options.sni);
  }
  if (!options.alpn.empty()) {
    const std::string list = alpn_list(options.alpn);
    require(SSL_set_alpn_protos(ssl.get(), reinterpret_cast<const unsigned char*>(list.data()),
                                static_cast<unsigned>(list.size())) == 0,
            "ALPN");
  }
  if (options.session != nullptr) {
    require(SSL_set_session(ssl.get(), options.session) == 1, "SSL_set_session");
  }
  start_tls(std::move(ssl), deadline);
}

std::string RawClient::alpn() const {
  const unsigned char* name = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(ssl(), &name, &size);
  return {reinterpret_cast<const char*>(name), size};
}

std::string RawClient::tls_version() const {
  return SSL_get_version(ssl());
}

std::string RawClient::peer_subject() const {
  const X509* certificate = SSL_get0_peer_certificate(ssl());
  if (certificate == nullptr) return {};
  const std::unique_ptr<BIO, int (*)(BIO*)> out(BIO_new(BIO_s_mem()), BIO_free);
  X509_NAME_print_ex(out.get(), X509_get_subject_name(certificate), 0, XN_FLAG_RFC2253);
  char* text = nullptr;
  const long size = BIO_ctrl(out.get(), BIO_CTRL_INFO, 0, &text);
  return {text, static_cast<std::size_t>(size)};
}

bool RawClient::resumed() const {
  return SSL_session_reused(ssl()) == 1;
}

SslSession RawClient::session() const {
  return SslSession(SSL_get1_session(ssl()));
}

}  // namespace sluice::support
