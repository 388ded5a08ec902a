// SPDX-License-Identifier: MIT
#include "tests/support/sockets.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "tests/support/deadline.h"

namespace sluice::support {

namespace {

void require(bool ok, const char* what) {
  if (!ok) throw Failure(std::string(what) + ": " + std::strerror(errno));
}

void set_blocking(int fd, bool blocking) {
  const int flags = fcntl(fd, F_GETFL);
  require(fcntl(fd, F_SETFL, blocking ? flags & ~O_NONBLOCK : flags | O_NONBLOCK) == 0, "fcntl");
}

constexpr const char* kLoopback = "127.0.0.1";

Fd bound_tcp(const char* ip) {
  Fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const int on = 1;
  require(::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0, "setsockopt");
  const net::Address any_port = net::Address::of(*IpAddress::parse(ip), 0);
  require(::bind(fd.get(), any_port.data(), any_port.size()) == 0, "bind");
  return fd;
}

}  // namespace

std::pair<Fd, Fd> socket_pair(int type) {
  std::array<int, 2> fds{-1, -1};
  require(::socketpair(AF_UNIX, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds.data()) == 0,
          "socketpair");
  return {Fd(fds[0]), Fd(fds[1])};
}

std::pair<Fd, Fd> tcp_pair() {
  const Fd listening = bound_tcp(kLoopback);
  require(::listen(listening.get(), 1) == 0, "listen");
  Fd connecting = connect_to(net::Address::local_of(listening.get()));
  Fd accepted(::accept4(listening.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
  require(accepted.valid(), "accept");
  set_blocking(connecting.get(), false);
  return {std::move(connecting), std::move(accepted)};
}

// On every address, so that it can be listened on at any.
KeptPort::KeptPort() : fd_(bound_tcp("0.0.0.0")), port_(net::Address::local_of(fd_.get()).port()) {}

net::Address KeptPort::address() const {
  return net::Address::of(*IpAddress::parse(kLoopback), port_);
}

Fd connect_to(const net::Address& address) {
  Fd fd(::socket(address.family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
  require(::connect(fd.get(), address.data(), address.size()) == 0, "connect");
  return fd;
}

std::size_t fill(int fd, std::size_t bytes) {
  const std::string piece(64 * 1024, 'f');
  std::size_t filled = 0;
  while (filled < bytes) {
    const std::size_t count = std::min(piece.size(), bytes - filled);
    const ssize_t written = ::send(fd, piece.data(), count, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (written <= 0) break;
    filled += static_cast<std::size_t>(written);
  }
  return filled;
}

Taken take_available(int fd) {
  Taken taken;
  std::array<char, 64 * 1024> buffer;
  for (;;) {
    const ssize_t count = ::recv(fd, buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (count > 0) {
      taken.bytes.append(buffer.data(), static_cast<std::size_t>(count));
      continue;
    }
    if (count == 0) taken.end = Taken::End::Closed;
    if (count < 0 && errno == ECONNRESET) taken.end = Taken::End::Reset;
    return taken;
  }
}

std::string take_message(int fd) {
  std::array<char, 64 * 1024> buffer;
  const ssize_t count = ::recv(fd, buffer.data(), buffer.size(), MSG_DONTWAIT);
  return {buffer.data(), static_cast<std::size_t>(std::max<ssize_t>(count, 0))};
}

}  // namespace sluice::support
