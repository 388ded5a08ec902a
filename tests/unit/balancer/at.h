// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>

#include "balancer/health.h"

namespace sluice::balancer {

// Some time after a start that is not the clock's own.
inline TimePoint at(std::chrono::milliseconds since_start) {
  return TimePoint(std::chrono::seconds(1000) + since_start);
}

}  // namespace sluice::balancer
