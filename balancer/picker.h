// SPDX-License-Identifier: MIT
// Picker: the verb of a balancing policy. From a pool's members and what speaks against some of
// them, one index.
//
// Threading: pick() is const, called by all workers at once on one Picker, takes no lock and does
// not allocate. It looks but does not take: counting the request and taking a trial are the Pool's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "balancer/backend.h"
#include "balancer/health.h"
#include "balancer/rotation.h"
#include "balancer/tried.h"

namespace sluice::balancer {

struct Member {
  std::shared_ptr<Backend> backend;  // never null
  std::uint32_t weight = 1;          // at least 1
};

// What a Picker chooses from; lives for one call. All of it is borrowed from the caller.
struct Candidates {
  std::span<const Member> members;  // the ones the Picker was made for
  const Tried& tried;
  const HealthPolicy& health;
  TimePoint now;

  bool usable(std::size_t member) const {
    return !tried.contains(member) && members[member].backend->health().eligible(health, now);
  }
};

class Picker {
 public:
  Picker() = default;
  Picker(const Picker&) = delete;
  Picker& operator=(const Picker&) = delete;
  virtual ~Picker() = default;

  // The index of a usable member, or kNoMember if there is none.
  virtual std::size_t pick(const Candidates& candidates) const = 0;
};

}  // namespace sluice::balancer
