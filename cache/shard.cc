// SPDX-License-Identifier: MIT
#include "cache/shard.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace sluice::cache {

namespace {

// An entry or two a list, as they are where entries are of some KiB, cost one in a thousand of the
// capacity.
std::size_t url_lists_for(std::size_t share) {
  constexpr std::size_t kBytesOfList = 8192;
  return std::clamp(share / kBytesOfList, std::size_t{64}, std::size_t{1} << 16);
}

constexpr std::size_t kFlightLists = 256;

// The entries of a chain; a visit may take that entry out.
template <typename Visit>
void for_each(Entry* first, const Visit& visit) {
  for (Entry* entry = first; entry != nullptr;) {
    Entry* next = BucketTable<Entry>::next(*entry);
    visit(*entry);
    entry = next;
  }
}

// Those with this key, marks among them.
template <typename Visit>
void for_each_of(Entry* first, const Key& key, const Visit& visit) {
  for_each(first, [&key, &visit](Entry& entry) {
    const Key other = entry.key();
    if (other.hash == key.hash && other.text == key.text) visit(entry);
  });
}

// Which of two that both fit is to answer (RFC 9111 4, 4.1): one that is fresh, then one that says
// what it varies by, then what the origin made last.
bool is_better(const Entry& a, const Entry& b, Time now) {
  const auto rank = [now](const Entry& entry) {
    const Terms& terms = entry.terms();
    const bool is_fresh = judge_use(terms, {}, now, entry.marked_stale()) == Use::Fresh;
    return std::tuple(is_fresh, !entry.variant().empty(), terms.response_time - terms.initial_age,
                      terms.response_time);
  };
  return rank(a) > rank(b);
}

bool may_join(const Flight& flight, Time now) {
  if (flight.state() != Flight::State::Published) return true;
  const Entry& shown = *flight.entry();
  return judge_use(shown.terms(), {}, now, shown.marked_stale()) != Use::Validate;
}

bool came_before(const Entry& a, const Entry& b) {
  return !a.is_mark() && !b.is_mark() && a.serial() < b.serial();
}

}  // namespace

void EntryChain::add(Entry* entry) {
  entry->place_ = Entry::Place::Gone;
  entry->chain_next_ = first_;
  first_ = entry;
}

EntryChain::~EntryChain() {
  while (first_ != nullptr) {
    const EntryPtr entry = EntryPtr::adopt(first_);
    first_ = entry->chain_next_;
  }
}

Shard::Shard(const StoreOptions& options, std::size_t share, Replacement& replacement,
             BodyAccount& account)
    : variants_max_(options.variants_max),
      waiters_max_(options.waiters_max),
      replacement_(replacement),
      account_(account),
      entries_by_url_(url_lists_for(share)),
      flights_by_url_(kFlightLists) {}

Shard::~Shard() {
  EntryChain out;
  for (std::size_t i = 0; i < entries_.buckets(); ++i) {
    while (entries_.bucket(i) != nullptr) take_out(*entries_.bucket(i), out);
  }
}

Found Shard::find(const Key& key, const Selector& selector, Time now, bool counted) {
  const std::lock_guard lock(mutex_);
  Entry* best = best_match(key, selector, now);
  if (best != nullptr) return hit(*best, counted);
  const Entry* mark = mark_of(key);
  const bool is_marked = mark != nullptr && now < mark->marked_until();
  (is_marked ? stats_.passes : stats_.misses) += counted;
  return {is_marked ? Lookup::Kind::Pass : Lookup::Kind::Miss, {}, {}};
}

Found Shard::look_up_or_lead(const Key& key, const Selector& selector, Time now, const Want& want) {
  const std::lock_guard lock(mutex_);
  Entry* best = best_match(key, selector, now);
  if (best != nullptr && best != want.stale) return hit(*best, want.counted);
  const Entry* mark = best == nullptr ? mark_of(key) : nullptr;
  if (mark != nullptr && now < mark->marked_until()) {
    stats_.passes += want.counted;
    return {Lookup::Kind::Pass, {}, {}};
  }
  Want wanted = want;
  if (best == nullptr && want.variant == 0) wanted.variant = likely_variant(key, selector);
  return lead_or_join(key, best, wanted, now);
}

