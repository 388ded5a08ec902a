// SPDX-License-Identifier: MIT
// What the programs of the load benchmarks share: one thread, one epoll set, loopback only.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace sluice::load {

class Epoll {
 public:
  void add(int fd, std::uint32_t events) const { control(EPOLL_CTL_ADD, fd, events); }
  void change(int fd, std::uint32_t events) const { control(EPOLL_CTL_MOD, fd, events); }

  // Calls ready(fd, events) for ever.
  template <typename Ready>
  [[noreturn]] void run(const Ready& ready) const {
    for (;;) wait(nullptr, ready);
  }

  // Once for each that is ready, when there are any or that time has passed.
  template <typename Ready>
  void wait(std::chrono::nanoseconds at_most, const Ready& ready) const {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(at_most);
    const timespec timeout{seconds.count(), (at_most - seconds).count()};
    wait(&timeout, ready);
  }

 private:
  template <typename Ready>
  void wait(const timespec* timeout, const Ready& ready) const {
    std::array<epoll_event, 256> events;  // NOLINT(*-member-init): filled below
    const int count =
        ::epoll_pwait2(fd_, events.data(), static_cast<int>(events.size()), timeout, nullptr);
    for (int i = 0; i < count; ++i) {
      const epoll_event& event = events.at(static_cast<std::size_t>(i));
      ready(event.data.fd, event.events);
    }
  }

  void control(int operation, int fd, std::uint32_t events) const {
    epoll_event event{};
    event.events = events;
    event.data.fd = fd;
    ::epoll_ctl(fd_, operation, fd, &event);
  }

  int fd_ = ::epoll_create1(EPOLL_CLOEXEC);
};

// For ever: accept_one() for each new connection, and for each that has something to read
// serve(fd, connection), which says whether it goes on.
template <typename Connections, typename Accept, typename Serve>
[[noreturn]] void serve_all(const Epoll& epoll, int listening, Connections& connections,
                            const Accept& accept_one, const Serve& serve) {
  epoll.run([&](int fd, std::uint32_t) {
    if (fd == listening) {
      accept_one();
    } else if (!serve(fd, connections.at(fd))) {
      connections.erase(fd);
      ::close(fd);
    }
  });
}

inline sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

// 0 if it is none.
inline std::uint16_t port_of(const char* text) {
  const long port = std::strtol(text, nullptr, 10);
  return port > 0 && port <= 65535 ? static_cast<std::uint16_t>(port) : std::uint16_t{0};
}

// Ends the program where the port is taken.
inline int listen_on(std::uint16_t port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const int on = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const sockaddr_in address = loopback(port);
  if (::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(fd, 1024) != 0) {
    std::fprintf(stderr, "port %d: %s\n", port, std::strerror(errno));
    std::exit(1);
  }
  return fd;
}

inline void set_no_delay(int fd) {
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

// Waits for the other side to accept; below zero: it did not.
inline int connect_to(std::uint16_t port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in address = loopback(port);
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    ::close(fd);
    return -1;
  }
  set_no_delay(fd);
  return fd;
}

// Below zero: there is none.
inline int accept_from(int listening) {
  const int fd = ::accept4(listening, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (fd >= 0) set_no_delay(fd);
  return fd;
}

}  // namespace sluice::load
