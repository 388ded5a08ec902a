// SPDX-License-Identifier: MIT
#include "proxy/net/listener.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>
#include <system_error>
#include <utility>

namespace sluice::net {

namespace {

constexpr int kBacklog = 4096;    // the kernel cuts it to net.core.somaxconn
constexpr int kDeferSeconds = 1;  // the shortest there is

Error system_error(const Address& address, const char* call) {
  return {address.text(),
          std::string("cannot ") + call + ": " + std::generic_category().message(errno)};
}

void set_option(int fd, int level, int option, int value) {
  setsockopt(fd, level, option, &value, sizeof(value));
}

// Whether the path is a socket that nobody listens on any more.
bool is_stale_socket(const Address& address) {
  struct stat status {};
  std::string path(address.path());
  if (stat(path.c_str(), &status) != 0 || !S_ISSOCK(status.st_mode)) return false;
  // Non-blocking, as connecting to a full queue would wait; that one answers EAGAIN and is alive.
  Fd probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  return ::connect(probe.get(), address.data(), address.size()) != 0 && errno == ECONNREFUSED;
}

Result<Fd> open_one(const Address& address) {
  Fd fd(::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd.valid()) return system_error(address, "open a socket");
  if (address.is_unix()) {
    if (is_stale_socket(address)) ::unlink(std::string(address.path()).c_str());
  } else {
    set_option(fd.get(), SOL_SOCKET, SO_REUSEADDR, 1);
    set_option(fd.get(), SOL_SOCKET, SO_REUSEPORT, 1);
    // Inherited by accepted sockets on Linux, which spares a call per connection.
    set_option(fd.get(), IPPROTO_TCP, TCP_NODELAY, 1);
    if (address.family() == AF_INET6) {
      set_option(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, address.is_any_v6() ? 0 : 1);
    }
  }
  if (::bind(fd.get(), address.data(), address.size()) != 0) return system_error(address, "bind");
  if (::listen(fd.get(), kBacklog) != 0) return system_error(address, "listen");
  return fd;
}

}  // namespace

bool is_listened_on(const Address& address) {
  if (address.is_unix() || address.port() == 0) return false;  // bind() itself will tell
  Fd probe(::socket(address.family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!probe.valid()) return false;
  set_option(probe.get(), SOL_SOCKET, SO_REUSEADDR, 1);
  if (address.family() == AF_INET6) {
    set_option(probe.get(), IPPROTO_IPV6, IPV6_V6ONLY, address.is_any_v6() ? 0 : 1);
  }
  return ::bind(probe.get(), address.data(), address.size()) != 0 && errno == EADDRINUSE;
}

Result<std::vector<Fd>> open_listeners(const Address& address, std::size_t count) {
  std::vector<Fd> sockets;
  Result<Fd> first = open_one(address);
  if (!first) return first.error();
  Address bound = address.is_unix() ? address : Address::local_of(first->get());
  sockets.push_back(std::move(*first));
  while (sockets.size() < count) {
    if (bound.is_unix()) {
      sockets.emplace_back(::fcntl(sockets.front().get(), F_DUPFD_CLOEXEC, 0));
      if (!sockets.back().valid()) return system_error(address, "duplicate the socket");
      continue;
    }
    Result<Fd> next = open_one(bound);
    if (!next) return next.error();
    sockets.push_back(std::move(*next));
  }
  return sockets;
}

Listener::Listener(EventLoop& loop, Fd fd, Owner* owner)
    : loop_(loop),
      fd_(std::move(fd)),
      owner_(owner),
      local_(Address::local_of(fd_.get())),
      event_(loop.base(), fd_.get(), short{EV_READ},
             FdEvent::Callback::of<&Listener::on_event>(this)),
      pause_timer_(loop.timers(), Timer::Callback::of<&Listener::on_pause_over>(this)) {
  event_.enable();
}

// To ask an empty queue is dear, as the kernel makes the socket first: so no more is asked for than
// there was the last time. When that many came, twice as many are asked for; but after a single one
// only now and then, as that is what a quiet listener has.
void Listener::on_event(short) {
  int taken = 0;
  while (taken < asks_ && accepting() && accept_one()) ++taken;
  if (taken < asks_) {
    asks_ = std::max(1, taken);
    full_turns_ = 0;
  } else if (asks_ > 1 || ++full_turns_ == kFullTurns) {
    asks_ = std::min(asks_ * 2, kAcceptsPerTurn);
    full_turns_ = 0;
  }
}

bool Listener::accept_one() {
  sockaddr_storage storage{};
  socklen_t length = sizeof(storage);
  auto* address = reinterpret_cast<sockaddr*>(&storage);
  Fd fd(::accept4(fd_.get(), address, &length, SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (fd.valid()) {
    owner_->on_accepted(*this, std::move(fd), Address(address, length));
    return true;
  }
  switch (errno) {
    case EINTR:
    case ECONNABORTED:  // the client left the queue; the next one may still be there
      return true;
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
      pause_exhausted(errno);
      return false;
    default:
      return false;
  }
}

void Listener::pause_exhausted(int error) {
  exhausted_ = true;
  update_event();
  pause_timer_.set(loop_.now() + kPauseOnExhaustion);
  owner_->on_accept_paused(*this, error);
}

void Listener::defer(bool on) {
  set_option(fd_.get(), IPPROTO_TCP, TCP_DEFER_ACCEPT, on ? kDeferSeconds : 0);
}

void Listener::pause() {
  paused_ = true;
  update_event();
}

void Listener::resume() {
  paused_ = false;
  update_event();
}

void Listener::on_pause_over() {
  exhausted_ = false;
  update_event();
}

void Listener::update_event() {
  if (accepting()) {
    event_.enable();
  } else {
    event_.disable();
  }
}

void Listener::drain_and_close() {
  while (accepting() && accept_one()) {
  }
  event_.disable();
  pause_timer_.clear();
  fd_.reset();
}

}  // namespace sluice::net