// By what varies the newest of those that do not fit.
std::uint64_t Shard::likely_variant(const Key& key, const Selector& selector) const {
  const Entry* newest = nullptr;
  for_each_of(entries_.chain(key.hash), key, [&newest](const Entry& entry) {
    if (entry.is_mark() || entry.variant().empty()) return;
    if (newest == nullptr || newest->serial() < entry.serial()) newest = &entry;
  });
  return newest == nullptr ? 0 : selector.variant_like(*newest);
}

Found Shard::hit(Entry& entry, bool counted) {
  stats_.hits += counted;
  if (counted) Replacement::note_hit(entry);
  return {Lookup::Kind::Hit, EntryPtr(&entry), {}};
}

Found Shard::lead_or_join(const Key& key, Entry* stale, const Want& want, Time now) {
  Flight* flight = flight_to_join(key, stale, want, now);
  if (flight == nullptr) {
    if (stale == nullptr) stats_.misses += want.counted;
    FlightPtr led = Flight::create(key, EntryPtr(stale), want.variant);
    flights_.insert(*led);
    flights_by_url_.insert(*led);
    return {Lookup::Kind::Lead, {}, std::move(led)};
  }
  if (flight->joined_.load(std::memory_order_relaxed) >= waiters_max_) {
    return {Lookup::Kind::TooManyWaiters, {}, {}};
  }
  stats_.joins += want.counted;
  flight->joined_.fetch_add(1, std::memory_order_relaxed);
  return {Lookup::Kind::Join, {}, FlightPtr(flight)};
}

Entry* Shard::best_match(const Key& key, const Selector& selector, Time now) const {
  Entry* best = nullptr;
  for_each_of(entries_.chain(key.hash), key, [this, &best, &selector, now](Entry& entry) {
    if (entry.is_mark() || !selector.matches(entry) || is_being_purged(entry)) return;
    if (best == nullptr || is_better(entry, *best, now)) best = &entry;
  });
  return best;
}

Entry* Shard::mark_of(const Key& key) const {
  Entry* mark = nullptr;
  for_each_of(entries_.chain(key.hash), key, [&mark](Entry& entry) {
    if (entry.is_mark()) mark = &entry;
  });
  return mark;
}

// The newest that would bring what is wanted: chains begin with what came last.
// What one has shown must not be stale meanwhile: who comes then asks anew.
Flight* Shard::flight_to_join(const Key& key, const Entry* stale, const Want& want,
                              Time now) const {
  for (Flight* flight = flights_.chain(key.hash); flight != nullptr;
       flight = BucketTable<Flight>::next(*flight)) {
    const bool same_key = flight->hash_ == key.hash && flight->key_text_ == key.text;
    const bool same_aim = flight->stale_.get() == stale && flight->variant_ == want.variant;
    if (same_key && same_aim && !flight->outdated() && may_join(*flight, now)) return flight;
  }
  return nullptr;
}

// Both only grow, so their sum stays the same only where both do. The bits are neither those that
// choose the shard nor those that choose the bucket.
std::uint64_t Shard::purges(std::uint64_t hash) const noexcept {
  return purges_.load(std::memory_order_acquire) +
         url_purges_[url_slot(hash)].load(std::memory_order_acquire);
}

// A purge counts itself before it looks at the entries, under the same mutex: so either it is seen
// here, or it will see what is stored here.
bool Shard::is_outdated(std::uint64_t hash, std::optional<std::uint64_t> purges_before) const {
  return purges_before && *purges_before != purges(hash);
}

bool Shard::insert(const EntryPtr& entry, std::optional<std::uint64_t> purges_before) {
  EntryChain out;
  const std::lock_guard lock(mutex_);
  if (is_outdated(entry->hash_, purges_before)) return false;
  Entry* predecessor = same_variant(*entry);
  if (predecessor != nullptr && came_before(*entry, *predecessor)) return false;
  return store(*entry, predecessor, out);
}

