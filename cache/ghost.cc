// SPDX-License-Identifier: MIT
#include "cache/ghost.h"

#include <algorithm>
#include <bit>

namespace sluice::cache {

namespace {

// The table's buckets and shards go by other bits of the hash.
std::uint32_t print_of(std::uint64_t hash) {
  return static_cast<std::uint32_t>(hash >> 20);
}

}  // namespace

Ghost::Ghost(std::size_t hashes) : slots_(std::bit_ceil(std::max(hashes, kWays))) {}

Ghost::Slot* Ghost::set_of(std::uint64_t hash) {
  const std::size_t sets = slots_.size() / kWays;
  return &slots_[(hash & (sets - 1)) * kWays];
}

void Ghost::add(std::uint64_t hash) {
  if (++stamp_ == 0) ++stamp_;
  Slot* set = set_of(hash);
  Slot* oldest = set;
  for (Slot* slot = set; slot != set + kWays; ++slot) {
    const bool is_free = slot->stamp == 0 || slot->print == print_of(hash);
    if (is_free || stamp_ - slot->stamp > stamp_ - oldest->stamp) oldest = slot;
    if (is_free) break;
  }
  *oldest = {print_of(hash), stamp_};
}

bool Ghost::take(std::uint64_t hash, std::size_t window) {
  Slot* set = set_of(hash);
  for (Slot* slot = set; slot != set + kWays; ++slot) {
    if (slot->stamp == 0 || slot->print != print_of(hash)) continue;
    const bool is_known = stamp_ - slot->stamp < window;
    *slot = {};
    return is_known;
  }
  return false;
}

}  // namespace sluice::cache
