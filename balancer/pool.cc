// SPDX-License-Identifier: MIT
#include "balancer/pool.h"

#include <algorithm>
#include <map>
#include <string_view>
#include <utility>

#include "balancer/least_connections.h"
#include "balancer/round_robin.h"

namespace sluice::balancer {
namespace {

std::vector<Member> make_members(const std::string& pool, std::span<const Pool::Address> addresses,
                                 BackendRegistry& registry) {
  std::vector<Member> members;
  std::map<std::string_view, std::size_t> places;
  for (const Pool::Address& entry : addresses) {
    const auto weight = static_cast<std::uint32_t>(std::max(entry.weight, 1));
    const auto [place, is_new] = places.emplace(entry.address, members.size());
    if (is_new) {
      members.push_back({registry.backend(pool, entry.address), weight});
    } else {
      members[place->second].weight += weight;
    }
  }
  return members;
}

HealthPolicy make_policy(const conf::Pool& options, std::size_t members) {
  return {.max_fails = members > 1 ? options.max_fails : 0, .fail_timeout = options.fail_timeout};
}

std::unique_ptr<const Picker> make_picker(conf::Policy policy, std::span<const Member> members,
                                          std::shared_ptr<Ticket> ticket) {
  std::vector<std::uint32_t> weights;
  weights.reserve(members.size());
  for (const Member& member : members) weights.push_back(member.weight);
  Rotation rotation(weights, std::move(ticket));
  if (policy == conf::Policy::LeastConnections) {
    return std::make_unique<LeastConnections>(std::move(rotation));
  }
  return std::make_unique<RoundRobin>(std::move(rotation));
}

}  // namespace

Pool::Pool(std::string name, const conf::Pool& options, std::span<const Address> addresses,
           BackendRegistry& registry)
    : name_(std::move(name)),
      options_(options),
      members_(make_members(name_, addresses, registry)),
      health_(make_policy(options, members_.size())),
      picker_(make_picker(options.policy, members_, registry.ticket(name_))) {}

std::optional<Selection> Pool::acquire(Tried& tried, TimePoint now) const {
  const Candidates candidates{members_, tried, health_, now};
  // A pick is lost only when another worker takes or fails the trial in between, which ejects that
  // member for us; so this many attempts see them all.
  for (std::size_t attempt = 0; attempt <= members_.size(); ++attempt) {
    const std::size_t member = picker_->pick(candidates);
    if (member == kNoMember) break;
    Backend& backend = *members_[member].backend;
    const Admission admission = backend.health().admit(health_, now);
    if (admission == Admission::Refused) continue;
    tried.mark(member);
    return Selection{member, admission == Admission::Trial, Lease(backend)};
  }
  return std::nullopt;
}

bool Pool::report_success(const Selection& selection) const noexcept {
  return members_[selection.member].backend->health().on_success(health_, selection.trial);
}

bool Pool::report_failure(const Selection& selection, TimePoint now) const noexcept {
  Backend& backend = *members_[selection.member].backend;
  backend.count_failure();
  return backend.health().on_failure(health_, now);
}

bool Pool::eligible(std::size_t member, TimePoint now) const noexcept {
  return members_[member].backend->health().eligible(health_, now);
}

}  // namespace sluice::balancer
