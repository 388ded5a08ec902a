// SPDX-License-Identifier: MIT
// Shard: a share of the Store's keys, with all that is known of each: responses, a mark, and
// flights under way. One mutex; each method takes it once.
//
// Owned by the Store, whose threading rules hold. What leaves a shard is handed out and freed by
// the caller, after the lock.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "cache/bucket_table.h"
#include "cache/entry.h"
#include "cache/flight.h"
#include "cache/replacement.h"
#include "cache/store.h"
#include "cache/url_lists.h"

namespace sluice::cache {

// Entries that were taken out, chained by their own links; the chain holds the shard's counts.
class EntryChain {
 public:
  EntryChain() = default;
  EntryChain(const EntryChain&) = delete;
  EntryChain& operator=(const EntryChain&) = delete;
  ~EntryChain();

 private:
  friend class Shard;

  // Takes over a count.
  void add(Entry* entry);

  Entry* first_ = nullptr;
};

struct Found {
  Lookup::Kind kind = Lookup::Kind::Miss;
  EntryPtr entry;
  FlightPtr flight;  // of Lead and Join
};

class alignas(64) Shard {
 public:
  // `share`: of the capacity, in bytes.
  Shard(const StoreOptions& options, std::size_t share, Replacement& replacement,
        BodyAccount& account);
  Shard(const Shard&) = delete;
  Shard& operator=(const Shard&) = delete;
  ~Shard();

  Found find(const Key& key, const Selector& selector, Time now, bool counted);
  Found look_up_or_lead(const Key& key, const Selector& selector, Time now, const Want& want);

  // Takes no lock.
  std::uint64_t purges(std::uint64_t hash) const noexcept;
  bool insert(const EntryPtr& entry, std::optional<std::uint64_t> purges_before);
  bool replace(const EntryPtr& old, const EntryPtr& fresh,
               std::optional<std::uint64_t> purges_before);
  bool remove_entry(const Entry& entry);
  void remove_body(const Body& body, std::uint64_t hash);
  // Of a capacity that has changed.
  void set_share(std::size_t bytes);
  // Takes out what the Replacement chose.
  void evict(Entry& entry);

  // Ends the flight's time in the shard; where `entry` is there, stores it as far as the flight is
  // not outdated.
  void land(Flight& flight, const EntryPtr& entry, bool validated);

  void body_grew(const Body& body, std::uint64_t hash, std::size_t entry_max);
  void body_ended(const Body& body, std::uint64_t hash);

  // By URL, whose hash is given. Looks at `most` entries from `cursor` on, moves it, and returns
  // false where no more are left; where it has lost its place, begins anew and looks at all.
  bool purge_url(const Purge& purge, std::uint64_t hash, std::size_t most, PurgeCursor& cursor,
                 PurgeReport& report);
  // By all else. Each looks into `most` buckets from `at` on, moves `at` behind them, and returns
  // false at the end.
  bool purge_flights(const Purge& purge, std::size_t& at, std::size_t most, PurgeReport& report);
  bool purge_entries(const Purge& purge, std::size_t& at, std::size_t most, PurgeReport& report);

  void add_stats(StoreStats& stats) const;
  void audit(StoreStats& stats) const;

 private:
  std::uint64_t likely_variant(const Key& key, const Selector& selector) const;
  Entry* best_match(const Key& key, const Selector& selector, Time now) const;
  Entry* mark_of(const Key& key) const;
  Flight* flight_to_join(const Key& key, const Entry* stale, const Want& want, Time now) const;
  Found hit(Entry& entry, bool counted);
  Found lead_or_join(const Key& key, Entry* stale, const Want& want, Time now);

  std::size_t url_slot(std::uint64_t hash) const { return (hash >> 32) % url_purges_.size(); }
  bool is_outdated(std::uint64_t hash, std::optional<std::uint64_t> purges_before) const;
  bool store(Entry& entry, Entry* predecessor, EntryChain& out);
  void store_flown(const Flight& flight, Entry& entry, bool validated, EntryChain& out);
  void make_place(const Entry& entry, EntryChain& out);
  Entry* same_variant(const Entry& entry) const;
  void put(Entry& entry);
  void supersede(Entry& old, Entry& entry, EntryChain& out);
  void drop_held(Entry& entry, EntryChain& out);
  void restore_held(Entry& cut, EntryChain& out);
  void unlink(Entry& entry);
  void take_out(Entry& entry, EntryChain& out);
  static void purge_flight(Flight& flight, const Purge& purge, PurgeReport& report);
  void purge_held(Entry& entry, const Purge& purge, EntryChain& out);
  void keep_under_way(const Purge& purge, PurgeCursor& cursor, bool is_over);
  bool is_being_purged(const Entry& entry) const {
    return !under_way_.empty() && is_under_way(entry);
  }
  bool is_under_way(const Entry& entry) const;
  // True where it was taken out.
  bool purge_entry(Entry& entry, const Purge& purge, PurgeReport& report, EntryChain& out);

  const std::size_t variants_max_;
  const std::size_t waiters_max_;
  Replacement& replacement_;
  BodyAccount& account_;

  mutable std::mutex mutex_;
  BucketTable<Entry> entries_;  // holds a count of each
  BucketTable<Flight> flights_;
  UrlLists<Entry> entries_by_url_;
  UrlLists<Flight> flights_by_url_;
  StoreStats stats_;  // of this shard: the counters, and marks
  // Written under the mutex. Those by URL are frequent, so they are counted by its hash, and few
  // others' are taken for a URL's own.
  std::atomic<std::uint64_t> purges_{0};
  std::array<std::atomic<std::uint64_t>, 64> url_purges_{};
  // Hard purges by URL that need more steps: what was created before they began answers nobody.
  struct UrlPurge {
    std::string url;
    std::uint64_t began = 0;  // a serial
  };
  std::vector<UrlPurge> under_way_;
};

}  // namespace sluice::cache
