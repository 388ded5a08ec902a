// SPDX-License-Identifier: MIT
// Bare sockets for tests that stand below any protocol.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "proxy/base/fd.h"
#include "proxy/net/address.h"

namespace sluice::support {

// Two connected non-blocking Unix sockets of a type (SOCK_STREAM, SOCK_SEQPACKET).
std::pair<Fd, Fd> socket_pair(int type);

// Two connected non-blocking TCP sockets on 127.0.0.1: the connecting one and the accepted one.
std::pair<Fd, Fd> tcp_pair();

// A TCP port of this machine that is kept without listening: connecting to it is refused, nobody is
// given it as a free one, and who sets SO_REUSEADDR, as every server does, may listen on it.
class KeptPort {
 public:
  KeptPort();
  std::uint16_t port() const { return port_; }
  net::Address address() const;  // on 127.0.0.1

 private:
  Fd fd_;
  std::uint16_t port_;
};

// A connected blocking socket. Throws Failure.
Fd connect_to(const net::Address& address);

// Writes until the socket takes no more, at most `bytes`; returns how many were written.
std::size_t fill(int fd, std::size_t bytes);

// What can be read without waiting, and how the reading ended.
struct Taken {
  enum class End { Open, Closed, Reset } end = End::Open;
  std::string bytes{};
};
Taken take_available(int fd);

// One message of a SOCK_SEQPACKET socket; empty when there is none.
std::string take_message(int fd);

}  // namespace sluice::support
