// SPDX-License-Identifier: MIT
// The quantities of a configuration: times, sizes, rates. conf/units.h reads and prints them.
#pragma once

#include <chrono>
#include <cstdint>

namespace sluice::conf {

using Duration = std::chrono::milliseconds;
using Bytes = std::uint64_t;

// So many events in one second, minute or hour.
enum class Period { Second, Minute, Hour };

struct Rate {
  std::uint64_t events = 0;
  Period period = Period::Second;

  bool operator==(const Rate&) const = default;
};

}  // namespace sluice::conf
