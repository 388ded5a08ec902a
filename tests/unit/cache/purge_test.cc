// SPDX-License-Identifier: MIT
#include <catch2/catch.hpp>
#include <string>

#include "cache/store.h"
#include "tests/support/cache_rig.h"

namespace sluice::cache {
namespace {

using support::adds_up;
using support::has;
using support::kAny;
using support::make_entry;
using By = Purge::By;
using Kind = Lookup::Kind;

constexpr std::string_view kKeys[] = {
    "https://a.example/",         "https://a.example/shop/1",   "https://a.example/shop/1\nmobile",
    "https://a.example/shop/1?x", "https://a.example/shopping", "http://a.example:8080/shop/1",
    "https://b.example/shop/1",   "https://aa.example/"};

void fill(Store& store) {
  for (const std::string_view key : kKeys) store.insert(make_entry(store, key));
}

// The keys that are gone (or, softly, marked stale), as digits.
std::string purged(const Purge& purge) {
  Store store({});
  fill(store);
  const std::size_t count = store.purge(purge).entries;
  std::string gone;
  for (std::size_t i = 0; i < std::size(kKeys); ++i) {
    const Lookup lookup = store.find(store.key(kKeys[i]), kAny, 0);
    const bool is_gone = purge.soft ? lookup.entry->marked_stale() : lookup.kind == Kind::Miss;
    if (is_gone) gone += std::to_string(i);
  }
  return gone.size() == count && adds_up(store) ? gone : gone + " but another count";
}

Lookup lead(Store& store, std::string_view key, const Want& want = {}) {
  return store.look_up_or_lead(store.key(key), kAny, 0, want);
}

}  // namespace

TEST_CASE("purge: what a URL, a prefix and a host match", "[cache][purge]") {
  for (const bool soft : {false, true}) {
    CAPTURE(soft);
    CHECK(purged({By::Url, "https://a.example/shop/1", soft}) == "12");
    CHECK(purged({By::Url, "https://a.example/", soft}) == "0");
    CHECK(purged({By::Url, "https://a.example", soft}).empty());
    CHECK(purged({By::Url, "https://a.example/shop/1\nmobile", soft}).empty());
    CHECK(purged({By::Prefix, "https://a.example/shop", soft}) == "1234");
    CHECK(purged({By::Prefix, "https://a.example/shop/1\nmobile", soft}).empty());
    CHECK(purged({By::Prefix, "", soft}) == "01234567");
    CHECK(purged({By::Host, "a.example", soft}) == "012345");
    CHECK(purged({By::Host, "a.example:8080", soft}).empty());
    CHECK(purged({By::Host, "", soft}).empty());
    CHECK(purged({By::Tag, "a", soft}).empty());
    CHECK(purged({By::All, "", soft}) == "01234567");
  }
}

TEST_CASE("purge: by tag takes all with that token", "[cache][purge]") {
  Store store({});
  store.insert(make_entry(store, "https://a.example/1", {"", "news sport"}));
  store.insert(make_entry(store, "https://b.example/2", {"", "sport"}));
  store.insert(make_entry(store, "https://a.example/3", {"", "sports"}));
  CHECK(store.purge({By::Tag, "sport", false}).entries == 2);
  CHECK(store.stats().entries == 1);
  CHECK(has(store, "https://a.example/3"));
}

TEST_CASE("purge: a hard one takes marks too, and counts responses alone", "[cache][purge]") {
  Store store({});
  store.mark_uncacheable(store.key("https://a.example/"), 100);
  CHECK(store.purge({By::Host, "a.example", true}).entries == 0);
  CHECK(store.stats().marks == 1);
  CHECK(store.purge({By::Host, "a.example", false}).entries == 0);
  CHECK(store.stats().marks == 0);
  CHECK(store.stats().bytes == 0);
}

TEST_CASE("purge: a URL has all its keys found, and no bucket walked", "[cache][purge]") {
  Store store({});
  constexpr std::size_t kKeysOfUrl = 3 * Store::kPurgeBatch;
  const std::string url = "https://a.example/7";
  for (std::size_t i = 0; i < kKeysOfUrl; ++i) {
    const std::string number = std::to_string(i);
    store.insert(make_entry(store, url + "\n" + number));
    store.insert(make_entry(store, url + number + "\nmobile"));
  }
  Lookup leading = lead(store, url + "\nnew");
  CHECK(store.purge({By::Url, url, true}).entries == kKeysOfUrl);
  const PurgeReport report = store.purge({By::Url, url});
  CHECK(report.entries == kKeysOfUrl);
  CHECK(report.buckets == 0);
  CHECK(leading.lead.outdated());
  CHECK(store.stats().entries == kKeysOfUrl);
  CHECK(adds_up(store));
}

TEST_CASE("purge: what was being fetched is not stored, and answers who waited",
          "[cache][purge][flight]") {
  const std::string url = "https://a.example/x";
  for (const Purge& purge : {Purge{By::Url, url, false}, Purge{By::Prefix, "https://a.ex", false},
                             Purge{By::Host, "a.example", false}, Purge{By::Tag, "t", false},
                             Purge{By::All, "", false}}) {
    Store store({});
    Lookup leading = lead(store, url);
    const Lookup joined = lead(store, url);
    CHECK(store.purge(purge).flights == 1);
    CHECK(leading.lead.outdated());
    CHECK(lead(store, url).kind == Kind::Lead);
    leading.lead.publish(make_entry(store, url, {"", "t"}));
    CHECK(joined.join.flight().state() == Flight::State::Published);
    CHECK_FALSE(has(store, url));
  }
}

TEST_CASE("purge: a soft one stores what was being fetched as stale", "[cache][purge][flight]") {
  const std::string url = "https://a.example/x";
  Store store({});
  Lookup leading = lead(store, url);
  Lookup other = lead(store, "https://b.example/");
  CHECK(store.purge({By::Host, "a.example", true}).flights == 1);
  leading.lead.publish(make_entry(store, url));
  other.lead.publish(make_entry(store, "https://b.example/"));
  CHECK(lead(store, url).entry->marked_stale());
  CHECK_FALSE(lead(store, "https://b.example/").entry->marked_stale());

  leading = lead(store, "https://a.example/y");
  store.purge({By::Host, "a.example", false});
  store.purge({By::Host, "a.example", true});  // the harder one holds
  leading.lead.publish(make_entry(store, "https://a.example/y"));
  CHECK_FALSE(has(store, "https://a.example/y"));
}

TEST_CASE("purge: a validation under way does not bring back what was purged",
          "[cache][purge][flight]") {
  const std::string url = "https://a.example/x";
  for (const bool soft : {false, true}) {
    Store store({});
    const EntryPtr stale = make_entry(store, url);
    store.insert(stale);
    Lookup leading = lead(store, url, {stale.get(), 0});
    CHECK(store.purge({By::Url, url, soft}).entries == 1);
    leading.lead.publish_validated(make_entry(store, url, stale->body()));
    const Lookup found = store.find(store.key(url), kAny, 0);
    CHECK(found.kind == (soft ? Kind::Hit : Kind::Miss));
    if (soft) CHECK(found.entry->marked_stale());
  }
}

TEST_CASE("purge: what was fetched without a flight before a purge is not stored after it",
          "[cache][purge]") {
  const std::string url = "https://a.example/x";
  const Purge purges[] = {{By::Url, url, false},          {By::Prefix, "https://a.", true},
                          {By::Host, "a.example", false}, {By::Tag, "tag", false},
                          {By::Tag, "tag", true},         {By::All, "", false}};
  for (const Purge& purge : purges) {
    CAPTURE(static_cast<int>(purge.by), purge.soft);
    Store store({});
    const Key key = store.key(url);
    const EntryPtr old = make_entry(store, url);
    store.insert(old);
    const std::uint64_t before = store.purges(key);
    store.purge(purge);
    CHECK_FALSE(store.insert(make_entry(store, url, {"other"}), before));
    CHECK_FALSE(store.replace(old, make_entry(store, url), before));
    CHECK(store.insert(make_entry(store, url), store.purges(key)));
  }
}

TEST_CASE("purge: a URL's does not touch what is fetched of another", "[cache][purge]") {
  StoreOptions options;
  options.hash_seed = 1;
  Store store(options);
  const Key key = store.key("https://a.example/x\nmobile");
  const std::uint64_t before = store.purges(key);
  store.purge({By::Url, "https://a.example/y"});
  CHECK(store.insert(make_entry(store, key.text), before));
  store.purge({By::Url, "https://a.example/x"});
  CHECK_FALSE(store.insert(make_entry(store, key.text), before));
  CHECK(store.insert(make_entry(store, key.text), store.purges(key)));
}

TEST_CASE("purge: a URL with many keys is purged a batch at a time", "[cache][purge]") {
  StoreOptions options;
  options.shards = 1;
  Store store(options);
  const std::string url = "https://a.example/";
  constexpr std::size_t kEntries = 2000;
  for (std::size_t i = 0; i < kEntries; ++i) {
    store.insert(make_entry(store, url + "\n" + std::to_string(i)));
  }
  REQUIRE(store.stats().entries == kEntries);
  for (const bool soft : {true, false}) {
    CAPTURE(soft);
    const PurgeReport report = store.purge({By::Url, url, soft});
    CHECK(report.entries == kEntries);
    CHECK(report.longest_hold == Store::kPurgeBatch);
    const Lookup first = store.find(store.key(url + "\n0"), kAny, 0);
    if (soft) CHECK(first.entry->marked_stale());
  }
  CHECK(store.stats().entries == 0);
  CHECK(adds_up(store));
}

// The client whose request had changed the resource got what was before, until the last step.
TEST_CASE("purge: a hard one by URL holds from its first step on", "[cache][purge][regression]") {
  StoreOptions options;
  options.shards = 1;
  Store store(options);
  const std::string url = "https://a.example/";
  constexpr std::size_t kEntries = 2000;
  const auto key = [&url](std::size_t i) { return url + "\n" + std::to_string(i); };
  const auto found = [&] {
    std::size_t count = 0;
    for (std::size_t i = 0; i < kEntries; ++i) count += has(store, key(i));
    return count;
  };
  for (std::size_t i = 0; i < kEntries; ++i) store.insert(make_entry(store, key(i)));
  store.insert(make_entry(store, url + "other"));
  const Purge purge{By::Url, url};
  PurgeCursor cursor;
  PurgeCursor other;
  PurgeReport report;
  REQUIRE(store.purge_step(purge, cursor, report));
  CHECK(found() == 0);
  CHECK(has(store, url + "other"));
  REQUIRE(store.purge_step(purge, other, report));
  store.insert(make_entry(store, key(1)));
  CHECK(found() == 1);  // of what came behind both
  while (store.purge_step(purge, cursor, report)) CHECK(found() <= 1);
  while (store.purge_step(purge, other, report)) CHECK(found() <= 1);
  CHECK(store.stats().entries <= 2);
  store.insert(make_entry(store, key(1)));
  CHECK(found() == 1);
  CHECK(adds_up(store));
}

TEST_CASE("purge: a step by URL whose last entry has gone, or whose lists have grown, misses none",
          "[cache][purge]") {
  StoreOptions options;
  options.shards = 1;
  options.capacity = std::size_t{1} << 20;
  Store store(options);
  const std::string url = "https://a.example/";
  constexpr std::size_t kEntries = 1000;
  for (std::size_t i = 0; i < kEntries; ++i) {
    store.insert(make_entry(store, url + "\n" + std::to_string(i)));
  }
  const bool grows = GENERATE(false, true);
  CAPTURE(grows);
  const Purge purge{By::Url, url, true};
  PurgeCursor cursor;
  PurgeReport report;
  REQUIRE(store.purge_step(purge, cursor, report));
  REQUIRE(cursor.last);
  if (grows) {
    store.set_capacity(std::size_t{1} << 30);
  } else {
    REQUIRE(store.remove_entry(*cursor.last));
  }
  CHECK_FALSE(store.purge_step(purge, cursor, report));
  CHECK(report.entries == kEntries);
  for (std::size_t i = 0; i < kEntries; ++i) {
    const Lookup found = store.find(store.key(url + "\n" + std::to_string(i)), kAny, 0);
    if (found.entry) CHECK(found.entry->marked_stale());
  }
}

TEST_CASE("purge: a tag on 100,000 entries holds no lock for longer than a batch",
          "[cache][purge]") {
  StoreOptions options;
  options.shards = 2;
  Store store(options);
  constexpr int kEntries = 100'000;
  for (int i = 0; i < kEntries; ++i) {
    store.insert(make_entry(store, "https://a.example/" + std::to_string(i),
                            {"", i % 2 == 0 ? "even all" : "odd all"}));
  }
  REQUIRE(store.stats().entries == kEntries);
  PurgeReport report = store.purge({By::Tag, "even", false});
  CHECK(report.entries == kEntries / 2);
  CHECK(report.buckets >= kEntries);
  CHECK(report.longest_hold == Store::kPurgeBatch);
  CHECK(store.stats().entries == kEntries / 2);
  report = store.purge({By::Tag, "all", false});
  CHECK(report.entries == kEntries / 2);
  CHECK(report.longest_hold == Store::kPurgeBatch);
  CHECK(store.stats().bytes == 0);
}

}  // namespace sluice::cache
