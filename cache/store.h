// SPDX-License-Identifier: MIT
// Store: all stored responses of the process, by key, within so many bytes.
//
// Finding takes one short mutex, of the key's shard, and allocates nothing. What has to go is
// chosen by one Replacement for all shards, which only those who store wait for.
//
// A response whose body is still to come takes the place of the whole one that was there, which is
// kept behind it: if the body is cut, the whole one is found again. Purges reach both.
//
// Threading: every method may be called by any thread. Locks are taken in this order, and none but
// the first two is held while another is taken:
//   1. a shard's mutex (never two shards at once)
//   2. the replacement's mutex
//   3. a waiter list's mutex, of a Body or Flight, with no other held
// Waiters are woken, and entries freed, with no lock held. Time is an argument.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "cache/body.h"
#include "cache/entry.h"
#include "cache/flight.h"
#include "cache/key.h"
#include "cache/policy.h"

namespace sluice::cache {

class Replacement;
class Shard;

// Which of a key's responses fit a request. Called under a shard's mutex: must be cheap (but for
// variant_like(), of those who miss), and must not call the Store.
class Selector {
 public:
  virtual bool matches(const Entry& entry) const = 0;
  // Want::variant of what would answer the request, if that varies by the same as this response of
  // its key, which does not fit.
  virtual std::uint64_t variant_like(const Entry& /*other*/) const { return 0; }

 protected:
  ~Selector() = default;
};

class AnyEntry final : public Selector {
 public:
  bool matches(const Entry&) const override { return true; }
};

// What a look-up may join.
struct Want {
  // A hit on this entry is not good enough: lead or join its validation.
  const Entry* stale = nullptr;
  // The variant that is expected, as a hash of the caller's; 0 where nothing is known of it: then
  // the selector is asked, if another response of the key is stored. Only flights that were led
  // with the same are joined. Who joined a flight whose entry did not fit knows from it what
  // responses vary by, and says so here, so that different variants are fetched side by side and
  // not one after the other.
  std::uint64_t variant = 0;
  // Off: nobody's request, and none of the statistics' hits, misses, passes and joins.
  bool counted = true;
};

struct Lookup {
  enum class Kind : std::uint8_t {
    Miss,            // find() only
    Hit,             // entry
    Pass,            // marked uncacheable: fetch without a flight
    Lead,            // lead
    Join,            // join
    TooManyWaiters,  // there is a flight to join, but it is full
  };
  Kind kind = Kind::Miss;
  EntryPtr entry;
  Lead lead;
  Join join;
};

// What to purge. Texts are compared byte by byte, in what url_of(), host_of() and tags() make of a
// stored key.
struct Purge {
  enum class By : std::uint8_t {
    Url,     // the URL is this text, whatever extras follow it
    Prefix,  // the URL begins with this text
    Host,    // of any scheme and port
    Tag,     // a whole token of the Cache-Tag
    All,
  };
  By by = By::Url;
  std::string_view text;
  bool soft = false;  // marked stale, and kept for validation
};

struct PurgeReport {
  std::size_t entries = 0;       // purged
  std::size_t flights = 0;       // outdated
  std::size_t buckets = 0;       // looked into
  std::size_t longest_hold = 0;  // the most of them under one lock; by URL, of entries
};

// How far a purge by URL has come.
struct PurgeCursor {
  EntryPtr last;          // that was looked at and stayed; none: it begins
  std::size_t lists = 0;  // so many the shard had then: with more, the order is another
  // The shard's, of a hard one that takes more steps than one: what was stored before it. 0: none.
  std::uint64_t under_way = 0;
};

struct StoreOptions {
  std::size_t capacity = std::size_t{256} << 20;  // bytes
  std::size_t entry_max = 0;               // bytes of one entry; 0: an eighth of the capacity
  std::size_t shards = 0;                  // 0: by the number of cores
  std::size_t variants_max = 32;           // per key; the oldest goes
  std::size_t waiters_max = 10'000;        // per flight
  std::optional<std::uint64_t> hash_seed;  // for tests; none: random
};

struct StoreStats {
  std::size_t entries = 0;
  std::size_t marks = 0;
  std::size_t bytes = 0;
  std::size_t capacity = 0;
  std::size_t flights = 0;  // under way
  std::uint64_t hits = 0;
  std::uint64_t misses = 0;
  std::uint64_t passes = 0;
  std::uint64_t joins = 0;
  std::uint64_t insertions = 0;
  std::uint64_t evictions = 0;
};

class Store final : private BodyAccount {
 public:
  static constexpr std::size_t kPurgeBatch = 256;  // buckets, or entries of a URL, under one lock

