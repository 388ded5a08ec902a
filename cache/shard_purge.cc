// SPDX-License-Identifier: MIT
// The Shard's part in a purge: some buckets under one lock.
#include <algorithm>

#include "cache/shard.h"

namespace sluice::cache {

namespace {

bool matches_text(const Purge& purge, std::string_view key_text) {
  switch (purge.by) {
    case Purge::By::Url:
      return url_of(key_text) == purge.text;
    case Purge::By::Prefix:
      return url_of(key_text).starts_with(purge.text);
    case Purge::By::Host:
      return host_of(key_text) == purge.text;
    case Purge::By::Tag:
      return false;
    case Purge::By::All:
      return true;
  }
  return false;
}

bool matches(const Purge& purge, const Entry& entry) {
  return purge.by == Purge::By::Tag ? entry.has_tag(purge.text)
                                    : matches_text(purge, entry.key_text());
}

// Moves `at` behind the batch and notes it.
std::size_t take_batch(std::size_t& at, std::size_t most, std::size_t buckets,
                       PurgeReport& report) {
  const std::size_t end = std::min(at + most, buckets);
  report.buckets += end - at;
  report.longest_hold = std::max(report.longest_hold, end - at);
  at = end;
  return end;
}

}  // namespace

bool Shard::purge_flights(const Purge& purge, std::size_t& at, std::size_t most,
                          PurgeReport& report) {
  const std::lock_guard lock(mutex_);
  ++purges_;
  std::size_t bucket = at;
  for (const std::size_t end = take_batch(at, most, flights_.buckets(), report); bucket < end;
       ++bucket) {
    for (Flight* flight = flights_.bucket(bucket); flight != nullptr;
         flight = BucketTable<Flight>::next(*flight)) {
      const bool is_hit = purge.by == Purge::By::Tag || matches_text(purge, flight->key_text_);
      if (!is_hit) continue;
      ++report.flights;
      flight->outdate(purge.soft ? Flight::Outdated::Soft : Flight::Outdated::Hard);
    }
  }
  return at < flights_.buckets();
}

bool Shard::purge_entries(const Purge& purge, std::uint64_t hash, std::size_t& at, std::size_t most,
                          PurgeReport& report) {
  EntryChain out;
  const std::lock_guard lock(mutex_);
  if (purge.by == Purge::By::Url && with_extras_ == 0) {
    std::size_t one = 0;
    take_batch(one, 1, 1, report);
    report.entries += purge_chain(entries_.chain(hash), purge, out);
    return false;
  }
  std::size_t bucket = at;
  for (const std::size_t end = take_batch(at, most, entries_.buckets(), report); bucket < end;
       ++bucket) {
    report.entries += purge_chain(entries_.bucket(bucket), purge, out);
  }
  return at < entries_.buckets();
}

std::size_t Shard::purge_chain(Entry* first, const Purge& purge, EntryChain& out) {
  std::size_t purged = 0;
  for (Entry* entry = first; entry != nullptr;) {
    Entry* next = BucketTable<Entry>::next(*entry);
    if (matches(purge, *entry)) {
      if (!entry->is_mark()) ++purged;
      if (purge.soft) {
        entry->mark_stale();
      } else {
        take_out(*entry, out);
      }
    }
    entry = next;
  }
  return purged;
}

}  // namespace sluice::cache
