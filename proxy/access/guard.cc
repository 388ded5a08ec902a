// SPDX-License-Identifier: MIT
#include "proxy/access/guard.h"

#include <array>
#include <random>

namespace sluice::access {

Result<std::unique_ptr<Guard>> Guard::create(std::size_t buckets, const JailOptions& jail) {
  auto table = IpTable::create(buckets);
  if (!table) return table.error();
  std::random_device device;
  const std::uint64_t seed = std::uint64_t{device()} << 32 | device();
  return std::make_unique<Guard>(std::move(*table), jail, seed);
}

bool GuardRules::is_jailed(const IpAddress& address) const {
  // Mostly nobody is, and then there is no clock to be read.
  if (guard->jail.size() == 0) return false;
  return guard->jail.is_jailed(address, wall_now()) && !is_spared(address);
}

IpAddress listener_key(std::uint32_t number) {
  const std::array<std::uint8_t, 4> bytes{
      static_cast<std::uint8_t>(number >> 24), static_cast<std::uint8_t>(number >> 16),
      static_cast<std::uint8_t>(number >> 8), static_cast<std::uint8_t>(number)};
  return IpAddress::from_v4(bytes);
}

WallTime wall_now() {
  return std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

}  // namespace sluice::access
