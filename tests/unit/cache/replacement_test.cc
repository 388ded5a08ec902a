// SPDX-License-Identifier: MIT
// What goes and what stays, seen through the Store.
#include "cache/replacement.h"

#include <catch2/catch.hpp>
#include <string>

#include "benchmarks/micro/cache_load.h"
#include "cache/store.h"

#include "tests/support/cache_rig.h"

namespace sluice::cache {
namespace {

using support::adds_up;
using support::has;
using support::make_sized;

constexpr std::size_t kBody = 1000;

StoreOptions small_store() {
  StoreOptions options;
  options.capacity = 200'000;  // some 140 entries
  options.hash_seed = 1;
  return options;
}

std::string url(int i) {
  return "https://a.example/" + std::to_string(i);
}

void store_many(Store& store, int first, int count) {
  for (int i = first; i < first + count; ++i) store.insert(make_sized(store, url(i), kBody));
}

int count_stored(Store& store, int first, int count) {
  int stored = 0;
  for (int i = first; i < first + count; ++i) stored += has(store, url(i)) ? 1 : 0;
  return stored;
}

}  // namespace

TEST_CASE("replacement: evicts by bytes, oldest first", "[cache][replacement]") {
  Store store(small_store());
  store_many(store, 0, 1000);
  const StoreStats stats = store.stats();
  CHECK(stats.bytes <= stats.capacity);
  CHECK(stats.bytes > stats.capacity - 2000);
  CHECK(stats.entries + stats.evictions == 1000);
  CHECK(has(store, url(999)));
  CHECK_FALSE(has(store, url(0)));
  CHECK(adds_up(store));
}

TEST_CASE("replacement: a hit keeps an entry where the others go", "[cache][replacement]") {
  Store store(small_store());
  store_many(store, 0, 20);
  CHECK(has(store, url(3)));
  store_many(store, 20, 300);
  CHECK(has(store, url(3)));
  CHECK(count_stored(store, 0, 20) == 1);
}

TEST_CASE("replacement: who comes back soon after it went gets a better place",
          "[cache][replacement]") {
  Store store(small_store());
  store_many(store, 0, 200);
  REQUIRE_FALSE(has(store, url(50)));
  store.insert(make_sized(store, url(50), kBody));
  store.insert(make_sized(store, url(100'000), kBody));  // its like, but never seen before
  store_many(store, 1000, 300);
  CHECK(has(store, url(50)));
  CHECK_FALSE(has(store, url(100'000)));
}

TEST_CASE("replacement: a scan larger than the cache does not evict what is hot",
          "[cache][replacement]") {
  Store store(small_store());
  constexpr int kHot = 60;
  store_many(store, 0, kHot);
  CHECK(count_stored(store, 0, kHot) == kHot);
  store_many(store, 1000, 1500);  // ten times the cache
  CHECK(count_stored(store, 0, kHot) == kHot);
}

TEST_CASE("replacement: what was hot once goes when it is not asked for any more",
          "[cache][replacement]") {
  Store store(small_store());
  store_many(store, 0, 100);
  for (int hits = 0; hits < 10; ++hits) count_stored(store, 0, 100);
  for (int round = 0; round < 10; ++round) {
    store_many(store, 1000, 100);
    count_stored(store, 1000, 100);
  }
  CHECK(count_stored(store, 0, 100) < 50);
  CHECK(count_stored(store, 1000, 100) > 80);
}

TEST_CASE("replacement: one large object does not flush what is hot", "[cache][replacement]") {
  Store store(small_store());
  constexpr int kHot = 60;
  store_many(store, 0, kHot);
  CHECK(count_stored(store, 0, kHot) == kHot);
  store_many(store, 1000, 300);
  for (int i = 0; i < 50; ++i) store.insert(make_sized(store, url(5000 + i), 24'000));
  CHECK(count_stored(store, 0, kHot) == kHot);
}

TEST_CASE("replacement: what takes another's place has its merits", "[cache][replacement]") {
  Store store(small_store());
  store_many(store, 0, 20);
  CHECK(has(store, url(3)));
  store.insert(make_sized(store, url(3), kBody));
  store.insert(make_sized(store, url(4), kBody));  // never hit
  store_many(store, 1000, 300);
  CHECK(has(store, url(3)));
  CHECK_FALSE(has(store, url(4)));
}

TEST_CASE("replacement: what takes another's place stays in its queue", "[cache][replacement]") {
  Store store(small_store());
  store_many(store, 0, 20);
  CHECK(has(store, url(3)));
  store_many(store, 1000, 300);  // which the hit has outlived, and was used up by
  store.insert(make_sized(store, url(3), kBody));
  store_many(store, 2000, 300);
  CHECK(has(store, url(3)));
}

TEST_CASE("replacement: everything hot still leaves room for what is new", "[cache][replacement]") {
  Store store(small_store());
  for (int i = 0; i < 2000; ++i) {
    store.insert(make_sized(store, url(i), kBody));
    for (int hits = 0; hits < 5; ++hits) REQUIRE(has(store, url(i)));
    REQUIRE(store.stats().bytes <= store.capacity());
  }
  CHECK(adds_up(store));
}

TEST_CASE("replacement: a smaller capacity evicts down to it", "[cache][replacement]") {
  StoreOptions options = small_store();
  options.capacity = 10'000'000;
  Store store(options);
  store_many(store, 0, 5000);
  CHECK(count_stored(store, 0, 5000) == 5000);
  store.set_capacity(100'000);
  CHECK(store.capacity() == 100'000);
  CHECK(store.stats().capacity == 100'000);
  CHECK(store.stats().bytes <= 100'000);
  CHECK(store.stats().entries > 50);
  CHECK(adds_up(store));
  store.set_capacity(0);
  CHECK(store.stats().bytes == 0);
  CHECK(store.stats().entries == 0);
  store.set_capacity(1'000'000);
  CHECK(store.insert(make_sized(store, url(1), 100'000)));
}

TEST_CASE("replacement: takes no more than it is asked for", "[cache][replacement]") {
  const KeyHasher hasher(1);
  Replacement replacement(1 << 20);
  std::vector<EntryPtr> entries;
  for (int i = 0; i < 1000; ++i) {
    EntryParts parts;
    const std::string text = url(i);
    parts.key = hasher.key(text);
    entries.push_back(Entry::create(parts));
    replacement.admit(*entries.back(), nullptr);
    for (int hits = 0; hits < 9; ++hits) Replacement::note_hit(*entries.back());
  }
  CHECK(replacement.queued() == 1000);
  CHECK(replacement.charge_of(*entries[0]) == entries[0]->bytes_charged());
  EntryPtr victims[8];
  CHECK(replacement.take_victims(victims, false) == 0);  // all fit
  replacement.set_capacity(1000);
  CHECK(replacement.take_victims(victims, false) == 0);  // looked at kSteps, all of them hit
  CHECK(replacement.queued() == 1000);
  CHECK(replacement.take_victims(victims, true) == 8);
  CHECK(replacement.queued() == 992);
  CHECK(replacement.charge_of(*victims[0]) == 0);
  replacement.forget(*victims[0]);  // is out already
  for (const EntryPtr& entry : entries) replacement.forget(*entry);
  CHECK(replacement.queued() == 0);
  CHECK(replacement.bytes() == 0);
}

TEST_CASE("replacement: hits at least as often as exact LRU", "[cache][replacement]") {
  using bench::Sizes;
  for (const double skew : {1.0, 0.8}) {
    for (const Sizes sizes : {Sizes::Equal, Sizes::Mixed}) {
      for (const unsigned scans : {0U, 20U}) {
        const bench::LoadShape shape{skew, 5000, sizes, scans};
        const std::size_t capacity = bench::CacheLoad(shape, 1).bytes() / 10;
        const bench::HitRatios ratios = bench::compare_with_lru(shape, capacity, 60'000, 1);
        CAPTURE(skew, static_cast<int>(sizes), scans);
        CHECK(ratios.store >= ratios.lru);
        CHECK(ratios.lru > 0.2);
      }
    }
  }
}

}  // namespace sluice::cache
