// SPDX-License-Identifier: MIT
// Pool: the backends that share one job, and who of them gets the next request.
//
// Part of a Snapshot: made by the control thread, then immutable; every const method may be called
// by all workers at once, takes no lock and throws nothing. What changes (counts, health, the place
// in the rotation) lives in the BackendRegistry and is shared with the Snapshots before and after.
//
// One request: acquire(); on an answer report_success() as soon as its head is whole, on a failure
// that is the backend's report_failure(), then acquire() again with the same Tried for a retry.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "balancer/backend_registry.h"
#include "balancer/lease.h"
#include "balancer/picker.h"
#include "conf/config.h"

namespace sluice::balancer {

// One backend chosen for one request.
struct Selection {
  std::size_t member;  // index in Pool::members()
  bool trial;          // its outcome decides whether an ejected backend comes back
  Lease lease;
};

class Pool {
 public:
  // A backend as it stands in the configuration, or one of the addresses its name resolved to.
  struct Address {
    std::string address;
    int weight = 1;  // below 1 counts as 1
  };

  // `addresses` are those known now: fewer than configured, or none, while names are unresolved.
  // An address that stands there twice is one member with both weights.
  Pool(std::string name, const conf::Pool& options, std::span<const Address> addresses,
       BackendRegistry& registry);

  // Chooses a member that is neither ejected nor in `tried`, marks it tried and counts the request.
  // Empty if there is none: 503 when nothing was tried, otherwise the last failure stands. A lone
  // member is never ejected: sending nobody anywhere helps no one. Allocates only if Tried must,
  // for a pool of more than 64 members.
  std::optional<Selection> acquire(Tried& tried, TimePoint now) const;

  // True if the member just came back from ejection; for the log.
  bool report_success(const Selection& selection) const noexcept;

  // Counts it. True if this failure ejected the member; for the log.
  bool report_failure(const Selection& selection, TimePoint now) const noexcept;

  // Whether acquire() could choose this member now; for status pages and metrics.
  // REQUIRES: member < members().size().
  bool eligible(std::size_t member, TimePoint now) const noexcept;

  const std::string& name() const noexcept { return name_; }
  const conf::Pool& options() const noexcept { return options_; }
  std::span<const Member> members() const noexcept { return members_; }

 private:
  const std::string name_;
  const conf::Pool options_;
  const std::vector<Member> members_;
  const HealthPolicy health_;
  const std::unique_ptr<const Picker> picker_;
};

}  // namespace sluice::balancer
