// SPDX-License-Identifier: MIT
#include "proxy/net/address.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <span>

#include "proxy/base/check.h"

namespace sluice::net {

namespace {

constexpr std::string_view kUnixPrefix = "unix:";

std::optional<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc() || end != text.data() + text.size()) return {};
  return port;
}

std::optional<Address> parse_unix(std::string_view path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof(address.sun_path)) return {};
  if (path.find('\0') != std::string_view::npos) return {};
  path.copy(address.sun_path, path.size());
  return Address(reinterpret_cast<const sockaddr*>(&address), sizeof(address));
}

Address make_v6(std::span<const std::uint8_t, 16> ip, std::uint16_t port) {
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  address.sin6_port = htons(port);
  std::memcpy(&address.sin6_addr, ip.data(), ip.size());
  return {reinterpret_cast<const sockaddr*>(&address), sizeof(address)};
}

Address make_v4(std::span<const std::uint8_t, 4> ip, std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  std::memcpy(&address.sin_addr, ip.data(), ip.size());
  return {reinterpret_cast<const sockaddr*>(&address), sizeof(address)};
}

}  // namespace

Address::Address(const sockaddr* address, socklen_t length)
    : length_(std::min<socklen_t>(length, sizeof(storage_))) {
  std::memcpy(&storage_, address, length_);
}

std::optional<Address> Address::parse(std::string_view text) {
  if (text.starts_with(kUnixPrefix)) return parse_unix(text.substr(kUnixPrefix.size()));
  std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return {};
  std::optional<std::uint16_t> port = parse_port(text.substr(colon + 1));
  if (!port) return {};
  std::string_view host = text.substr(0, colon);
  if (host.empty()) return make_v6(std::array<std::uint8_t, 16>{}, *port);
  bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  // Brackets belong to IPv6 alone, and it needs them here.
  if (bracketed != (host.find(':') != std::string_view::npos)) return {};
  std::optional<IpAddress> ip = IpAddress::parse(host);
  if (!ip) return {};
  return of(*ip, *port);
}

Address Address::of(const IpAddress& ip, std::uint16_t port) {
  CHECK(!ip.is_none());
  std::span<const std::uint8_t, 16> bytes(ip.bytes);
  return ip.is_v4() ? make_v4(bytes.last<4>(), port) : make_v6(bytes, port);
}

Address Address::local_of(int fd) {
  sockaddr_storage address{};
  socklen_t length = sizeof(address);
  getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length);
  return {reinterpret_cast<const sockaddr*>(&address), length};
}

bool Address::is_any_v6() const {
  return family() == AF_INET6 && IN6_IS_ADDR_UNSPECIFIED(&storage_.v6.sin6_addr);
}

IpAddress Address::ip() const {
  std::array<std::uint8_t, 16> bytes{};
  if (family() == AF_INET) {
    std::memcpy(bytes.data(), &storage_.v4.sin_addr, 4);
    return IpAddress::from_v4(std::span(bytes).first<4>());
  }
  if (family() != AF_INET6) return {};
  std::memcpy(bytes.data(), &storage_.v6.sin6_addr, bytes.size());
  return IpAddress::from_v6(bytes);
}

std::uint16_t Address::port() const {
  return ntohs(family() == AF_INET ? storage_.v4.sin_port : storage_.v6.sin6_port);
}

std::string_view Address::path() const {
  if (length_ <= sizeof(sa_family_t)) return {};
  return {storage_.local.sun_path,
          strnlen(storage_.local.sun_path, sizeof(storage_.local.sun_path))};
}

std::string Address::text() const {
  if (is_unix()) return std::string(kUnixPrefix).append(path());
  if (family() != AF_INET && family() != AF_INET6) return "unknown";
  IpAddress address = ip();
  std::string host = address.is_v4() ? address.to_string() : "[" + address.to_string() + "]";
  return host + ":" + std::to_string(port());
}

std::strong_ordering operator<=>(const Address& a, const Address& b) {
  bool ip = !a.is_unix() && !b.is_unix();
  // Not by the socket's family: a dual-stack listener reports IPv4 peers as mapped.
  if (!ip && a.family() != b.family()) return a.family() <=> b.family();
  if (!ip) return a.path() <=> b.path();
  IpAddress left = a.ip();
  IpAddress right = b.ip();
  if (left.family != right.family) return left.family <=> right.family;
  if (left.bytes != right.bytes) return left.bytes <=> right.bytes;
  return a.port() <=> b.port();
}

}  // namespace sluice::net