bool Shard::replace(const EntryPtr& old, const EntryPtr& fresh,
                    std::optional<std::uint64_t> purges_before) {
  EntryChain out;
  const std::lock_guard lock(mutex_);
  if (is_outdated(fresh->hash_, purges_before)) return false;
  return old->place_ == Entry::Place::Stored && store(*fresh, old.get(), out);
}

void Shard::set_share(std::size_t bytes) {
  const std::lock_guard lock(mutex_);
  entries_by_url_.grow(url_lists_for(bytes));
}

bool Shard::remove_entry(const Entry& entry) {
  EntryChain out;
  const std::lock_guard lock(mutex_);
  if (entry.place_ == Entry::Place::Held) {
    for_each_of(entries_.chain(entry.hash_), entry.key(), [this, &entry, &out](Entry& other) {
      if (other.held_.get() == &entry) drop_held(other, out);
    });
    return true;
  }
  if (entry.place_ != Entry::Place::Stored) return false;
  take_out(const_cast<Entry&>(entry), out);
  return true;
}

void Shard::evict(Entry& entry) {
  EntryChain out;
  const std::lock_guard lock(mutex_);
  if (entry.place_ != Entry::Place::Stored) return;
  ++stats_.evictions;
  take_out(entry, out);
}

void Shard::land(Flight& flight, const EntryPtr& entry, bool validated) {
  EntryChain out;
  const std::lock_guard lock(mutex_);
  flights_.erase(flight);
  flights_by_url_.erase(flight);
  const auto outdated = flight.outdated_.load(std::memory_order_relaxed);
  if (!entry || outdated == Flight::Outdated::Hard) return;
  if (outdated == Flight::Outdated::Soft) entry->mark_stale();
  store_flown(flight, *entry, validated, out);
}

// What was fetched later, beside the flight, stays.
void Shard::store_flown(const Flight& flight, Entry& entry, bool validated, EntryChain& out) {
  Entry* predecessor = same_variant(entry);
  if (predecessor != nullptr && came_before(entry, *predecessor)) return;
  Entry* stale = flight.stale_.get();
  if (validated && stale != nullptr) {
    const bool is_stored = stale->place_ == Entry::Place::Stored;
    if (!is_stored && predecessor != nullptr) return;
    if (is_stored) predecessor = stale;
  }
  store(entry, predecessor, out);
}

// `predecessor` leaves its place to it.
bool Shard::store(Entry& entry, Entry* predecessor, EntryChain& out) {
  if (entry.place_ != Entry::Place::New) return false;
  if (entry.body_) {
    entry.body_->report_to(account_, entry.hash_);
    if (entry.body_->state() == Body::State::Failed) return false;
  }
  replacement_.admit(entry, predecessor);
  if (predecessor != nullptr) supersede(*predecessor, entry, out);
  make_place(entry, out);
  entry.add_count();
  put(entry);
  entries_by_url_.insert(entry);
  ++(entry.is_mark() ? stats_.marks : stats_.insertions);
  return true;
}

// REQUIRES: it is admitted, and the shard holds a count of it.
void Shard::put(Entry& entry) {
  entry.place_ = Entry::Place::Stored;
  entries_.insert(entry);
}

// What is whole is held behind what is not; what is not itself makes way for good. So does what a
// purge has still to come to, which would not find it there.
void Shard::supersede(Entry& old, Entry& entry, EntryChain& out) {
  if (is_being_purged(old)) return take_out(old, out);
  const bool is_held = !old.is_mark() && old.is_whole() && !entry.is_whole();
  if (!is_held) {
    if (!entry.is_whole()) entry.held_ = std::move(old.held_);
    return take_out(old, out);
  }
  unlink(old);
  old.place_ = Entry::Place::Held;
  entry.held_ = EntryPtr::adopt(&old);
}

void Shard::drop_held(Entry& entry, EntryChain& out) {
  if (entry.held_) out.add(entry.held_.release());
}

