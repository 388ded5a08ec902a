// SPDX-License-Identifier: MIT
// IP addresses and CIDR blocks as plain values: what the limiter, the access lists, the log and the
// forwarded fields agree on. No sockets, no names, no scope ids; nothing here allocates but
// CidrSet's construction. Values are immutable once made and may be read by any thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice {

enum class IpFamily : std::uint8_t { None, V4, V6 };

// An address or none (a unix socket's peer). IPv4 is kept v4-mapped (::ffff:a.b.c.d), so that all
// 16 bytes are always meaningful; an IPv4-mapped IPv6 address *is* its IPv4 address here, as a
// dual-stack listener reports IPv4 peers that way.
struct IpAddress {
  static constexpr std::size_t kMaxText = 46;  // bytes to_text() may write

  static IpAddress from_v4(std::span<const std::uint8_t, 4> network_order);
  static IpAddress from_v6(std::span<const std::uint8_t, 16> network_order);

  // "192.0.2.1" or "2001:db8::1": no brackets, port, zone, space or leading zero in a v4 part.
  static std::optional<IpAddress> parse(std::string_view text);

  bool is_none() const { return family == IpFamily::None; }
  bool is_v4() const { return family == IpFamily::V4; }
  bool is_v6() const { return family == IpFamily::V6; }

  // 0.0.0.0 or ::.
  bool is_unspecified() const;

  // The address with all but the leading `bits` bits of its own family cleared.
  IpAddress masked(unsigned bits) const;

  // Writes the text (RFC 5952; "-" for none) without terminator and returns its length.
  // REQUIRES: room for kMaxText bytes at `out`.
  std::size_t to_text(char* out) const;
  std::string to_string() const;

  friend bool operator==(const IpAddress&, const IpAddress&) = default;

  std::array<std::uint8_t, 16> bytes{};
  IpFamily family = IpFamily::None;
};

// A block of addresses of one family. "0.0.0.0/0" holds every IPv4 address and no IPv6 one.
struct Cidr {
  // "10.0.0.0/8", "2001:db8::/32", or a lone address. Bits behind the prefix are ignored.
  static std::optional<Cidr> parse(std::string_view text);

  bool contains(const IpAddress& address) const;

  // As parse() reads it; a block of one address is written without "/".
  std::string to_string() const;

  friend bool operator==(const Cidr&, const Cidr&) = default;

  IpAddress base;         // masked
  std::uint8_t bits = 0;  // counted over the 16 bytes: a v4 /8 is 104
};

// A handful of blocks, searched one after another.
class CidrSet {
 public:
  CidrSet() = default;
  explicit CidrSet(std::vector<Cidr> blocks) : blocks_(std::move(blocks)) {}

  // nullopt when a text is no block; its index is then stored in *bad_index unless that is null.
  static std::optional<CidrSet> parse(std::span<const std::string> texts,
                                      std::size_t* bad_index = nullptr);

  // Allocates nothing. False for the none address.
  bool contains(const IpAddress& address) const;

  bool empty() const { return blocks_.empty(); }
  std::size_t size() const { return blocks_.size(); }

 private:
  std::vector<Cidr> blocks_;
};

}  // namespace sluice
