// SPDX-License-Identifier: MIT
#include "proxy/access/ip_counts.h"

#include "proxy/access/prefix.h"

namespace sluice::access {

namespace {

constexpr std::size_t kSlotsMin = 16;

// The shard takes the lower bits.
std::size_t home(std::uint64_t hash, std::size_t slots) {
  return (hash >> 32) & (slots - 1);
}

}  // namespace

IpCounts::Ticket& IpCounts::Ticket::operator=(Ticket&& other) noexcept {
  if (this == &other) return *this;
  give_back();
  counts_ = std::exchange(other.counts_, nullptr);
  client_ = other.client_;
  return *this;
}

void IpCounts::Ticket::give_back() {
  if (counts_ != nullptr) std::exchange(counts_, nullptr)->give_back(client_);
}

std::uint64_t IpCounts::hash(const IpAddress& client) const {
  constexpr unsigned kAllBits = 128;
  return Prefix::of(client, kAllBits).hash(seed_);
}

// Where the client is, or a free slot. REQUIRES: there are slots.
std::size_t IpCounts::find(const Shard& shard, std::uint64_t hash, const IpAddress& client) const {
  const std::size_t mask = shard.slots.size() - 1;
  std::size_t at = home(hash, shard.slots.size());
  while (shard.slots[at].count != 0 && shard.slots[at].client != client) at = (at + 1) & mask;
  return at;
}

IpCounts::Ticket IpCounts::take(const IpAddress& client, std::uint32_t most) {
  const std::uint64_t hashed = hash(client);
  Shard& shard = shard_of(hashed);
  const std::lock_guard lock(shard.mutex);
  if (shard.used * 2 >= shard.slots.size()) grow(shard);
  Slot& slot = shard.slots[find(shard, hashed, client)];
  if (slot.count >= most) return {};
  if (slot.count++ == 0) {
    slot.client = client;
    ++shard.used;
  }
  return {*this, client};
}

void IpCounts::give_back(const IpAddress& client) {
  const std::uint64_t hashed = hash(client);
  Shard& shard = shard_of(hashed);
  const std::lock_guard lock(shard.mutex);
  const std::size_t at = find(shard, hashed, client);
  if (--shard.slots[at].count == 0) erase(shard, at);
}

void IpCounts::grow(Shard& shard) const {
  std::vector<Slot> old(shard.slots.empty() ? kSlotsMin : shard.slots.size() * 2);
  old.swap(shard.slots);
  for (const Slot& slot : old) {
    if (slot.count == 0) continue;
    shard.slots[find(shard, hash(slot.client), slot.client)] = slot;
  }
}

// Closes the gap, so that whoever was put behind it is still found (Knuth, TAOCP 3, 6.4, R).
void IpCounts::erase(Shard& shard, std::size_t gap) const {
  const std::size_t mask = shard.slots.size() - 1;
  --shard.used;
  for (std::size_t at = (gap + 1) & mask; shard.slots[at].count != 0; at = (at + 1) & mask) {
    const std::size_t wanted = home(hash(shard.slots[at].client), shard.slots.size());
    if (((at - wanted) & mask) < ((at - gap) & mask)) continue;
    shard.slots[gap] = shard.slots[at];
    gap = at;
  }
  shard.slots[gap].count = 0;
}

std::size_t IpCounts::clients() const {
  std::size_t sum = 0;
  for (const Shard& shard : shards_) {
    const std::lock_guard lock(shard.mutex);
    sum += shard.used;
  }
  return sum;
}

}  // namespace sluice::access
