// SPDX-License-Identifier: MIT
#include "tests/fuzz/exchange_places.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>

#include "tests/fuzz/must.h"
#include "tests/support/sockets.h"

namespace sluice::fuzz {
namespace {

constexpr int kBacklog = 64;
constexpr int kPatienceMs = 5000;

net::Fd listen_at(const std::string& text) {
  const net::Address address = *net::Address::parse(text);
  net::Fd fd(::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  MUST(::bind(fd.get(), address.data(), address.size()) == 0);
  MUST(::listen(fd.get(), kBacklog) == 0);
  return fd;
}

}  // namespace

Places::Places()
    : unix_backend_(listen_at("unix:" + directory_.file("backend"))),
      tcp_backend_(listen_at("127.0.0.1:0")),
      tcp_clients_(listen_at("127.0.0.1:0")) {}

const Places& Places::get() {
  static const Places places;
  return places;
}

std::string Places::backend_address(bool tcp) const {
  return net::Address::local_of(backend(tcp).get()).text();
}

std::pair<net::Fd, net::Fd> Places::connect_client(bool tcp, bool small) const {
  if (!tcp) {
    std::pair<net::Fd, net::Fd> ends = support::socket_pair(SOCK_STREAM);
    constexpr int kSmallBytes = 4096;
    if (small) {
      setsockopt(ends.second.get(), SOL_SOCKET, SO_SNDBUF, &kSmallBytes, sizeof(kSmallBytes));
    }
    return ends;
  }
  const net::Address address = net::Address::local_of(tcp_clients_.get());
  net::Fd client(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (::connect(client.get(), address.data(), address.size()) != 0) return {};
  // Its last step may come a moment later, and nobody else's connection is to be taken for it.
  pollfd ready{.fd = tcp_clients_.get(), .events = POLLIN, .revents = 0};
  ::poll(&ready, 1, kPatienceMs);
  return {std::move(client), accept_at(tcp_clients_)};
}

net::Fd accept_at(const net::Fd& listening) {
  return net::Fd(::accept4(listening.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
}

std::size_t open_descriptors() {
  std::array<pollfd, 256> all{};
  for (std::size_t i = 0; i < all.size(); ++i) all[i].fd = static_cast<int>(i);
  ::poll(all.data(), all.size(), 0);
  return static_cast<std::size_t>(std::count_if(
      all.begin(), all.end(), [](const pollfd& one) { return (one.revents & POLLNVAL) == 0; }));
}

}  // namespace sluice::fuzz
