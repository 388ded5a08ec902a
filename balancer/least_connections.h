// SPDX-License-Identifier: MIT
// Least connections: the usable member with the fewest requests in flight for its weight, counted
// over all workers. Members that are equal in this take turns in the order of the Rotation, so an
// idle pool behaves as round robin, and weights hold there too.
//
// Two workers that pick at the same instant may pick the same member; the next pick sees both.
#pragma once

#include "balancer/picker.h"

namespace sluice::balancer {

class LeastConnections final : public Picker {
 public:
  explicit LeastConnections(Rotation rotation) : rotation_(std::move(rotation)) {}

  std::size_t pick(const Candidates& candidates) const override;

 private:
  Rotation rotation_;
};

}  // namespace sluice::balancer
