// SPDX-License-Identifier: MIT
// Address: a socket address as a value: IPv4, IPv6 or a Unix path. Parsing takes numeric addresses
// only; names are the resolver's business (resolver.h).
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "proxy/base/ip.h"

namespace sluice::net {

class Address {
 public:
  Address() = default;
  Address(const sockaddr* address, socklen_t length);

  // "10.0.0.1:80", "[::1]:80", ":80" (every address, v6 and v4), "unix:/path".
  static std::optional<Address> parse(std::string_view text);
  // REQUIRES: !ip.is_none().
  static Address of(const IpAddress& ip, std::uint16_t port);

  // What getsockname() says of a bound socket.
  static Address local_of(int fd);

  int family() const { return storage_.generic.sa_family; }
  bool is_unix() const { return family() == AF_UNIX; }
  // True for "[::]" and ":port", which also take IPv4 through mapped addresses.
  bool is_any_v6() const;

  const sockaddr* data() const { return &storage_.generic; }
  socklen_t size() const { return length_; }

  // REQUIRES: an IPv4 or IPv6 address for the next two.
  IpAddress ip() const;
  std::uint16_t port() const;
  // REQUIRES: is_unix(). Empty for an unnamed peer.
  std::string_view path() const;

  // The form that parse() takes.
  std::string text() const;

  // By family, then by address and port, or by path. An IPv4-mapped address is its IPv4 address
  // (base/ip.h), so that one peer has one value.
  friend bool operator==(const Address& a, const Address& b) { return std::is_eq(a <=> b); }
  friend std::strong_ordering operator<=>(const Address& a, const Address& b);

 private:
  union Storage {
    sockaddr generic;
    sockaddr_storage any;
    sockaddr_in v4;
    sockaddr_in6 v6;
    sockaddr_un local;
  };
  Storage storage_{.any = {}};
  socklen_t length_ = sizeof(sa_family_t);
};

}  // namespace sluice::net
