// SPDX-License-Identifier: MIT
#include "balancer/least_connections.h"

namespace sluice::balancer {
namespace {

// Requests in flight per weight, as a fraction that is compared without dividing.
struct Load {
  std::uint64_t in_flight = 0;
  std::uint64_t weight = 1;

  explicit Load(const Member& member)
      : in_flight(member.backend->in_flight()), weight(member.weight) {}

  bool operator<(const Load& other) const {
    return in_flight * other.weight < other.in_flight * weight;
  }
};

}  // namespace

std::size_t LeastConnections::pick(const Candidates& candidates) const {
  std::size_t best = 0;
  while (best < candidates.members.size() && !candidates.usable(best)) ++best;
  if (best >= candidates.members.size()) return kNoMember;

  Load least(candidates.members[best]);
  bool tied = false;
  for (std::size_t i = best + 1; i < candidates.members.size(); ++i) {
    const Load load(candidates.members[i]);
    if (least < load || !candidates.usable(i)) continue;
    tied = !(load < least);
    if (tied) continue;
    least = load;
    best = i;
  }
  if (!tied) return best;

  // The counts may have moved since: whoever is no busier than the least seen will do.
  const std::size_t in_turn = rotation_.next([&candidates, &least](std::size_t member) {
    return !(least < Load(candidates.members[member])) && candidates.usable(member);
  });
  return in_turn == kNoMember ? best : in_turn;
}

}  // namespace sluice::balancer
