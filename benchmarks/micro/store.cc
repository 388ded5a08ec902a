// SPDX-License-Identifier: MIT
#include "cache/store.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string>
#include <thread>
#include <vector>

#include "benchmarks/micro/cache_load.h"
#include "benchmarks/micro/micro.h"

namespace sluice::bench {

namespace {

constexpr std::uint64_t kSeed = 1;

void print_hit_ratios() {
  constexpr std::size_t kObjects = 100'000;
  constexpr std::size_t kRequests = 1'000'000;
  std::printf("Hit ratios: %zu requests, %zu objects, a cache of a tenth of their bytes\n",
              kRequests, kObjects);
  std::printf("  zipf  sizes   asked once    store  exact LRU\n");
  for (const double skew : {1.0, 0.8}) {
    for (const Sizes sizes : {Sizes::Equal, Sizes::Mixed}) {
      for (const unsigned scans : {0U, 20U}) {
        const LoadShape shape{skew, kObjects, sizes, scans};
        const std::size_t capacity = CacheLoad(shape, kSeed).bytes() / 10;
        const HitRatios ratios = compare_with_lru(shape, capacity, kRequests, kSeed);
        std::printf("  %.1f   %s         %2u %%   %.4f     %.4f\n", skew,
                    sizes == Sizes::Equal ? "equal" : "mixed", scans, ratios.store, ratios.lru);
      }
    }
  }
}

// Each thread asks for all the keys; the keys are hashed anew each time, as for a request.
double lookup_ns(cache::Store& store, const std::vector<std::string>& keys, int threads) {
  using Clock = std::chrono::steady_clock;
  const auto ask_all = [&store, &keys] {
    for (const std::string& text : keys) store.find(store.key(text), cache::AnyEntry(), 0);
  };
  const Clock::time_point start = Clock::now();
  std::vector<std::thread> others;
  for (int i = 1; i < threads; ++i) others.emplace_back(ask_all);
  ask_all();
  for (std::thread& other : others) other.join();
  const double ns = std::chrono::duration<double, std::nano>(Clock::now() - start).count();
  return ns / static_cast<double>(keys.size());
}

void print_lookup_costs() {
  CacheLoad load({1.0, 50'000, Sizes::Equal, 0}, kSeed);
  cache::Store store({});
  std::vector<std::string> keys;
  keys.reserve(1'000'000);
  for (int i = 0; i < 1'000'000; ++i) keys.push_back(key_text_of(load.next()));
  for (const std::string& text : keys) {
    cache::EntryParts parts;
    parts.key = store.key(text);
    if (store.find(parts.key, cache::AnyEntry(), 0).kind == cache::Lookup::Kind::Hit) continue;
    store.insert(cache::Entry::create(parts));
  }
  std::printf("\nA look-up that hits, the best of 5 runs: %zu entries, zipf 1.0\n",
              store.stats().entries);
  for (const int threads : {1, 2}) {
    double best = lookup_ns(store, keys, threads);
    for (int run = 1; run < 5; ++run) best = std::min(best, lookup_ns(store, keys, threads));
    std::printf("  %d thread%s  %4.0f ns each\n", threads, threads == 1 ? " " : "s", best);
  }
}

}  // namespace

void measure_store() {
  print_hit_ratios();
  print_lookup_costs();
}

}  // namespace sluice::bench
