// SPDX-License-Identifier: MIT
#include "proxy/access/jail_table.h"

#include <algorithm>
#include <limits>

namespace sluice::access {

JailTable::JailTable(std::size_t capacity, std::uint64_t seed)
    : capacity_(std::max<std::size_t>(capacity, 1)),
      filter_(capacity_, seed),
      records_(0, Hash{seed}) {}

bool JailTable::is_jailed(const Prefix& prefix, WallTime now) const {
  const auto found = records_.find(prefix);
  return found != records_.end() && found->second.inmate.jailed(now);
}

std::optional<Inmate> JailTable::put_away(const Prefix& prefix, Reason reason,
                                          const JailRules& rules, WallTime now) {
  const auto found = records_.find(prefix);
  Inmate inmate{prefix.block(), reason, 1, now, now};
  if (found != records_.end()) {
    const Inmate& before = found->second.inmate;
    if (before.jailed(now)) return std::nullopt;
    const bool counts = before.times < std::numeric_limits<std::uint32_t>::max();
    if (now < before.forgotten_at()) inmate.times = before.times + (counts ? 1 : 0);
  }
  inmate.until = now + rules.sentence(inmate.times);
  put(inmate, now);
  return inmate;
}

Inmate JailTable::add(const Prefix& block, WallTime until, WallTime now) {
  const auto found = records_.find(block);
  Inmate inmate{block.block(), Reason::Operator, 0, now, until};
  if (found != records_.end() && now < found->second.inmate.forgotten_at()) {
    inmate.times = found->second.inmate.times;
  }
  put(inmate, now);
  return inmate;
}

void JailTable::put(const Inmate& inmate, WallTime now) {
  const Prefix prefix = Prefix::of(inmate.block);
  if (const auto found = records_.find(prefix); found != records_.end()) erase(found);
  make_room();
  Record record{inmate, inmate.reason == Reason::Operator ? Queue::Added : Queue::Caught};
  if (!inmate.jailed(now)) record.queue = Queue::Released;
  enqueue(prefix, record);
  records_.emplace(prefix, record);
}

std::size_t JailTable::remove(const Prefix& block, WallTime now) {
  std::size_t lifted = 0;
  for (auto at = records_.begin(); at != records_.end();) {
    const Record& record = at->second;
    const bool around = record.inmate.reason != Reason::Operator && at->first.holds(block);
    if (!around && !block.holds(at->first)) {
      ++at;
      continue;
    }
    if (record.inmate.jailed(now)) ++lifted;
    at = erase(at);
  }
  return lifted;
}

std::size_t JailTable::expire(WallTime now, std::size_t at_most) {
  std::size_t moved = 0;
  for (const Queue which : {Queue::Caught, Queue::Added, Queue::Released}) {
    auto& waiting = queue(which);
    for (; moved < at_most && !waiting.empty() && waiting.begin()->first <= now; ++moved) {
      release(records_.find(waiting.begin()->second), now);
    }
  }
  return moved;
}

bool JailTable::copy(Walk& walk, std::size_t at_most, std::vector<Inmate>& into) const {
  for (; walk.queues_left > 0; --walk.queues_left, walk.behind.reset()) {
    const auto& waiting = queues_[walk.queues_left - 1];
    auto at = walk.behind ? waiting.upper_bound(*walk.behind) : waiting.begin();
    for (; at != waiting.end(); ++at, --at_most) {
      if (at_most == 0) return true;
      into.push_back(records_.find(at->second)->second.inmate);
      walk.behind = *at;
    }
  }
  return false;
}

WallTime JailTable::due(const Record& record) {
  return record.queue == Queue::Released ? record.inmate.forgotten_at() : record.inmate.until;
}

void JailTable::enqueue(const Prefix& prefix, const Record& record) {
  queue(record.queue).emplace(due(record), prefix);
  if (record.queue != Queue::Released) filter_.add(prefix);
}

void JailTable::dequeue(const Prefix& prefix, const Record& record) {
  queue(record.queue).erase({due(record), prefix});
  if (record.queue != Queue::Released) filter_.remove(prefix);
}

JailTable::Records::iterator JailTable::erase(Records::iterator record) {
  dequeue(record->first, record->second);
  return records_.erase(record);
}

// Its time has come: to be remembered for a while, or to be forgotten.
void JailTable::release(Records::iterator record, WallTime now) {
  if (record->second.inmate.forgotten_at() <= now) {
    erase(record);
    return;
  }
  dequeue(record->first, record->second);
  record->second.queue = Queue::Released;
  enqueue(record->first, record->second);
}

void JailTable::make_room() {
  while (records_.size() >= capacity_) {
    auto* const first = std::find_if(queues_.begin(), queues_.end(),
                                     [](const auto& waiting) { return !waiting.empty(); });
    erase(records_.find(first->begin()->second));
  }
}

}  // namespace sluice::access
