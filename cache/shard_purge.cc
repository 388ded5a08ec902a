// SPDX-License-Identifier: MIT
// The Shard's part in a purge: some buckets, or what one URL has, under one lock.
#include <algorithm>
#include <string>
#include <utility>

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

bool Shard::purge_url(const Purge& purge, std::uint64_t hash, std::size_t most, PurgeCursor& cursor,
                      PurgeReport& report) {
  EntryChain out;
  const EntryPtr before = std::move(cursor.last);
  const std::lock_guard lock(mutex_);
  ++url_purges_[url_slot(hash)];
  for (Flight* flight = flights_by_url_.chain(hash); flight != nullptr;
       flight = UrlLists<Flight>::next(*flight)) {
    purge_flight(*flight, purge, report);
  }
  const bool in_place =
      before && before->place_ == Entry::Place::Stored && cursor.lists == entries_by_url_.size();
  Entry* entry = in_place ? UrlLists<Entry>::next(*before) : entries_by_url_.chain(hash);
  const bool bounded = in_place || !before;
  Entry* last = in_place ? before.get() : nullptr;
  std::size_t looked_at = 0;
  while (entry != nullptr && (looked_at < most || !bounded)) {
    Entry* const next = UrlLists<Entry>::next(*entry);
    const bool seen = !bounded && purge.soft && entry->marked_stale();
    if (seen || !purge_entry(*entry, purge, report, out)) last = entry;
    entry = next;
    ++looked_at;
  }
  report.longest_hold = std::max(report.longest_hold, looked_at);
  cursor.last = EntryPtr(last);
  cursor.lists = entries_by_url_.size();
  keep_under_way(purge, cursor, entry == nullptr);
  return entry != nullptr;
}

// A hard one holds from its first step on, however many it takes.
void Shard::keep_under_way(const Purge& purge, PurgeCursor& cursor, bool is_over) {
  const bool is_kept = cursor.under_way != 0;
  if (!is_kept && !is_over && !purge.soft) {
    cursor.under_way = Entry::next_serial();
    under_way_.push_back({std::string(purge.text), cursor.under_way});
  } else if (is_kept && is_over) {
    std::erase_if(under_way_,
                  [&cursor](const UrlPurge& one) { return one.began == cursor.under_way; });
    cursor.under_way = 0;
  }
}

bool Shard::is_under_way(const Entry& entry) const {
  return std::any_of(under_way_.begin(), under_way_.end(), [&entry](const UrlPurge& one) {
    return entry.serial() < one.began && url_of(entry.key_text()) == one.url;
  });
}

bool Shard::purge_flights(const Purge& purge, std::size_t& at, std::size_t most,
                          PurgeReport& report) {
  const std::lock_guard lock(mutex_);
  ++purges_;
  std::size_t bucket = at;
  for (const std::size_t end = take_batch(at, most, flights_.buckets(), report); bucket < end;
       ++bucket) {
    for (Flight* flight = flights_.bucket(bucket); flight != nullptr;
         flight = BucketTable<Flight>::next(*flight)) {
      purge_flight(*flight, purge, report);
    }
  }
  return at < flights_.buckets();
}

bool Shard::purge_entries(const Purge& purge, std::size_t& at, std::size_t most,
                          PurgeReport& report) {
  EntryChain out;
  const std::lock_guard lock(mutex_);
  std::size_t bucket = at;
  for (const std::size_t end = take_batch(at, most, entries_.buckets(), report); bucket < end;
       ++bucket) {
    for (Entry* entry = entries_.bucket(bucket); entry != nullptr;) {
      Entry* next = BucketTable<Entry>::next(*entry);
      purge_entry(*entry, purge, report, out);
      entry = next;
    }
  }
  return at < entries_.buckets();
}

void Shard::purge_flight(Flight& flight, const Purge& purge, PurgeReport& report) {
  const bool is_hit = purge.by == Purge::By::Tag || matches_text(purge, flight.key_text_);
  if (!is_hit) return;
  // A URL's are found again in each step.
  if (!flight.outdated()) ++report.flights;
  flight.outdate(purge.soft ? Flight::Outdated::Soft : Flight::Outdated::Hard);
}

void Shard::purge_held(Entry& entry, const Purge& purge, EntryChain& out) {
  if (!entry.held_) return;
  if (!matches(purge, entry) && !matches(purge, *entry.held_)) return;
  if (purge.soft) {
    entry.held_->mark_stale();
  } else {
    drop_held(entry, out);
  }
}

bool Shard::purge_entry(Entry& entry, const Purge& purge, PurgeReport& report, EntryChain& out) {
  purge_held(entry, purge, out);
  if (!matches(purge, entry)) return false;
  if (!entry.is_mark()) ++report.entries;
  if (purge.soft) {
    entry.mark_stale();
  } else {
    take_out(entry, out);
  }
  return !purge.soft;
}

}  // namespace sluice::cache
