// SPDX-License-Identifier: MIT
// The floor of forwarding: what it costs to hand bytes on without looking at them.
//
//   relay PORT TO_PORT      for each connection to 127.0.0.1:PORT one of its own to TO_PORT
//
// One thread, one epoll set; a read and a write each way and nothing else. Runs until it is killed.
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "benchmarks/load/epoll.h"

namespace {

using sluice::load::accept_from;
using sluice::load::Epoll;

class Relay {
 public:
  Relay(int listening, std::uint16_t to) : listening_(listening), to_(to) {
    epoll_.add(listening_, EPOLLIN);
  }

  [[noreturn]] void run() {
    epoll_.run([this](int fd, std::uint32_t events) { on_event(fd, events); });
  }

 private:
  struct Side {
    int other = -1;
    std::string unsent;  // what this one did not take yet; the other is not read meanwhile
  };

  void on_event(int fd, std::uint32_t events) {
    if (fd == listening_) return accept_one();
    const auto side = sides_.find(fd);
    if (side == sides_.end()) return;  // went with its other side in the same turn
    const bool lives = (events & EPOLLOUT) != 0 ? send_rest(fd, side->second) : pass_on(fd);
    if (lives) return;
    const int other = side->second.other;
    for (const int each : {fd, other}) {
      sides_.erase(each);
      ::close(each);
    }
  }

  void accept_one() {
    const int client = accept_from(listening_);
    if (client < 0) return;
    const int backend = sluice::load::connect_to(to_);
    if (backend < 0) {
      ::close(client);
      return;
    }
    sides_[client].other = backend;
    sides_[backend].other = client;
    epoll_.add(client, EPOLLIN);
    epoll_.add(backend, EPOLLIN);
  }

  // False when the connection is at its end.
  bool pass_on(int from) {
    const ssize_t got = ::recv(from, input_.data(), input_.size(), MSG_DONTWAIT);
    if (got <= 0) return got < 0 && errno == EAGAIN;
    const std::string_view bytes(input_.data(), static_cast<std::size_t>(got));
    const int to = sides_.at(from).other;
    const ssize_t sent = ::send(to, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent == got) return true;
    if (sent < 0 && errno != EAGAIN) return false;
    sides_.at(to).unsent = bytes.substr(sent < 0 ? 0 : static_cast<std::size_t>(sent));
    epoll_.change(to, EPOLLOUT);
    epoll_.change(from, 0);
    return true;
  }

  bool send_rest(int to, Side& side) {
    const ssize_t sent =
        ::send(to, side.unsent.data(), side.unsent.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0) return errno == EAGAIN;
    side.unsent.erase(0, static_cast<std::size_t>(sent));
    if (!side.unsent.empty()) return true;
    epoll_.change(to, EPOLLIN);
    epoll_.change(side.other, sides_.at(side.other).unsent.empty() ? EPOLLIN : EPOLLOUT);
    return true;
  }

  int listening_;
  std::uint16_t to_;
  Epoll epoll_;
  std::array<char, 64 * 1024> input_{};
  std::unordered_map<int, Side> sides_;
};

}  // namespace

int main(int argc, char** argv) {
  const std::uint16_t port = argc == 3 ? sluice::load::port_of(argv[1]) : 0;
  const std::uint16_t to = argc == 3 ? sluice::load::port_of(argv[2]) : 0;
  if (port == 0 || to == 0) {
    std::fprintf(stderr, "usage: relay PORT TO_PORT\n");
    return 2;
  }
  const auto relay = std::make_unique<Relay>(sluice::load::listen_on(port), to);
  relay->run();
}
