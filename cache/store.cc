// SPDX-License-Identifier: MIT
#include "cache/store.h"

#include <algorithm>
#include <bit>
#include <thread>

#include "cache/replacement.h"
#include "cache/shard.h"

namespace sluice::cache {

namespace {

std::size_t shard_count(std::size_t asked) {
  constexpr std::size_t kMost = 64;
  if (asked == 0) asked = 4 * std::size_t{std::max(1U, std::thread::hardware_concurrency())};
  return std::bit_ceil(std::min(asked, kMost));
}

}  // namespace

Store::Store(const StoreOptions& options)
    : hasher_(options.hash_seed ? KeyHasher(*options.hash_seed) : KeyHasher()),
      options_(options),
      replacement_(std::make_unique<Replacement>(options.capacity)) {
  BodyAccount& account = *this;
  const std::size_t count = shard_count(options.shards);
  for (std::size_t i = 0; i < count; ++i) {
    shards_.push_back(
        std::make_unique<Shard>(options_, options_.capacity / count, *replacement_, account));
  }
}

Store::~Store() = default;

Lookup Store::find(const Key& key, const Selector& selector, Time now, bool counted) {
  Found found = shard_of(key.hash).find(key, selector, now, counted);
  return {found.kind, std::move(found.entry), {}, {}};
}

Lookup Store::look_up_or_lead(const Key& key, const Selector& selector, Time now,
                              const Want& want) {
  Found found = shard_of(key.hash).look_up_or_lead(key, selector, now, want);
  Lookup lookup;
  lookup.kind = found.kind;
  lookup.entry = std::move(found.entry);
  if (found.kind == Lookup::Kind::Lead) lookup.lead = Lead(*this, std::move(found.flight));
  if (found.kind == Lookup::Kind::Join) lookup.join = Join(std::move(found.flight));
  return lookup;
}

std::uint64_t Store::purges(const Key& key) const {
  return shard_of(key.hash).purges(key.hash);
}

bool Store::has_room_for(std::uint64_t bytes) const {
  return bodies_->bytes() + bytes <= 2 * capacity();
}

bool Store::insert(const EntryPtr& entry, std::optional<std::uint64_t> purges_before) {
  if (!fits(*entry) || !shard_of(entry->key().hash).insert(entry, purges_before)) return false;
  make_room();
  return true;
}

void Store::mark_uncacheable(const Key& key, Time until) {
  insert(Entry::create_mark(key, until));
}

bool Store::replace(const EntryPtr& old, const EntryPtr& fresh,
                    std::optional<std::uint64_t> purges_before) {
  if (!fits(*fresh)) return false;
  if (!shard_of(old->key().hash).replace(old, fresh, purges_before)) return false;
  make_room();
  return true;
}

bool Store::remove_entry(const Entry& entry) {
  return shard_of(entry.key().hash).remove_entry(entry);
}

void Store::remove_body(const Body& body, const Key& key) {
  shard_of(key.hash).remove_body(body, key.hash);
}

bool Store::purge_step(const Purge& purge, PurgeCursor& cursor, PurgeReport& report) {
  const std::uint64_t hash = hasher_.hash(purge.text);
  return shard_of(hash).purge_url(purge, hash, kPurgeBatch, cursor, report);
}

PurgeReport Store::purge(const Purge& purge) {
  PurgeReport report;
  if (purge.by == Purge::By::Url) {
    PurgeCursor cursor;
    while (purge_step(purge, cursor, report)) {
    }
    return report;
  }
  for (const auto& shard : shards_) {
    std::size_t at = 0;
    while (shard->purge_flights(purge, at, kPurgeBatch, report)) {
    }
    at = 0;
    while (shard->purge_entries(purge, at, kPurgeBatch, report)) {
    }
  }
  return report;
}

void Store::set_capacity(std::size_t bytes) {
  replacement_->set_capacity(bytes);
  for (const auto& shard : shards_) shard->set_share(bytes / shards_.size());
  make_room();
}

std::size_t Store::capacity() const noexcept {
  return replacement_->capacity();
}

StoreStats Store::stats() const {
  StoreStats stats;
  for (const auto& shard : shards_) shard->add_stats(stats);
  stats.bytes = replacement_->bytes();
  stats.capacity = replacement_->capacity();
  return stats;
}

StoreStats Store::audit() const {
  StoreStats stats;
  for (const auto& shard : shards_) shard->audit(stats);
  return stats;
}

// The low bits choose the bucket; these are the URL's, so that it has all its keys in one shard.
Shard& Store::shard_of(std::uint64_t hash) const {
  return *shards_[(hash >> 48) & (shards_.size() - 1)];
}

std::size_t Store::entry_max() const {
  const std::size_t capacity = replacement_->capacity();
  return options_.entry_max == 0 ? capacity / 8 : std::min(options_.entry_max, capacity);
}

bool Store::fits(const Entry& entry) const {
  const std::size_t most = entry_max();
  const bool is_filling = entry.body() && entry.body()->state() == Body::State::Filling;
  const std::uint64_t announced = is_filling ? entry.body()->announced().value_or(0) : 0;
  return entry.bytes_charged() <= most && announced <= most;
}

// Ends: an entry is passed over for its hits three times at most, unless others hit it meanwhile as
// fast as this walks; so when it has found nothing for so long, it stops to look at hits.
void Store::make_room() {
  constexpr std::size_t kBatch = 32;
  constexpr std::size_t kPasses = 4;
  if (!replacement_->over_capacity()) return;
  EntryPtr victims[kBatch];
  std::size_t vain_left = kPasses * (1 + replacement_->queued() / Replacement::kSteps);
  while (replacement_->over_capacity()) {
    const std::size_t taken = replacement_->take_victims(victims, vain_left == 0);
    if (taken == 0 && vain_left == 0) return;
    if (taken == 0) --vain_left;
    for (std::size_t i = 0; i < taken; ++i) {
      shard_of(victims[i]->key().hash).evict(*victims[i]);
      victims[i].reset();
    }
  }
}

void Store::publish(Flight& flight, const EntryPtr& entry, bool validated) {
  const bool is_stored = fits(*entry);
  shard_of(flight.hash_).land(flight, is_stored ? entry : EntryPtr(), validated);
  flight.end(Flight::State::Published, entry, 0);
  make_room();
}

void Store::end_uncacheable(Flight& flight, Time until) {
  EntryPtr mark;
  if (until > 0) mark = Entry::create_mark({flight.hash_, flight.key_text_}, until);
  shard_of(flight.hash_).land(flight, mark, false);
  flight.end(Flight::State::Uncacheable, {}, 0);
  make_room();
}

void Store::end_failed(Flight& flight, int code) {
  shard_of(flight.hash_).land(flight, {}, false);
  flight.end(Flight::State::Failed, {}, code);
}

void Store::body_grew(const Body& body, std::uint64_t key_hash) {
  shard_of(key_hash).body_grew(body, key_hash, entry_max());
  make_room();
}

void Store::body_ended(const Body& body, std::uint64_t key_hash) {
  shard_of(key_hash).body_ended(body, key_hash);
  make_room();
}

}  // namespace sluice::cache
