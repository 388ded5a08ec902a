// SPDX-License-Identifier: MIT
// The Store under several threads at once: what must hold whatever they do.
#include <atomic>
#include <catch2/catch.hpp>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "cache/store.h"
#include "tests/support/cache_rig.h"

namespace sluice::cache {
namespace {

using support::kAny;
using support::make_entry;
using Kind = Lookup::Kind;

constexpr int kOperations = 6000;  // of each thread
constexpr std::uint64_t kKeyCount = 300;

std::string url_of_key(std::uint64_t i) {
  return "https://h" + std::to_string(i % 3) + ".example/" + std::to_string(i);
}

// Says which key it belongs to, so that an entry under a wrong key, or with bytes that were freed,
// is seen.
std::string body_of(std::uint64_t i, std::size_t size) {
  std::string bytes = url_of_key(i) + "|";
  while (bytes.size() < size) bytes += bytes;
  return bytes;
}

class Actor {
 public:
  Actor(Store& store, std::uint64_t seed, std::atomic<int>& wrong)
      : store_(store), random_(seed), wrong_(wrong) {}

  void act() {
    const std::uint64_t i = random_() % kKeyCount;
    const std::string text = url_of_key(i);
    const Key key = store_.key(text);
    switch (random_() % 16) {
      case 0:
        store_.insert(make_entry(store_, text + "\nmobile", made()));
        return;
      case 1:
        store_.mark_uncacheable(key, 10);
        return;
      case 2:
        store_.insert(make_entry(store_, text, Body::of(body_of(i, random_() % 3000)), made()));
        return;
      case 3:
        return purge(text);
      case 4:
        return replace(i, key);
      default:
        return look_up(i, key);
    }
  }

 private:
  support::Made made() {
    static constexpr std::string_view kVariants[] = {"", "gzip", "br"};
    return {kVariants[random_() % 3], "tag", static_cast<Time>(random_() % 100)};
  }

  void purge(std::string_view text) {
    const bool soft = random_() % 2 == 0;
    const std::uint64_t which = random_() % 64;
    if (which == 0) {
      store_.purge({Purge::By::Host, "h1.example", soft});
    } else if (which == 1) {
      store_.purge({Purge::By::Tag, "tag", soft});
    } else {
      store_.purge({Purge::By::Url, text, soft});
    }
  }

  void replace(std::uint64_t i, const Key& key) {
    const Lookup found = store_.find(key, kAny, 0);
    if (found.kind != Kind::Hit) return;
    check(i, *found.entry);
    store_.replace(found.entry, make_entry(store_, key.text, found.entry->body(), made()));
  }

  void look_up(std::uint64_t i, const Key& key) {
    Lookup lookup = store_.look_up_or_lead(key, kAny, 20);
    if (lookup.kind == Kind::Hit) check(i, *lookup.entry);
    if (lookup.kind == Kind::Lead) fetch(i, lookup.lead);
    if (lookup.kind != Kind::Join) return;
    const auto waiter = support::TestWaiter::create();
    if (lookup.join.wait(*waiter) && !waiter->wait_for(1)) ++wrong_;
    const Flight& flight = lookup.join.flight();
    if (flight.state() == Flight::State::Fetching) ++wrong_;
    if (flight.state() == Flight::State::Published) check(i, *flight.entry());
  }

  void fetch(std::uint64_t i, Lead& lead) {
    const std::uint64_t how = random_() % 8;
    if (how == 0) return lead.uncacheable(30);
    if (how == 1) return;  // abandoned
    BodyWriter writer(std::nullopt);
    lead.publish(make_entry(store_, url_of_key(i), writer.body(), made()));
    const std::string bytes = body_of(i, random_() % 9000);
    for (std::size_t at = 0; at < bytes.size(); at += 700) {
      writer.append(std::string_view{bytes}.substr(at, 700));
    }
    if (how != 2) writer.finish();  // else it fails
  }

  // The body may still be filling, or have failed: what is there has to be right.
  void check(std::uint64_t i, const Entry& entry) {
    if (entry.key_text() != url_of_key(i)) ++wrong_;
    const std::string expected = url_of_key(i) + "|";
    const std::string text = support::text_of(entry.body());
    for (std::size_t at = 0; at < text.size(); ++at) {
      if (text[at] == expected[at % expected.size()]) continue;
      ++wrong_;
      return;
    }
  }

  Store& store_;
  std::mt19937_64 random_;
  std::atomic<int>& wrong_;
};

}  // namespace

TEST_CASE("store: four threads that do everything at once leave it in order",
          "[cache][store][threads]") {
  StoreOptions options;
  options.capacity = 200'000;  // far less than all keys take
  options.shards = 2;
  Store store(options);
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    threads.emplace_back([&store, &wrong, seed] {
      Actor actor(store, seed, wrong);
      for (int i = 0; i < kOperations; ++i) actor.act();
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(wrong == 0);
  const StoreStats stats = store.stats();
  CHECK(stats.bytes <= stats.capacity);
  CHECK(stats.flights == 0);
  CHECK(stats.hits > 0);
  CHECK(stats.evictions > 0);
  CHECK(support::adds_up(store));
  store.purge({Purge::By::All, "", false});
  CHECK(store.stats().bytes == 0);
  CHECK(store.stats().entries == 0);
  CHECK(store.stats().marks == 0);
}

TEST_CASE("store: capacity may change while others store", "[cache][store][threads]") {
  StoreOptions options;
  options.capacity = 200'000;
  Store store(options);
  std::vector<std::thread> threads;
  for (std::uint64_t seed = 0; seed < 3; ++seed) {
    threads.emplace_back([&store, seed] {
      for (std::uint64_t i = 0; i < 3000; ++i) {
        store.insert(support::make_sized(store, url_of_key(seed * 3000 + i), 500));
      }
    });
  }
  for (std::size_t i = 0; i < 200; ++i) store.set_capacity(i % 2 == 0 ? 50'000 : 300'000);
  for (std::thread& thread : threads) thread.join();
  store.set_capacity(20'000);
  CHECK(store.stats().bytes <= 20'000);
  CHECK(support::adds_up(store));
}

}  // namespace sluice::cache
