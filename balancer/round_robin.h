// SPDX-License-Identifier: MIT
// Smooth weighted round robin over all workers: the next usable member of the Rotation.
#pragma once

#include "balancer/picker.h"

namespace sluice::balancer {

class RoundRobin final : public Picker {
 public:
  explicit RoundRobin(Rotation rotation) : rotation_(std::move(rotation)) {}

  std::size_t pick(const Candidates& candidates) const override;

 private:
  Rotation rotation_;
};

}  // namespace sluice::balancer
