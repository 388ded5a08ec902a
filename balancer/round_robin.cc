// SPDX-License-Identifier: MIT
#include "balancer/round_robin.h"

namespace sluice::balancer {

std::size_t RoundRobin::pick(const Candidates& candidates) const {
  return rotation_.next([&candidates](std::size_t member) { return candidates.usable(member); });
}

}  // namespace sluice::balancer