  explicit Store(const StoreOptions& options);
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;
  // REQUIRES: no Lead, Join or BodyWriter of a stored body is left. Entries may be.
  ~Store();

  Key key(std::string_view text) const { return hasher_.key(text); }

  // Hit, Pass or Miss. Of several responses that match, one that is fresh, then one
  // that says what it varies by, then the newest. `counted`: as Want has it.
  Lookup find(const Key& key, const Selector& selector, Time now, bool counted = true);
  // Hit, Pass, Lead, Join or TooManyWaiters: look-up and coalescing as one step, so that of all who
  // miss at once exactly one leads.
  Lookup look_up_or_lead(const Key& key, const Selector& selector, Time now, const Want& want = {});

  // How often anything was purged that the key may stand for. Whoever fetches without
  // a flight reads it before, for insert() and replace().
  std::uint64_t purges(const Key& key) const;
  // Stores without a flight, instead of the entry with the same key and variant. False where it is
  // too large, its body has failed, it was stored before (an Entry is stored once in its life), a
  // response that came later is in its place, or a purge came since `purges_before`.
  bool insert(const EntryPtr& entry, std::optional<std::uint64_t> purges_before = {});
  void mark_uncacheable(const Key& key, Time until);
  // Puts `fresh`, of the same key, where `old` is; false, and nothing happens, where that is no
  // longer stored or a purge came since `purges_before`.
  bool replace(const EntryPtr& old, const EntryPtr& fresh,
               std::optional<std::uint64_t> purges_before = {});
  // This entry, and what stands behind it; false where it is no longer stored.
  bool remove_entry(const Entry& entry);
  // Whatever has that body, likewise.
  void remove_body(const Body& body, const Key& key);

  // By URL it goes to what that URL has, for any thread to do at any time; else it walks all
  // shards, kPurgeBatch buckets under one lock. What is stored while it walks is not missed where
  // it was fetched earlier, as flights are told first. A hard one takes marks out, too.
  PurgeReport purge(const Purge& purge);
  // A step of a purge by URL, for who has other things to do: looks at kPurgeBatch entries at most,
  // or at all that are left where that at `cursor` has gone meanwhile. True: there may be more.
  bool purge_step(const Purge& purge, PurgeCursor& cursor, PurgeReport& report);

  // For a response that may be stored.
  BodyWriter new_body(std::optional<std::uint64_t> announced) const {
    return BodyWriter(announced, bodies_);
  }
  // Likewise, of one that is there as a whole.
  BodyPtr body_of(std::string_view bytes) const { return Body::of(bytes, bodies_); }
  // Whether so many bytes more may come: bodies that are under way, to slow clients, or from which
  // slow clients still read what was evicted, may hold as much again as those that are stored.
  bool has_room_for(std::uint64_t bytes) const;

  // Evicts down to it.
  void set_capacity(std::size_t bytes);
  std::size_t capacity() const noexcept;
  StoreStats stats() const;

  // Counts anew, under the locks, what stats() knows from counters. For tests: slow.
  StoreStats audit() const;

 private:
  friend class Lead;

  Shard& shard_of(std::uint64_t hash) const;
  std::size_t entry_max() const;
  bool fits(const Entry& entry) const;
  void make_room();
  void publish(Flight& flight, const EntryPtr& entry, bool validated);
  void end_uncacheable(Flight& flight, Time until);
  void end_failed(Flight& flight, int code);
  void body_grew(const Body& body, std::uint64_t key_hash) override;
  void body_ended(const Body& body, std::uint64_t key_hash) override;

  const KeyHasher hasher_;
  const StoreOptions options_;
  const BodyMemoryPtr bodies_ = BodyMemory::create();
  std::unique_ptr<Replacement> replacement_;
  std::vector<std::unique_ptr<Shard>> shards_;
};

}  // namespace sluice::cache
