// SPDX-License-Identifier: MIT
#include "tests/fuzz/exchange_places.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "tests/fuzz/must.h"
#include "tests/support/sockets.h"

namespace sluice::fuzz {
namespace {

constexpr int kBacklog = 64;
constexpr int kPatienceMs = 5000;

Fd listen_at(const std::string& text) {
  const net::Address address = *net::Address::parse(text);
  Fd fd(::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  MUST(::bind(fd.get(), address.data(), address.size()) == 0);
  MUST(::listen(fd.get(), kBacklog) == 0);
  return fd;
}

// The fuzzing engine's alarm interrupts what waits.
void await_readable(const Fd& fd) {
  pollfd ready{.fd = fd.get(), .events = POLLIN, .revents = 0};
  while (::poll(&ready, 1, kPatienceMs) < 0 && errno == EINTR) continue;
}

}  // namespace

Places::Places()
    : unix_backend_(listen_at("unix:" + directory_.file("backend"))),
      tcp_backend_(listen_at("127.0.0.1:0")),
      tcp_clients_(listen_at("127.0.0.1:0")) {}

const Places& Places::get() {
  static const Places kPlaces;
  return kPlaces;
}

std::string Places::backend_address(bool tcp) const {
  return net::Address::local_of(backend(tcp).get()).text();
}

std::pair<Fd, Fd> Places::connect_client(bool tcp, bool small) const {
  if (!tcp) {
    std::pair<Fd, Fd> ends = support::socket_pair(SOCK_STREAM);
    constexpr int kSmallBytes = 4096;
    if (small) {
      setsockopt(ends.second.get(), SOL_SOCKET, SO_SNDBUF, &kSmallBytes, sizeof(kSmallBytes));
    }
    return ends;
  }
  const net::Address address = net::Address::local_of(tcp_clients_.get());
  drop_waiting(tcp_clients_);
  Fd client(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  const int done = ::connect(client.get(), address.data(), address.size());
  if (done != 0 && errno != EINPROGRESS && errno != EINTR) return {};
  await_readable(tcp_clients_);
  return {std::move(client), accept_at(tcp_clients_)};
}

Fd accept_at(const Fd& listening) {
  return Fd(::accept4(listening.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
}

void drop_waiting(const Fd& listening) {
  while (accept_at(listening).valid()) continue;
}

std::size_t open_descriptors() {
  std::array<pollfd, 256> all{};
  for (std::size_t i = 0; i < all.size(); ++i) all[i].fd = static_cast<int>(i);
  ::poll(all.data(), all.size(), 0);
  return static_cast<std::size_t>(std::count_if(
      all.begin(), all.end(), [](const pollfd& one) { return (one.revents & POLLNVAL) == 0; }));
}

}  // namespace sluice::fuzz
