// SPDX-License-Identifier: MIT
// The Store and what stands behind a response that is still coming.
#include <catch2/catch.hpp>
#include <string>

#include "cache/store.h"
#include "tests/support/cache_rig.h"
#include "tests/unit/cache/url.h"

namespace sluice::cache {
namespace {

using support::adds_up;
using support::make_entry;

// A whole response, and another that is coming in its place.
struct Rig {
  Rig() {
    REQUIRE(store.insert(whole));
    REQUIRE(store.insert(coming));
    REQUIRE(found() == coming);
  }
  ~Rig() { CHECK(adds_up(store)); }

  EntryPtr found() { return store.find(store.key(kUrl), support::kAny, 0).entry; }

  Store store{StoreOptions()};
  const EntryPtr whole = make_entry(store, kUrl, {"", "old"});
  BodyWriter writer{std::nullopt};
  const EntryPtr coming = make_entry(store, kUrl, writer.body(), {"", "new"});
};

}  // namespace

TEST_CASE("store: what is cut leaves its place to what was there", "[cache][store]") {
  Rig rig;
  rig.writer.append("half");
  rig.writer.fail();
  CHECK(rig.found() == rig.whole);
  CHECK(rig.store.stats().entries == 1);
  CHECK(rig.store.stats().bytes == rig.whole->bytes_charged());
}

TEST_CASE("store: what is whole needs nothing behind it", "[cache][store]") {
  Rig rig;
  rig.writer.append("all");
  rig.writer.finish();
  CHECK(rig.found() == rig.coming);
  rig.store.remove_entry(*rig.coming);
  CHECK_FALSE(rig.found());
}

TEST_CASE("store: behind several that are coming stands what is whole", "[cache][store]") {
  const bool first_ends_first = GENERATE(true, false);
  Rig rig;
  BodyWriter second(std::nullopt);
  REQUIRE(rig.store.insert(make_entry(rig.store, kUrl, second.body())));
  (first_ends_first ? rig.writer : second).fail();
  CHECK(rig.found() != rig.coming);
  (first_ends_first ? second : rig.writer).fail();
  CHECK(rig.found() == rig.whole);
}

TEST_CASE("store: what became whole meanwhile is what stands there again", "[cache][store]") {
  Rig rig;
  const EntryPtr other = make_entry(rig.store, kUrl);
  REQUIRE(rig.store.insert(other));
  BodyWriter last(std::nullopt);
  REQUIRE(rig.store.insert(make_entry(rig.store, kUrl, last.body())));
  rig.writer.fail();
  last.fail();
  CHECK(rig.found() == other);
}

TEST_CASE("store: one freshened while it comes has the same behind it", "[cache][store]") {
  const bool is_cut = GENERATE(true, false);
  Rig rig;
  const EntryPtr fresh = make_entry(rig.store, kUrl, rig.writer.body());
  REQUIRE(rig.store.replace(rig.coming, fresh));
  is_cut ? rig.writer.fail() : static_cast<void>(rig.writer.finish());
  CHECK(rig.found() == (is_cut ? rig.whole : fresh));
}

TEST_CASE("store: what a flight brings does not replace what was fetched later", "[cache][store]") {
  Store store{StoreOptions()};
  const EntryPtr stale = make_entry(store, kUrl);
  REQUIRE(store.insert(stale));
  const bool validated = GENERATE(true, false);
  Lookup led = store.look_up_or_lead(store.key(kUrl), support::kAny, 0, {.stale = stale.get()});
  REQUIRE(led.kind == Lookup::Kind::Lead);
  const EntryPtr flown = make_entry(store, kUrl);
  const EntryPtr later = make_entry(store, kUrl);
  REQUIRE(store.insert(later));
  validated ? led.lead.publish_validated(flown) : led.lead.publish(flown);
  CHECK(store.find(store.key(kUrl), support::kAny, 0).entry == later);
}

TEST_CASE("store: with a body all that has it goes, and what stands behind", "[cache][store]") {
  Rig rig;
  const EntryPtr fresh = make_entry(rig.store, kUrl, rig.writer.body());
  REQUIRE(rig.store.replace(rig.coming, fresh));
  rig.store.remove_body(*rig.writer.body(), rig.store.key(kUrl));
  rig.writer.fail();
  CHECK_FALSE(rig.found());
}

TEST_CASE("store: what is removed or pushed out behind another does not come back",
          "[cache][store]") {
  SECTION("itself") {
    Rig rig;
    CHECK(rig.store.remove_entry(*rig.whole));
    CHECK(rig.found() == rig.coming);
    rig.writer.fail();
    CHECK_FALSE(rig.found());
  }
  SECTION("with what stands before it") {
    Rig rig;
    CHECK(rig.store.remove_entry(*rig.coming));
    rig.writer.fail();
    CHECK_FALSE(rig.found());
  }
  SECTION("for want of room") {
    Rig rig;
    rig.store.set_capacity(1);
    CHECK_FALSE(rig.found());
    rig.writer.fail();
    CHECK_FALSE(rig.found());
  }
}

// What was restored came to stand at the head of its URL's entries, where the purge had been.
TEST_CASE("store: a purge in steps reaches what stands again between two of them",
          "[cache][store][purge][regression]") {
  StoreOptions options;
  options.shards = 1;
  Store store(options);
  constexpr std::size_t kOthers = 1000;  // more than a step looks at
  const EntryPtr whole = make_entry(store, kUrl, {"", "old"});
  REQUIRE(store.insert(whole));
  BodyWriter writer(std::nullopt);
  REQUIRE(store.insert(make_entry(store, kUrl, writer.body(), {"", "new"})));
  for (std::size_t i = 0; i < kOthers; ++i) {
    REQUIRE(store.insert(make_entry(store, kUrl + "\n" + std::to_string(i))));
  }
  // A soft purge leaves its cursor at what it has looked at last.
  const Purge purge{Purge::By::Url, kUrl, true};
  PurgeCursor cursor;
  PurgeReport report;
  REQUIRE(store.purge_step(purge, cursor, report));
  writer.fail();
  REQUIRE(store.find(store.key(kUrl), support::kAny, 0).entry == whole);
  while (store.purge_step(purge, cursor, report)) {
  }
  CHECK(whole->marked_stale());
}

// It came to stand behind what was stored meanwhile, where the purge did not find it.
TEST_CASE("store: a purge in steps is not undone by what is cut after it",
          "[cache][store][purge][regression]") {
  StoreOptions options;
  options.shards = 1;
  options.capacity = std::size_t{1} << 20;
  Store store(options);
  constexpr std::size_t kLists = 128;  // of that capacity
  const auto list_of = [&store](const std::string& url) {
    return (store.key(url).hash >> 32) % kLists;
  };
  std::string other;  // in the same list, so that the purge stops at one that stays
  for (int i = 0; other.empty() || list_of(other) != list_of(kUrl); ++i) {
    other = "https://b.example/" + std::to_string(i);
  }
  const EntryPtr old = make_entry(store, kUrl, {"", "old"});
  REQUIRE(store.insert(old));
  for (std::size_t i = 0; i < Store::kPurgeBatch + 10; ++i) {
    REQUIRE(store.insert(make_entry(store, other + "\n" + std::to_string(i))));
  }
  const Purge purge{Purge::By::Url, kUrl};
  PurgeCursor cursor;
  PurgeReport report;
  REQUIRE(store.purge_step(purge, cursor, report));
  BodyWriter writer(std::nullopt);
  REQUIRE(store.insert(make_entry(store, kUrl, writer.body(), {"", "new"})));
  while (store.purge_step(purge, cursor, report)) {
  }
  writer.fail();
  CHECK_FALSE(store.find(store.key(kUrl), support::kAny, 0).entry);
  CHECK(adds_up(store));
}

TEST_CASE("store: a purge reaches what stands behind another", "[cache][store][purge]") {
  struct Row {
    Purge purge;
    bool takes_coming;
  };
  const Row rows[] = {{{Purge::By::Url, kUrl}, true},
                      {{Purge::By::Prefix, "https://a"}, true},
                      {{Purge::By::Host, "a.example"}, true},
                      {{Purge::By::Tag, "new"}, true},
                      {{Purge::By::Tag, "old"}, false}};
  for (Row row : rows) {
    CAPTURE(row.purge.text);
    {
      Rig rig;
      rig.store.purge(row.purge);
      CHECK(static_cast<bool>(rig.found()) != row.takes_coming);
      rig.writer.fail();
      CHECK_FALSE(rig.found());
    }
    Rig rig;
    row.purge.soft = true;
    rig.store.purge(row.purge);
    CHECK(rig.coming->marked_stale() == row.takes_coming);
    rig.writer.fail();
    CHECK(rig.found() == rig.whole);
    CHECK(rig.whole->marked_stale());
  }
  Rig rig;
  rig.store.purge({Purge::By::Tag, "other"});
  rig.writer.fail();
  CHECK(rig.found() == rig.whole);
  CHECK_FALSE(rig.whole->marked_stale());
}

}  // namespace sluice::cache
