// SPDX-License-Identifier: MIT
#include "proxy/net/connect.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>
#include <utility>

namespace sluice::net {

ConnectAttempt start_connect(const Address& to) {
  Fd fd(::socket(to.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd.valid()) return {Fd(), errno};
  if (!to.is_unix()) {
    int on = 1;
    setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  }
  // EINTR leaves the connection going on in the background, as EINPROGRESS does.
  if (::connect(fd.get(), to.data(), to.size()) == 0 || errno == EINPROGRESS || errno == EINTR) {
    return {std::move(fd), 0};
  }
  return {Fd(), errno};
}

}  // namespace sluice::net