// Takes out what cannot stand beside it: the same variant, the mark of a key that has a response
// after all, the oldest of too many variants.
void Shard::make_place(const Entry& entry, EntryChain& out) {
  std::size_t variants = 0;
  Entry* oldest = nullptr;
  for_each_of(entries_.chain(entry.hash_), entry.key(), [&](Entry& other) {
    if (other.is_mark() || other.variant() == entry.variant()) {
      if (other.is_mark() || !entry.is_mark()) take_out(other, out);
      return;
    }
    ++variants;
    const bool is_older =
        oldest == nullptr || other.terms().response_time <= oldest->terms().response_time;
    if (is_older) oldest = &other;
  });
  if (!entry.is_mark() && variants >= variants_max_ && oldest != nullptr) take_out(*oldest, out);
}

Entry* Shard::same_variant(const Entry& entry) const {
  Entry* found = nullptr;
  for_each_of(entries_.chain(entry.hash_), entry.key(), [&found, &entry](Entry& other) {
    if (other.is_mark() == entry.is_mark() && other.variant() == entry.variant()) found = &other;
  });
  return found;
}

void Shard::unlink(Entry& entry) {
  replacement_.forget(entry);
  entries_.erase(entry);
  entries_by_url_.erase(entry);
  if (entry.is_mark()) --stats_.marks;
}

void Shard::take_out(Entry& entry, EntryChain& out) {
  unlink(entry);
  drop_held(entry, out);
  out.add(&entry);
}

void Shard::body_grew(const Body& body, std::uint64_t hash, std::size_t entry_max) {
  EntryChain out;
  const std::lock_guard lock(mutex_);
  for_each(entries_.chain(hash), [this, &body, entry_max, &out](Entry& entry) {
    if (entry.body_.get() != &body) return;
    entry.bytes_charged() > entry_max ? take_out(entry, out) : replacement_.recharge(entry);
  });
}

// What is whole needs nothing behind it any more; what was cut leaves its place to that.
void Shard::body_ended(const Body& body, std::uint64_t hash) {
  EntryChain out;
  const std::lock_guard lock(mutex_);
  const bool is_whole = body.state() == Body::State::Complete;
  for_each(entries_.chain(hash), [this, &body, is_whole, &out](Entry& entry) {
    if (entry.body_.get() != &body) return;
    is_whole ? drop_held(entry, out) : restore_held(entry, out);
  });
}

void Shard::remove_body(const Body& body, std::uint64_t hash) {
  EntryChain out;
  const std::lock_guard lock(mutex_);
  for_each(entries_.chain(hash), [this, &body, &out](Entry& entry) {
    if (entry.body_.get() == &body) take_out(entry, out);
  });
}

void Shard::restore_held(Entry& cut, EntryChain& out) {
  Entry* const whole = cut.held_.release();
  if (whole == nullptr) return take_out(cut, out);
  replacement_.admit(*whole, &cut);
  // Where that was: a purge that is under way must not have passed it by.
  UrlLists<Entry>::insert_behind(cut, *whole);
  take_out(cut, out);
  put(*whole);
}

void Shard::add_stats(StoreStats& stats) const {
  const std::lock_guard lock(mutex_);
  stats.entries += entries_.size() - stats_.marks;
  stats.marks += stats_.marks;
  stats.flights += flights_.size();
  stats.hits += stats_.hits;
  stats.misses += stats_.misses;
  stats.passes += stats_.passes;
  stats.joins += stats_.joins;
  stats.insertions += stats_.insertions;
  stats.evictions += stats_.evictions;
}

void Shard::audit(StoreStats& stats) const {
  const std::lock_guard lock(mutex_);
  for (std::size_t i = 0; i < entries_.buckets(); ++i) {
    for (const Entry* entry = entries_.bucket(i); entry != nullptr;
         entry = BucketTable<Entry>::next(*entry)) {
      ++(entry->is_mark() ? stats.marks : stats.entries);
      if (replacement_.charge_of(*entry) == entry->bytes_charged()) {
        stats.bytes += entry->bytes_charged();
      }
    }
  }
}

}  // namespace sluice::cache
