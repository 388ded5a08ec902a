// SPDX-License-Identifier: MIT
// Rotation: nginx's smooth weighted order of a pool's members, walked by all workers together.
//
// nginx keeps a running score per server and a lock around it. The order those scores produce
// repeats after (sum of the weights / their gcd) picks, so it is worked out once, when the pool is
// compiled, and a pick is one fetch_add on a shared ticket: exact over any number of workers, with
// no lock. nginx also lowers a server's score for a while after a failure; with the default
// max_fails of 1 such a server is ejected anyway, and Sluice leaves that out.
//
// Threading: immutable but for the Ticket; next() may be called by any thread.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "balancer/backend.h"

namespace sluice::balancer {

inline constexpr std::size_t kNoMember = static_cast<std::size_t>(-1);

// A counter alone on its cache line. It belongs to the BackendRegistry, not to a Snapshot: were it
// to start over with each reload, a quiet pool that is reloaded often would favour its first
// members. Where in the order a pool begins means nothing, so it is kept even if the members
// change.
class alignas(kCacheLine) Ticket {
 public:
  std::uint64_t draw() noexcept { return next_.fetch_add(1, std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> next_{0};
};

// One full turn: member i stands in it weights[i] / gcd times, spread as nginx spreads it.
// A weight below 1 counts as 1.
std::vector<std::uint32_t> smooth_order(std::span<const std::uint32_t> weights);

class Rotation {
 public:
  // REQUIRES: ticket is not null.
  Rotation(std::span<const std::uint32_t> weights, std::shared_ptr<Ticket> ticket)
      : order_(smooth_order(weights)), members_(weights.size()), ticket_(std::move(ticket)) {}

  // The next member for which wanted(member) holds, or kNoMember. A ticket that names an unwanted
  // member is spent and another one drawn: stepping on from it instead would give its share to
  // the neighbour, and leave the others uneven. After a turn of tickets (or kDrawsMax of them, in a
  // huge pool) the members are looked through one by one.
  template <typename Wanted>
  std::size_t next(const Wanted& wanted) const {
    std::size_t member = 0;
    const std::size_t draws = std::min(order_.size(), kDrawsMax);
    for (std::size_t draw = 0; draw < draws; ++draw) {
      member = order_[ticket_->draw() % order_.size()];
      if (wanted(member)) return member;
    }
    for (std::size_t step = 0; step < members_; ++step) {
      if (++member >= members_) member = 0;
      if (wanted(member)) return member;
    }
    return kNoMember;
  }

 private:
  static constexpr std::size_t kDrawsMax = 1024;

  std::vector<std::uint32_t> order_;
  std::size_t members_;
  std::shared_ptr<Ticket> ticket_;
};

}  // namespace sluice::balancer
