// SPDX-License-Identifier: MIT
// What the limiter's tests share: moments, addresses, and tables with a known secret.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string_view>

#include "proxy/access/ip_table.h"
#include "proxy/base/ip.h"

namespace sluice::support {

inline access::Time at(std::chrono::nanoseconds since_epoch) {
  return access::Time(since_epoch);
}

inline std::unique_ptr<access::IpTable> make_ip_table(std::size_t keys) {
  Result<std::unique_ptr<access::IpTable>> table = access::IpTable::create(keys, {1, 2});
  if (!table) throw std::runtime_error(table.error().text());
  return std::move(*table);
}

inline IpAddress ip(std::string_view text) {
  const std::optional<IpAddress> address = IpAddress::parse(text);
  if (!address) throw std::invalid_argument("no address");
  return *address;
}

inline IpAddress ipv4(std::uint32_t number) {
  const auto byte = [number](unsigned shift) { return static_cast<std::uint8_t>(number >> shift); };
  return IpAddress::from_v4(std::array{byte(24), byte(16), byte(8), byte(0)});
}

// An address in the /64 with that number of the /48 with that number.
inline IpAddress ipv6(std::uint32_t wider, std::uint32_t own) {
  std::array<std::uint8_t, 16> bytes{0x20, 0x01, 0x0d, 0xb8};
  bytes[4] = static_cast<std::uint8_t>(wider >> 8);
  bytes[5] = static_cast<std::uint8_t>(wider);
  bytes[6] = static_cast<std::uint8_t>(own >> 8);
  bytes[7] = static_cast<std::uint8_t>(own);
  return IpAddress::from_v6(bytes);
}

}  // namespace sluice::support
