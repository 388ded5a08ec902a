// SPDX-License-Identifier: MIT
// The floor of a connection over TLS: what OpenSSL costs, and the system calls that nobody can do
// without.
//
//   terminator PORT BYTES FILE      listens on 127.0.0.1:PORT, answers with a body of BYTES
//
// FILE holds the certificate and the key. Each connection has one request.
//
// One thread, one epoll set. What OpenSSL reads and writes passes through memory, so that each turn
// of a connection is one read and one write: tickets, answer and close_notify leave together. Runs
// until it is killed.
#include <openssl/bio.h>
#include <openssl/ssl.h>

#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "benchmarks/load/epoll.h"
#include "benchmarks/load/http.h"

namespace {

using sluice::load::Epoll;

struct Free {
  void operator()(SSL* ssl) const { SSL_free(ssl); }
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};
using Ssl = std::unique_ptr<SSL, Free>;
using Context = std::unique_ptr<SSL_CTX, Free>;

// As Sluice has it: TLS 1.3, sessions in tickets alone, one of them a handshake. None where the
// file cannot be used.
Context make_context(const char* file) {
  Context context(SSL_CTX_new(TLS_server_method()));
  SSL_CTX_set_min_proto_version(context.get(), TLS1_3_VERSION);
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(context.get(), 1);
  SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS);
  const bool usable = SSL_CTX_use_certificate_chain_file(context.get(), file) == 1 &&
                      SSL_CTX_use_PrivateKey_file(context.get(), file, SSL_FILETYPE_PEM) == 1;
  return usable ? std::move(context) : nullptr;
}

class Terminator {
 public:
  Terminator(int listening, Context context, std::size_t body_size)
      : listening_(listening), context_(std::move(context)) {
    answer_ =
        "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: " + std::to_string(body_size) +
        "\r\n\r\n" + std::string(body_size, 'x');
    epoll_.add(listening_, EPOLLIN);
  }

  [[noreturn]] void run() {
    sluice::load::serve_all(
        epoll_, listening_, connections_, [this] { accept_one(); },
        [this](int fd, const Ssl& ssl) { return serve(fd, ssl.get()); });
  }

 private:
  void accept_one() {
    const int fd = sluice::load::accept_from(listening_);
    if (fd < 0) return;
    Ssl ssl(SSL_new(context_.get()));
    SSL_set_bio(ssl.get(), BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    SSL_set_accept_state(ssl.get());
    connections_[fd] = std::move(ssl);
    epoll_.add(fd, EPOLLIN);
  }

  // False when the connection is at its end.
  bool serve(int fd, SSL* ssl) {
    const ssize_t got = ::recv(fd, bytes_.data(), bytes_.size(), 0);
    if (got <= 0) return got < 0 && errno == EAGAIN;
    BIO_write(SSL_get_rbio(ssl), bytes_.data(), static_cast<int>(got));
    const bool asked = SSL_do_handshake(ssl) == 1 && read_request(ssl);
    if (asked) {
      SSL_write(ssl, answer_.data(), static_cast<int>(answer_.size()));
      SSL_shutdown(ssl);
    }
    return send_all(fd, SSL_get_wbio(ssl)) && !asked;
  }

  // The clients send a request in one piece.
  bool read_request(SSL* ssl) {
    const int read = SSL_read(ssl, bytes_.data(), static_cast<int>(bytes_.size()));
    return read > 0 && std::string_view(bytes_.data(), static_cast<std::size_t>(read))
                           .ends_with(sluice::load::kHeadEnd);
  }

  // All of it fits into the buffer of a socket.
  static bool send_all(int fd, BIO* from) {
    char* bytes = nullptr;
    const long size = BIO_get_mem_data(from, &bytes);
    const bool sent =
        size <= 0 || ::send(fd, bytes, static_cast<std::size_t>(size), MSG_NOSIGNAL) == size;
    BIO_reset(from);
    return sent;
  }

  int listening_;
  Context context_;
  Epoll epoll_;
  std::string answer_;
  std::array<char, 16 * 1024> bytes_{};
  std::unordered_map<int, Ssl> connections_;
};

}  // namespace

int main(int argc, char** argv) {
  const std::uint16_t port = argc == 4 ? sluice::load::port_of(argv[1]) : 0;
  const long bytes = argc == 4 ? std::strtol(argv[2], nullptr, 10) : -1;
  if (port == 0 || bytes < 0) {
    std::fprintf(stderr, "usage: terminator PORT BYTES FILE\n");
    return 2;
  }
  Context context = make_context(argv[3]);
  if (context == nullptr) {
    std::fprintf(stderr, "no certificate and key in %s\n", argv[3]);
    return 1;
  }
  const auto terminator = std::make_unique<Terminator>(
      sluice::load::listen_on(port), std::move(context), static_cast<std::size_t>(bytes));
  terminator->run();
}
