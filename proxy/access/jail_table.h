// SPDX-License-Identifier: MIT
// JailTable: who is put away, and who has been lately; the part of the jail that knows its order.
// Not thread-safe, but for the filter (which Jail asks without its lock). About 250 bytes a record.
//
// A record is in one of three queues. Caught and Added are jailed and wait for their `until`;
// Released is only remembered, until it is forgotten. When the table is full, the one that has the
// shortest time to wait goes: of those released if there are any, then of those caught; what an
// operator has added goes last.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <unordered_map>
#include <utility>
#include <vector>

#include "proxy/access/jail_filter.h"
#include "proxy/access/jail_rules.h"
#include "proxy/access/prefix.h"

namespace sluice::access {

class JailTable {
 public:
  JailTable(std::size_t capacity, std::uint64_t seed);

  const JailFilter& filter() const { return filter_; }
  bool is_jailed(const Prefix& prefix, WallTime now) const;

  // nullopt if it is jailed already.
  std::optional<Inmate> put_away(const Prefix& prefix, Reason reason, const JailRules& rules,
                                 WallTime now);

  // By hand, in the place of what is known of the same block, but for how often it was caught.
  Inmate add(const Prefix& block, WallTime until, WallTime now);

  // As it is, in the place of what is known of the same block.
  void put(const Inmate& inmate, WallTime now);

  // Forgets all within the block, and who was caught if it lies within his; the number of those
  // that were jailed.
  std::size_t remove(const Prefix& block, WallTime now);

  // Moves on at most `at_most` records whose time has come; the number of them.
  std::size_t expire(WallTime now, std::size_t at_most);

  // Where a walk over all records stands. It goes by the queues, those of the jailed first, so that
  // a record which is released between two steps is met at least once.
  struct Walk {
    std::size_t queues_left = 3;
    std::optional<std::pair<WallTime, Prefix>> behind{};
  };
  // The next of them, at most so many; false when these were the last.
  bool copy(Walk& walk, std::size_t at_most, std::vector<Inmate>& into) const;

 private:
  enum class Queue : std::uint8_t { Released, Caught, Added };
  struct Record {
    Inmate inmate;
    Queue queue = Queue::Released;
  };
  struct Hash {
    std::size_t operator()(const Prefix& prefix) const { return prefix.hash(seed); }
    std::uint64_t seed;
  };
  using Records = std::unordered_map<Prefix, Record, Hash>;

  static WallTime due(const Record& record);
  std::set<std::pair<WallTime, Prefix>>& queue(Queue which) {
    return queues_[static_cast<std::size_t>(which)];
  }
  void enqueue(const Prefix& prefix, const Record& record);
  void dequeue(const Prefix& prefix, const Record& record);
  Records::iterator erase(Records::iterator record);
  void release(Records::iterator record, WallTime now);
  void make_room();

  const std::size_t capacity_;
  JailFilter filter_;
  Records records_;
  std::array<std::set<std::pair<WallTime, Prefix>>, 3> queues_;
};

}  // namespace sluice::access
