// SPDX-License-Identifier: MIT
// The Store and bodies that grow or fail while they are stored.
#include <catch2/catch.hpp>
#include <string>

#include "cache/store.h"
#include "tests/support/cache_rig.h"
#include "tests/unit/cache/url.h"

namespace sluice::cache {
namespace {

using support::adds_up;
using support::has;
using support::make_entry;
using support::make_sized;

StoreOptions of_capacity(std::size_t bytes) {
  StoreOptions options;
  options.capacity = bytes;
  return options;
}

}  // namespace

TEST_CASE("store: a body is charged as it grows", "[cache][store][body]") {
  Store store({});
  BodyWriter writer(std::nullopt);
  const EntryPtr entry = make_entry(store, kUrl, writer.body());
  store.insert(entry);
  std::size_t before = store.stats().bytes;
  for (int i = 0; i < 5; ++i) {
    writer.append(std::string(50'000, 'x'));
    CHECK(store.stats().bytes >= before + 40'000);
    CHECK(store.stats().bytes == entry->bytes_charged());
    before = store.stats().bytes;
  }
  CHECK(writer.finish());
  CHECK(adds_up(store));
  store.purge({Purge::By::Url, kUrl});
  CHECK(store.stats().bytes == 0);
}

TEST_CASE("store: growing bodies evict others", "[cache][store][body]") {
  Store store(of_capacity(1 << 20));
  for (int i = 0; i < 100; ++i) {
    store.insert(make_sized(store, kUrl + std::to_string(i), 10'000));
  }
  const std::size_t before = store.stats().entries;
  BodyWriter writer(std::nullopt);
  store.insert(make_entry(store, kUrl + "growing", writer.body()));
  for (int i = 0; i < 12; ++i) {
    writer.append(std::string(10'000, 'x'));
    REQUIRE(store.stats().bytes <= store.capacity());
  }
  CHECK(store.stats().entries < before);
  CHECK(store.stats().evictions > 0);
  CHECK(adds_up(store));
}

TEST_CASE("store: a body that outgrows what an entry may be is not kept, and goes on",
          "[cache][store][body]") {
  Store store(of_capacity(1 << 20));
  BodyWriter writer(std::nullopt);
  const BodyPtr body = writer.body();
  CHECK(store.insert(make_entry(store, kUrl, body)));
  const std::string bytes(200'000, 'x');
  CHECK(writer.append(bytes));
  CHECK_FALSE(has(store, kUrl));
  CHECK(store.stats().bytes == 0);
  CHECK(writer.append(bytes));
  CHECK(writer.finish());
  CHECK(support::text_of(body).size() == 400'000);
}

TEST_CASE("store: a body that fails takes its entry out", "[cache][store][body]") {
  Store store({});
  BodyWriter writer(std::nullopt);
  store.insert(make_entry(store, kUrl, writer.body(), {"a"}));
  store.insert(make_entry(store, kUrl, Body::of("other"), {"b"}));
  writer.append("half");
  writer.fail();
  CHECK(store.stats().entries == 1);
  CHECK(store.find(store.key(kUrl), support::OneVariant("a"), 0).kind == Lookup::Kind::Miss);

  BodyWriter shorter(10);
  store.insert(make_entry(store, kUrl, shorter.body(), {"c"}));
  shorter.append("half");
  CHECK_FALSE(shorter.finish());
  CHECK(store.stats().entries == 1);
  CHECK(adds_up(store));
}

TEST_CASE("store: a body that has failed already is not stored", "[cache][store][body]") {
  Store store({});
  BodyWriter writer(std::nullopt);
  const EntryPtr entry = make_entry(store, kUrl, writer.body());
  writer.fail();
  CHECK_FALSE(store.insert(entry));
  CHECK(store.stats().entries == 0);
}

TEST_CASE("store: what was evicted while it filled is read to its end, and no longer charged",
          "[cache][store][body]") {
  Store store(of_capacity(200'000));
  BodyWriter writer(std::nullopt);
  const EntryPtr entry = make_entry(store, kUrl, writer.body());
  store.insert(entry);
  writer.append("before, ");
  for (int i = 0; i < 100; ++i) {
    store.insert(make_sized(store, kUrl + std::to_string(i), 10'000));
  }
  CHECK_FALSE(has(store, kUrl));
  const std::size_t bytes = store.stats().bytes;
  writer.append(std::string(100'000, 'x'));
  writer.append("after");
  CHECK(writer.finish());
  CHECK(store.stats().bytes == bytes);
  const std::string text = support::text_of(entry->body());
  CHECK(text.starts_with("before, xxx"));
  CHECK(text.ends_with("xafter"));
}

TEST_CASE("store: two responses with one filling body, of which one takes the other's place",
          "[cache][store][body]") {
  Store store({});
  BodyWriter writer(std::nullopt);
  const EntryPtr old = make_entry(store, kUrl, writer.body(), {"", "", 1});
  store.insert(old);
  const EntryPtr fresh = make_entry(store, kUrl, writer.body(), {"", "", 2});
  CHECK(store.replace(old, fresh));
  writer.append(std::string(100'000, 'x'));
  CHECK(store.stats().bytes == fresh->bytes_charged());
  writer.fail();
  CHECK(store.stats().entries == 0);
  CHECK(store.stats().bytes == 0);
}

TEST_CASE("store: bodies under way have as much room as those that are stored", "[cache][store]") {
  constexpr std::size_t kCapacity = std::size_t{1} << 20;
  StoreOptions options;
  options.capacity = kCapacity;
  Store store(options);
  CHECK(store.has_room_for(2 * kCapacity));
  CHECK_FALSE(store.has_room_for(2 * kCapacity + 1));
  {
    // Of an announced length all counts at once, of others what has come.
    BodyWriter announced = store.new_body(kCapacity);
    CHECK(store.has_room_for(kCapacity));
    CHECK_FALSE(store.has_room_for(kCapacity + 1));
    announced.append("some");
    CHECK(store.has_room_for(kCapacity));
    BodyWriter other = store.new_body(std::nullopt);
    CHECK(store.has_room_for(kCapacity));
    other.append(std::string(100'000, 'x'));
    CHECK_FALSE(store.has_room_for(kCapacity - 100'000 + 1));
    const BodyPtr read = other.body();
    other.fail();
    CHECK_FALSE(store.has_room_for(kCapacity - 100'000 + 1));
    announced.fail();
    CHECK(store.has_room_for(2 * kCapacity - 110'000));
  }
  CHECK(store.has_room_for(2 * kCapacity));
  {
    BodyWriter cut = store.new_body(kCapacity);
    cut.append("some");
    const BodyPtr read = cut.body();
    cut.fail();
    CHECK(store.has_room_for(2 * kCapacity - 4));
    CHECK_FALSE(store.has_room_for(2 * kCapacity - 3));
  }
  CHECK(store.has_room_for(2 * kCapacity));
  BodyWriter last = store.new_body(kCapacity * 2);
  store.set_capacity(kCapacity / 2);
  CHECK_FALSE(store.has_room_for(0));
}

// Whose body took longer is whole later.
TEST_CASE("store: a response that came earlier does not take the place of a later one",
          "[cache][store][regression]") {
  Store store((StoreOptions()));
  // Whatever the clock says.
  const EntryPtr earlier = make_entry(store, kUrl, Body::of("earlier"), {"", "", 2000});
  const EntryPtr later = make_entry(store, kUrl, Body::of("later"), {"", "", 1000});
  CHECK(store.insert(later));
  CHECK_FALSE(store.insert(earlier));
  const Lookup found = store.find(store.key(kUrl), AnyEntry(), 0);
  REQUIRE(found.kind == Lookup::Kind::Hit);
  CHECK(found.entry == later);
  CHECK(store.insert(make_entry(store, kUrl, Body::of("latest"))));
}

}  // namespace sluice::cache
