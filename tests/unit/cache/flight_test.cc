// SPDX-License-Identifier: MIT
#include "cache/flight.h"

#include <catch2/catch.hpp>
#include <string>
#include <thread>
#include <vector>

#include "cache/store.h"
#include "tests/support/cache_rig.h"
#include "tests/unit/cache/url.h"

namespace sluice::cache {
namespace {

using support::adds_up;
using support::has;
using support::kAny;
using support::make_entry;
using support::OneVariant;
using support::TestWaiter;
using Kind = Lookup::Kind;
using State = Flight::State;

Lookup look_up(Store& store, const Want& want = {}, std::string_view key = kUrl) {
  return store.look_up_or_lead(store.key(key), kAny, 0, want);
}

// A joined waiter, registered.
struct Waiting {
  explicit Waiting(Store& store, const Want& want = {})
      : lookup(look_up(store, want)), waiter(TestWaiter::create()) {
    REQUIRE(lookup.kind == Kind::Join);
    REQUIRE(lookup.join.wait(*waiter));
  }
  const Flight& flight() const { return lookup.join.flight(); }

  Lookup lookup;
  CountedPtr<TestWaiter> waiter;
};

}  // namespace

TEST_CASE("flight: of those who miss one leads, the others join", "[cache][flight]") {
  Store store({});
  Lookup first = look_up(store);
  CHECK(first.kind == Kind::Lead);
  CHECK(first.lead);
  CHECK(look_up(store).kind == Kind::Join);
  CHECK(look_up(store).kind == Kind::Join);
  CHECK(look_up(store, {}, kUrl + "x").kind == Kind::Lead);  // and ends at once, abandoned
  CHECK(store.stats().flights == 1);
  CHECK(store.stats().misses == 2);
  CHECK(store.stats().joins == 2);
}

TEST_CASE("flight: a published entry wakes all who wait, and is found by who comes",
          "[cache][flight]") {
  Store store({});
  Lookup first = look_up(store);
  const Waiting one(store);
  const Waiting two(store);
  CHECK(one.flight().state() == State::Fetching);
  BodyWriter writer(std::nullopt);
  const EntryPtr entry = make_entry(store, kUrl, writer.body());
  first.lead.publish(entry);
  CHECK_FALSE(first.lead);
  for (const Waiting* waiting : {&one, &two}) {
    CHECK(waiting->waiter->wakes() == 1);
    CHECK(waiting->flight().state() == State::Published);
    CHECK(waiting->flight().entry() == entry);
  }
  const Lookup later = look_up(store);
  CHECK(later.kind == Kind::Hit);
  CHECK(later.entry == entry);
  CHECK(later.entry->body()->state() == Body::State::Filling);
  CHECK(store.stats().flights == 0);
}

TEST_CASE("flight: who comes to wait after the end is told so", "[cache][flight]") {
  Store store({});
  Lookup first = look_up(store);
  Lookup second = look_up(store);
  first.lead.publish(make_entry(store, kUrl));
  const auto waiter = TestWaiter::create();
  CHECK_FALSE(second.join.wait(*waiter));
  CHECK(waiter->wakes() == 0);
}

TEST_CASE("flight: an uncacheable answer leaves a mark, so that nobody waits again",
          "[cache][flight]") {
  Store store({});
  Lookup first = look_up(store);
  const Waiting waiting(store);
  first.lead.uncacheable(100);
  CHECK(waiting.waiter->wakes() == 1);
  CHECK(waiting.flight().state() == State::Uncacheable);
  CHECK(store.look_up_or_lead(store.key(kUrl), kAny, 99).kind == Kind::Pass);
  CHECK(store.look_up_or_lead(store.key(kUrl), kAny, 100).kind == Kind::Lead);

  Lookup other = look_up(store, {}, kUrl + "x");
  other.lead.uncacheable(0);
  CHECK(look_up(store, {}, kUrl + "x").kind == Kind::Lead);  // no mark
  CHECK(store.stats().marks == 1);
}

TEST_CASE("flight: a failure tells those who wait why", "[cache][flight]") {
  Store store({});
  Lookup first = look_up(store);
  const Waiting waiting(store);
  first.lead.fail(17);
  first.lead.fail(18);
  CHECK(waiting.waiter->wakes() == 1);
  CHECK(waiting.flight().state() == State::Failed);
  CHECK(waiting.flight().code() == 17);
  CHECK(look_up(store).kind == Kind::Lead);
}

TEST_CASE("flight: a leader that goes away has failed it", "[cache][flight]") {
  Store store({});
  Lookup first = look_up(store);
  const Waiting waiting(store);
  {
    const Lead moved = std::move(first.lead);
    CHECK(waiting.flight().state() == State::Fetching);
  }
  CHECK(waiting.waiter->wakes() == 1);
  CHECK(waiting.flight().code() == Flight::kAbandoned);
  Lookup again = look_up(store);
  CHECK(again.kind == Kind::Lead);
  again.lead = Lead();  // the same by assignment
  CHECK(store.stats().flights == 0);
}

TEST_CASE("flight: who stopped waiting is not woken", "[cache][flight]") {
  Store store({});
  Lookup first = look_up(store);
  Waiting waiting(store);
  CHECK(waiting.lookup.join.stop_waiting(*waiting.waiter));
  CHECK_FALSE(waiting.lookup.join.stop_waiting(*waiting.waiter));
  first.lead.fail(1);
  CHECK(waiting.waiter->wakes() == 0);
}

TEST_CASE("flight: so many may wait, and places are given back", "[cache][flight]") {
  StoreOptions options;
  options.waiters_max = 3;
  Store store(options);
  const Lookup first = look_up(store);
  std::vector<Lookup> joined;
  for (int i = 0; i < 3; ++i) joined.push_back(look_up(store));
  CHECK(joined.back().kind == Kind::Join);
  CHECK(look_up(store).kind == Kind::TooManyWaiters);
  joined.pop_back();
  joined.push_back(look_up(store));
  CHECK(joined.back().kind == Kind::Join);
  joined.back().join.leave();
  joined.back().join.leave();
  joined.front().join = Join();
  joined.push_back(look_up(store));
  CHECK(joined.back().kind == Kind::Join);
  joined.push_back(look_up(store));
  CHECK(joined.back().kind == Kind::Join);
  CHECK(look_up(store).kind == Kind::TooManyWaiters);
}

TEST_CASE("flight: what is shown is for who joins, and for nobody else until it is published",
          "[cache][flight]") {
  const bool lands = GENERATE(true, false);
  Store store({});
  const EntryPtr stale = make_entry(store, kUrl);
  store.insert(stale);
  const Want wants_new{.stale = stale.get()};
  Lookup first = look_up(store, wants_new);
  Waiting before(store, wants_new);
  BodyWriter writer(std::nullopt);
  EntryParts parts;
  parts.key = store.key(kUrl);
  parts.terms.lifetime = 10;
  parts.body = writer.body();
  const EntryPtr fresh = Entry::create(parts);
  first.lead.show(fresh);
  CHECK(before.waiter->wakes() == 1);
  CHECK(before.flight().entry() == fresh);
  Lookup after = look_up(store, wants_new);
  REQUIRE(after.kind == Kind::Join);
  CHECK_FALSE(after.join.wait(*TestWaiter::create()));
  CHECK(after.join.flight().entry() == fresh);
  CHECK(look_up(store).entry == stale);
  if (lands) {
    writer.finish();
    first.lead.publish(fresh);
  } else {
    writer.fail();
    first.lead.fail(1);
  }
  CHECK(after.join.flight().state() == State::Published);
  CHECK(look_up(store).entry == (lands ? fresh : stale));
  CHECK(store.stats().flights == 0);
  CHECK(adds_up(store));
}

// It answered for as long as its body came, however long that took.
TEST_CASE("flight: what is shown is joined only as long as it may be used", "[cache][flight]") {
  const bool lasts = GENERATE(true, false);
  Store store({});
  const EntryPtr stale = make_entry(store, kUrl);
  store.insert(stale);
  const auto look_up_at = [&store, &stale](Time now) {
    return store.look_up_or_lead(store.key(kUrl), kAny, now, {.stale = stale.get()});
  };
  Lookup first = look_up_at(0);
  BodyWriter writer(std::nullopt);
  EntryParts parts;
  parts.key = store.key(kUrl);
  parts.terms.lifetime = 10;
  parts.terms.stale_while_revalidate = lasts ? 100 : 0;
  parts.body = writer.body();
  first.lead.show(Entry::create(parts));
  CHECK(look_up_at(9).kind == Kind::Join);
  CHECK(look_up_at(20).kind == (lasts ? Kind::Join : Kind::Lead));
}

TEST_CASE("flight: a stale entry is validated by one at a time", "[cache][flight]") {
  Store store({});
  const EntryPtr stale = make_entry(store, kUrl, {"a", "", 1});
  store.insert(stale);
  CHECK(look_up(store).kind == Kind::Hit);
  const Want want{stale.get(), 0};
  Lookup first = look_up(store, want);
  CHECK(first.kind == Kind::Lead);
  CHECK(look_up(store, want).kind == Kind::Join);
  CHECK(look_up(store).kind == Kind::Hit);  // others may still take it as it is
  // Who misses another variant does not wait for this one.
  const Lookup other = store.look_up_or_lead(store.key(kUrl), OneVariant("b"), 0);
  CHECK(other.kind == Kind::Lead);

  const EntryPtr fresh = make_entry(store, kUrl, stale->body(), {"a", "", 2});
  first.lead.publish_validated(fresh);
  const Lookup later = look_up(store, want);
  CHECK(later.kind == Kind::Hit);  // on another than that
  CHECK(later.entry == fresh);
  CHECK(store.stats().entries == 1);
}

TEST_CASE("flight: a validated entry takes the stale one's place, or an empty one",
          "[cache][flight]") {
  Store store({});
  const EntryPtr stale = make_entry(store, kUrl, {"a", "", 1});
  store.insert(stale);
  const Want want{stale.get(), 0};

  Lookup lookup = look_up(store, want);
  store.remove_entry(*stale);  // as an eviction does
  const EntryPtr fresh = make_entry(store, kUrl, stale->body(), {"a", "", 2});
  lookup.lead.publish_validated(fresh);
  CHECK(look_up(store).entry == fresh);

  lookup = look_up(store, {fresh.get(), 0});
  const EntryPtr newer = make_entry(store, kUrl, {"a", "", 9});
  store.insert(newer);
  lookup.lead.publish_validated(make_entry(store, kUrl, stale->body(), {"a", "", 3}));
  CHECK(look_up(store).entry == newer);
  CHECK(store.stats().entries == 1);

  lookup = look_up(store, {newer.get(), 0});
  lookup.lead.publish_validated(make_entry(store, kUrl, newer->body(), {"b", "", 10}));
  CHECK(look_up(store).entry->variant() == "b");  // it varies by something else now
  CHECK(store.stats().entries == 1);
  CHECK(adds_up(store));
}

TEST_CASE("flight: different variants are fetched side by side", "[cache][flight]") {
  Store store({});
  const Lookup unknown = look_up(store);
  const Lookup one = look_up(store, {nullptr, 111});
  const Lookup two = look_up(store, {nullptr, 222});
  CHECK(one.kind == Kind::Lead);
  CHECK(two.kind == Kind::Lead);
  CHECK(look_up(store, {nullptr, 111}).kind == Kind::Join);
  CHECK(look_up(store, {nullptr, 222}).kind == Kind::Join);
  CHECK(look_up(store).kind == Kind::Join);
  CHECK(store.stats().flights == 3);
}

TEST_CASE("flight: what is stored of a key tells by what those that are not stored vary",
          "[cache][flight]") {
  Store store({});
  const auto look_up_variant = [&store](std::string_view variant, const Want& want = {}) {
    return store.look_up_or_lead(store.key(kUrl), OneVariant(variant), 0, want);
  };
  const Lookup unknown = look_up_variant("a");
  CHECK(look_up_variant("b").kind == Kind::Join);
  store.insert(make_entry(store, kUrl, {"c"}));
  const Lookup one = look_up_variant("a");
  const Lookup two = look_up_variant("b");
  CHECK(one.kind == Kind::Lead);
  CHECK(two.kind == Kind::Lead);
  CHECK(look_up_variant("a").kind == Kind::Join);
  CHECK(look_up_variant("b").kind == Kind::Join);
  CHECK(look_up_variant("c").kind == Kind::Hit);
  CHECK(store.stats().flights == 3);
}

TEST_CASE("flight: an entry that is too large answers those who wait, and is not stored",
          "[cache][flight]") {
  StoreOptions options;
  options.capacity = 10'000;
  Store store(options);
  Lookup first = look_up(store);
  const Waiting waiting(store);
  first.lead.publish(support::make_sized(store, kUrl, 5000));
  CHECK(waiting.flight().state() == State::Published);
  CHECK_FALSE(has(store, kUrl));
  CHECK(store.stats().flights == 0);
}

TEST_CASE("flight: a URL that is purged while it is fetched stays purged", "[cache][flight]") {
  Store store({});
  Lookup first = look_up(store);
  const Waiting waiting(store);
  Lookup other = look_up(store, {}, kUrl + "x");
  store.purge({Purge::By::Url, kUrl});
  CHECK(first.lead.outdated());
  CHECK_FALSE(other.lead.outdated());
  Lookup second = look_up(store);
  CHECK(second.kind == Kind::Lead);  // nobody joins what is outdated
  first.lead.publish(make_entry(store, kUrl, Body::of("before")));
  CHECK(waiting.flight().state() == State::Published);
  CHECK_FALSE(has(store, kUrl));
  second.lead.publish(make_entry(store, kUrl, Body::of("after")));
  CHECK(support::text_of(look_up(store).entry->body()) == "after");
  other.lead.publish(make_entry(store, kUrl + "x"));
  CHECK(has(store, kUrl + "x"));
}

TEST_CASE("flight: of many threads that miss at once one leads, and all see what it brings",
          "[cache][flight][threads]") {
  for (int round = 0; round < 200; ++round) {
    Store store({});
    std::atomic<int> leads{0};
    std::atomic<int> answered{0};
    const auto ask = [&store, &leads, &answered] {
      Lookup lookup = look_up(store);
      if (lookup.kind == Kind::Lead) {
        ++leads;
        lookup.lead.publish(make_entry(store, kUrl));
        ++answered;
        return;
      }
      if (lookup.kind == Kind::Hit) ++answered;
      if (lookup.kind != Kind::Join) return;
      const auto waiter = TestWaiter::create();
      if (lookup.join.wait(*waiter) && !waiter->wait_for(1)) return;
      if (lookup.join.flight().state() == State::Published) ++answered;
    };
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) threads.emplace_back(ask);
    for (std::thread& thread : threads) thread.join();
    REQUIRE(leads == 1);
    REQUIRE(answered == 4);
  }
}

}  // namespace sluice::cache
