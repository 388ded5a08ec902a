// SPDX-License-Identifier: MIT
// A Session and a client at the two ends of a socket pair, stepped in turn by the test.
#pragma once

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "conf/config.h"
#include "tests/support/deadline.h"
#include "tests/support/temp_dir.h"
#include "tests/support/test_certificates.h"
#include "tests/support/tls_peer.h"
#include "tls/context.h"
#include "tls/session.h"
#include "tls/tickets.h"

namespace sluice::tls::test {

using support::TlsPeer;
using support::TlsPeerOptions;

// The kernel keeps `size` within its own bounds.
inline void set_buffer(int fd, int option, int size) {
  ::setsockopt(fd, SOL_SOCKET, option, &size, sizeof size);
}

class Sockets {
 public:
  explicit Sockets(int type = SOCK_STREAM) {
    if (::socketpair(AF_UNIX, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds_.data()) != 0) {
      throw support::Failure("socketpair failed");
    }
  }
  ~Sockets() {
    close_client();
    ::close(fds_[0]);
  }
  Sockets(const Sockets&) = delete;
  Sockets& operator=(const Sockets&) = delete;

  int server() const { return fds_[0]; }
  int client() const { return fds_[1]; }

  void close_client() {
    if (fds_[1] >= 0) ::close(std::exchange(fds_[1], -1));
  }

  void shrink_buffers() const {
    for (const int fd : fds_) {
      set_buffer(fd, SO_SNDBUF, 1);
      set_buffer(fd, SO_RCVBUF, 1);
    }
  }

 private:
  std::array<int, 2> fds_{-1, -1};
};

inline conf::ListenerTls listener_of(const std::vector<support::TestCertificate>& certificates) {
  conf::ListenerTls listener;
  for (const auto& files : certificates) {
    listener.certificates.push_back({files.cert_path, files.key_path});
  }
  return listener;
}

inline std::unique_ptr<TicketKeys> make_tickets(TicketKeys::Clock::time_point now = {}) {
  return std::move(*TicketKeys::create(now));
}

inline std::shared_ptr<const ServerContext> make_context(
    const std::vector<support::TestCertificate>& certificates, const TicketKeys& tickets,
    std::span<const std::string_view> alpn = kAlpnHttp1) {
  auto made = ServerContext::create(listener_of(certificates), tickets, alpn);
  if (!made) throw support::Failure(made.error().text());
  return *made;
}

// One certificate, and everything that must outlive the connections.
struct Fixture {
  Fixture() : context(make_context({files}, *tickets)) {}

  support::TempDir dir;
  support::TestCertificate files = support::make_certificate(dir.path(), "a", {"a.example"});
  std::unique_ptr<TicketKeys> tickets = make_tickets();
  std::shared_ptr<const ServerContext> context;
};

inline TlsPeerOptions version_only(int version) {
  return {.server_name = "a.example", .min_version = version, .max_version = version};
}

// Letters without a short period.
inline std::string pattern(std::size_t size) {
  std::string text(size, '\0');
  for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>('a' + (i * 7 + i / 251) % 26);
  return text;
}

// So many changes of keys that ask for no answer, and `text` behind them, as on the wire. The
// client's own writes go nowhere from then on.
inline std::string key_changes(const TlsPeer& client, int times, std::string_view text) {
  BIO* const written = BIO_new(BIO_s_mem());
  SSL_set0_wbio(client.ssl(), written);
  for (int i = 0; i < times; ++i) {
    SSL_key_update(client.ssl(), SSL_KEY_UPDATE_NOT_REQUESTED);
    SSL_do_handshake(client.ssl());
  }
  if (!text.empty()) SSL_write(client.ssl(), text.data(), static_cast<int>(text.size()));
  std::string bytes(BIO_ctrl_pending(written), '\0');
  BIO_read(written, bytes.data(), static_cast<int>(bytes.size()));
  return bytes;
}

struct Pair {
  explicit Pair(std::shared_ptr<const ServerContext> context, const TlsPeerOptions& options = {},
                int type = SOCK_STREAM)
      : sockets(type),
        server(std::move(context), sockets.server()),
        client(sockets.client(), options) {}

  // Steps both until each has succeeded or failed; true when both have succeeded.
  bool connect() {
    client_step = TlsPeer::Step::Again;
    server_step = {IoStatus::Again, 0, 0};
    for (int turn = 0; turn < 1000; ++turn) {
      if (client_step == TlsPeer::Step::Again) client_step = client.handshake();
      server.on_readable();
      if (server_step.status == IoStatus::Again) server_step = server.handshake();
      if (server.holds_output()) server.flush();
      const bool waiting =
          client_step == TlsPeer::Step::Again && server_step.status == IoStatus::Again;
      if (!waiting && client_step != TlsPeer::Step::Again) break;
    }
    return client_step == TlsPeer::Step::Done && finish_server();
  }

  // The client's last flight may still be on its way.
  bool finish_server() {
    server.on_readable();
    if (server_step.status == IoStatus::Again) server_step = server.handshake();
    server.flush();
    return server_step.status == IoStatus::Ok;
  }

  // One byte of the server, behind which the client has seen any ticket.
  std::string read_ticket() {
    write_some("!");
    std::string text;
    for (int turn = 0; turn < 10 && text.empty(); ++turn) client.read(text);
    return text;
  }

  IoResult write_some(std::string_view bytes) {
    const iovec piece{const_cast<char*>(bytes.data()), bytes.size()};
    return server.write({&piece, 1});
  }

  Sockets sockets;
  Session server;
  TlsPeer client;
  TlsPeer::Step client_step = TlsPeer::Step::Again;
  IoResult server_step;
};

// Plaintext until a read answers anything but Ok.
inline std::string read_all(Session& server, std::size_t step = 16 * 1024) {
  std::string all;
  std::string buffer(step, '\0');
  for (;;) {
    const IoResult got = server.read(buffer);
    if (got.status != IoStatus::Ok) return all;
    all.append(buffer, 0, got.bytes);
  }
}

}  // namespace sluice::tls::test
