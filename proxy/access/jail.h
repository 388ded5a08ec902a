// SPDX-License-Identifier: MIT
// Jail: addresses and blocks that are put away for a time, which doubles for who comes back.
//
// Thread-safe. is_jailed() is for every accept and every request: with nobody put away it is one
// relaxed load; otherwise a filter answers nearly always, without a lock, and the rest look into
// the table together, under a shared lock. note() is for what goes wrong, and takes a short lock of
// a few addresses. Everything else is the control thread's.
//
// The Server owns it, and it outlives every reload: rules come with each call, from the Snapshot.
// Times are the caller's wall clock. The none address, of unix peers, is never in; addresses that
// are allowed are the caller's to leave out, of note() and of is_jailed().
//
// Memory: about 270 bytes a record; besides, once they are used, 16 a record (the filter) and 32 a
// counter.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <shared_mutex>
#include <span>
#include <vector>

#include "proxy/access/jail_rules.h"
#include "proxy/access/jail_table.h"
#include "proxy/access/jail_triggers.h"
#include "proxy/base/ip.h"

namespace sluice::access {

struct JailOptions {
  // Jailed and remembered together; see JailTable for who goes when there are more.
  std::size_t table = 100'000;
  // Of addresses on their way into it; see EventCounters.
  std::size_t counters = 65'536;
  // A random one unless given.
  std::optional<std::uint64_t> hash_seed;
};

class Jail {
 public:
  explicit Jail(const JailOptions& options = {});

  bool is_jailed(const IpAddress& address, WallTime now) const;

  // One event of the address. If it puts the address (or its prefix) away, who that is, to be
  // logged: only one of those who note at the same time is told.
  std::optional<Inmate> note(const JailRules& rules, const IpAddress& address, Reason trigger,
                             WallTime now);

  // By hand, in the place of what was known of the same block; for a hundred years at most. How
  // often it was caught before stays known. REQUIRES: the block is of a family.
  Inmate add(const Cidr& block, std::chrono::milliseconds duration, WallTime now);

  // Lets out, and forgets, all that lie within the block, and who was caught with a prefix around
  // it; a wider block that was added by hand stays. The number of those that were in.
  std::size_t remove(const Cidr& block, WallTime now);

  // Those who are in, who ends first before the others.
  std::vector<Inmate> list(WallTime now) const;
  // And those who are remembered; what a file should keep. Copied in small steps, too, so that of
  // what changes meanwhile something may be missing; changes() tells.
  std::vector<Inmate> records(WallTime now) const;
  // Takes in what a file has kept, except for who is forgotten; the number of those taken.
  std::size_t restore(std::span<const Inmate> inmates, WallTime now);

  // Lets go of those whose time has come, in small steps between which others get the lock. They
  // are free without it; it is what empties the filter. To be called every second or so.
  void expire(WallTime now);

  // Those in, counted until expire() has let go of them.
  std::size_t size() const { return table_.filter().size(); }
  // Grows whenever somebody is put away, added, removed or restored: what a file lacks.
  std::uint64_t changes() const { return changes_.load(std::memory_order_relaxed); }

 private:
  Jail(const JailOptions& options, std::uint64_t seed);
  std::vector<Inmate> copy() const;
  void changed() { changes_.fetch_add(1, std::memory_order_relaxed); }

  EventCounters counters_;
  mutable std::shared_mutex mutex_;  // guards table_, but for its filter's questions
  JailTable table_;
  std::atomic<std::uint64_t> changes_{0};
};

}  // namespace sluice::access
