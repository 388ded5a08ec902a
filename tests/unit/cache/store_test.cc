// SPDX-License-Identifier: MIT
#include "cache/store.h"

#include <catch2/catch.hpp>
#include <string>

#include "tests/support/cache_rig.h"
#include "tests/unit/cache/url.h"

namespace sluice::cache {
namespace {

using support::adds_up;
using support::has;
using support::kAny;
using support::make_entry;
using support::make_sized;
using support::OneVariant;
using Kind = Lookup::Kind;

Lookup find(Store& store, std::string_view key, Time now = 0) {
  return store.find(store.key(key), kAny, now);
}

Lookup find_variant(Store& store, std::string_view key, std::string_view variant) {
  return store.find(store.key(key), OneVariant(variant), 0);
}

std::string variant_name(int i) {
  return "variant " + std::to_string(i);
}

}  // namespace

TEST_CASE("store: finds what was stored, and nothing else", "[cache][store]") {
  Store store({});
  CHECK(find(store, kUrl).kind == Kind::Miss);
  const EntryPtr entry = make_entry(store, kUrl);
  CHECK(store.insert(entry));
  const Lookup found = find(store, kUrl);
  CHECK(found.kind == Kind::Hit);
  CHECK(found.entry == entry);
  CHECK(find(store, kUrl + "x").kind == Kind::Miss);
  // The hash only finds: the text decides.
  CHECK(store.find({store.key(kUrl).hash, "https://b.example/"}, kAny, 0).kind == Kind::Miss);
  const StoreStats stats = store.stats();
  CHECK(stats.hits == 1);
  CHECK(stats.misses == 3);
  CHECK(stats.insertions == 1);
  CHECK(stats.entries == 1);
  CHECK(stats.bytes == entry->bytes_charged());
}

TEST_CASE("store: a response replaces that with the same key and variant", "[cache][store]") {
  Store store({});
  const EntryPtr first = make_entry(store, kUrl, {"gzip", "", 1});
  const EntryPtr other = make_entry(store, kUrl, {"br", "", 1});
  const EntryPtr second = make_entry(store, kUrl, {"gzip", "", 2});
  store.insert(first);
  store.insert(other);
  store.insert(second);
  CHECK(find_variant(store, kUrl, "gzip").entry == second);
  CHECK(find_variant(store, kUrl, "br").entry == other);
  CHECK(find_variant(store, kUrl, "").kind == Kind::Miss);
  CHECK(store.stats().entries == 2);
  CHECK(adds_up(store));
}

TEST_CASE("store: of several that match, the newest is found", "[cache][store]") {
  Store store({});
  store.insert(make_entry(store, kUrl, {"a", "", 10}));
  store.insert(make_entry(store, kUrl, {"b", "", 30}));
  store.insert(make_entry(store, kUrl, {"c", "", 20}));
  CHECK(find(store, kUrl).entry->variant() == "b");
  store.insert(make_entry(store, kUrl, {"d", "", 30}));
  CHECK(find(store, kUrl).entry->variant() == "d");  // as new, but came later
}

// RFC 9111 4 and 4.1.
TEST_CASE("store: of several that match, what is fresh, varies, and was made last is found",
          "[cache][store]") {
  struct One {
    const char* variant;
    Time made;  // by the origin
    Time lifetime;
    bool wins = false;
  };
  constexpr Time kAsked = 1000;
  const std::vector<std::vector<One>> rows = {
      {{"a", 900, 500}, {"b", 950, 500, true}, {"c", 800, 500}},
      {{"a", 900, 500, true}, {"b", 950, 10}},               // the newest is stale
      {{"a", 900, 50}, {"b", 950, 10, true}},                // both are
      {{"a", 900, 500, true}, {"", 950, 500}},               // the newest has no Vary
      {{"a", 900, 50}, {"", 950, 500, true}, {"b", 990, 5}}  // but the others are stale
  };
  for (std::size_t row = 0; row < rows.size(); ++row) {
    for (const bool backwards : {false, true}) {
      CAPTURE(row, backwards);
      Store store({});
      std::vector<One> all = rows[row];
      if (backwards) std::reverse(all.begin(), all.end());
      std::string winner;
      for (const One& one : all) {
        EntryParts parts;
        parts.key = store.key(kUrl);
        parts.variant = one.variant;
        // All came at once, with different ages.
        parts.terms.response_time = kAsked;
        parts.terms.initial_age = kAsked - one.made;
        parts.terms.lifetime = one.lifetime;
        parts.body = Body::of("body");
        REQUIRE(store.insert(Entry::create(parts)));
        if (one.wins) winner = one.variant;
      }
      CHECK(find(store, kUrl, kAsked).entry->variant() == winner);
    }
  }
}

TEST_CASE("store: a key has so many variants; the oldest goes", "[cache][store]") {
  Store store({});
  for (int i = 0; i < 32; ++i) {
    store.insert(make_entry(store, kUrl, {variant_name(i), "", 100 + (i + 5) % 32}));
  }
  CHECK(store.stats().entries == 32);
  store.insert(make_entry(store, kUrl, {variant_name(3), "", 200}));  // replaces: none goes
  CHECK(store.stats().entries == 32);
  store.insert(make_entry(store, kUrl, {"new", "", 200}));
  CHECK(store.stats().entries == 32);
  CHECK(find_variant(store, kUrl, variant_name(27)).kind == Kind::Miss);  // (27 + 5) % 32 == 0
  CHECK(find_variant(store, kUrl, variant_name(28)).kind == Kind::Hit);
  CHECK(find_variant(store, kUrl, "new").kind == Kind::Hit);
  CHECK(adds_up(store));
}

TEST_CASE("store: a mark says to pass until its time", "[cache][store]") {
  Store store({});
  store.mark_uncacheable(store.key(kUrl), 100);
  CHECK(find(store, kUrl, 99).kind == Kind::Pass);
  CHECK(find(store, kUrl, 100).kind == Kind::Miss);
  CHECK(find(store, kUrl + "x", 99).kind == Kind::Miss);
  store.mark_uncacheable(store.key(kUrl), 200);
  CHECK(store.stats().marks == 1);
  CHECK(store.stats().entries == 0);
  CHECK(find(store, kUrl, 199).kind == Kind::Pass);
  CHECK(adds_up(store));
}

TEST_CASE("store: a response takes the place of a mark; a mark none of a response's",
          "[cache][store]") {
  Store store({});
  store.mark_uncacheable(store.key(kUrl), 100);
  store.insert(make_entry(store, kUrl));
  CHECK(store.stats().marks == 0);
  CHECK(find(store, kUrl, 0).kind == Kind::Hit);
  store.mark_uncacheable(store.key(kUrl), 100);
  CHECK(store.stats().marks == 1);
  CHECK(find(store, kUrl, 0).kind == Kind::Hit);
  CHECK(find_variant(store, kUrl, "other").kind == Kind::Pass);
}

TEST_CASE("store: a purge by URL takes all variants and the mark of a key", "[cache][store]") {
  Store store({});
  store.insert(make_entry(store, kUrl, {"a"}));
  store.insert(make_entry(store, kUrl, {"b"}));
  store.mark_uncacheable(store.key(kUrl), 100);
  store.insert(make_entry(store, kUrl + "x"));
  CHECK(store.purge({Purge::By::Url, kUrl}).entries == 2);
  CHECK(find(store, kUrl).kind == Kind::Miss);
  CHECK(has(store, kUrl + "x"));
  CHECK(store.purge({Purge::By::Url, kUrl}).entries == 0);
  CHECK(store.purge({Purge::By::Url, kUrl + "x"}).entries == 1);
  CHECK(store.stats().bytes == 0);
  CHECK(adds_up(store));
}

TEST_CASE("store: remove_entry takes that one alone, once", "[cache][store]") {
  Store store({});
  const EntryPtr one = make_entry(store, kUrl, {"a"});
  store.insert(one);
  store.insert(make_entry(store, kUrl, {"b"}));
  CHECK(store.remove_entry(*one));
  CHECK_FALSE(store.remove_entry(*one));
  CHECK_FALSE(store.remove_entry(*make_entry(store, kUrl, {"b"})));  // never stored
  CHECK(store.stats().entries == 1);
}

TEST_CASE("store: an entry is stored once in its life", "[cache][store]") {
  Store store({});
  const EntryPtr entry = make_entry(store, kUrl);
  CHECK(store.insert(entry));
  CHECK_FALSE(store.insert(entry));
  store.remove_entry(*entry);
  CHECK_FALSE(store.insert(entry));
  CHECK(store.stats().entries == 0);
}

TEST_CASE("store: replace puts the new one where the old one is, or nowhere", "[cache][store]") {
  Store store({});
  const BodyPtr body = Body::of("body");
  const EntryPtr old = make_entry(store, kUrl, body, {"a", "", 1});
  store.insert(old);
  const EntryPtr fresh = make_entry(store, kUrl, body, {"a", "", 2});
  CHECK(store.replace(old, fresh));
  CHECK(find(store, kUrl).entry == fresh);
  CHECK(find(store, kUrl).entry->body() == body);
  CHECK(store.stats().bytes == fresh->bytes_charged());
  CHECK_FALSE(store.replace(old, make_entry(store, kUrl, body, {"a", "", 3})));
  CHECK(find(store, kUrl).entry == fresh);

  const EntryPtr varies = make_entry(store, kUrl, body, {"b", "", 4});
  CHECK(store.replace(fresh, varies));  // what it varies by may change
  CHECK(store.stats().entries == 1);
  CHECK(adds_up(store));
}

TEST_CASE("store: a removed entry is still readable", "[cache][store]") {
  EntryPtr entry;
  {
    Store store({});
    store.insert(make_entry(store, kUrl, Body::of("still here")));
    entry = find(store, kUrl).entry;
    store.purge({Purge::By::Url, kUrl});
    CHECK(support::text_of(entry->body()) == "still here");
    store.insert(make_entry(store, kUrl, Body::of("outlives")));
    entry = find(store, kUrl).entry;
  }
  CHECK(support::text_of(entry->body()) == "outlives");
}

TEST_CASE("store: what is larger than one entry may be is not stored", "[cache][store]") {
  StoreOptions options;
  options.capacity = 100'000;
  Store store(options);
  CHECK_FALSE(store.insert(make_sized(store, kUrl, 12'500)));
  CHECK(store.insert(make_sized(store, kUrl, 12'000)));
  BodyWriter announced(12'600);
  CHECK_FALSE(store.insert(make_entry(store, kUrl + "x", announced.body())));
  options.entry_max = 50'000;
  Store larger(options);
  CHECK(larger.insert(make_sized(larger, kUrl, 49'000)));
  CHECK_FALSE(larger.insert(make_sized(larger, kUrl, 50'000)));
}

TEST_CASE("store: with no capacity nothing is stored", "[cache][store]") {
  StoreOptions options;
  options.capacity = 0;
  Store store(options);
  CHECK_FALSE(store.insert(make_entry(store, kUrl)));
  store.mark_uncacheable(store.key(kUrl), 100);
  CHECK(find(store, kUrl).kind == Kind::Miss);
  CHECK(store.stats().bytes == 0);
}

TEST_CASE("store: what its counters say is what is there, down to nothing", "[cache][store]") {
  StoreOptions options;
  options.capacity = 300'000;
  Store store(options);
  for (int i = 0; i < 3000; ++i) {
    const std::string key = kUrl + std::to_string(i % 700);
    if (i % 11 == 0) store.mark_uncacheable(store.key(key), 10);
    if (i % 7 == 0) store.purge({Purge::By::Url, key});
    store.insert(make_sized(store, key, static_cast<std::size_t>(i % 97) * 10));
    REQUIRE(store.stats().bytes <= options.capacity);
  }
  CHECK(adds_up(store));
  CHECK(store.stats().evictions > 0);
  for (int i = 0; i < 700; ++i) store.purge({Purge::By::Url, kUrl + std::to_string(i)});
  CHECK(store.stats().bytes == 0);
  CHECK(store.stats().entries == 0);
  CHECK(store.stats().marks == 0);
}

}  // namespace sluice::cache
