// SPDX-License-Identifier: MIT
// What many requests pass: the cache's store, the limiter, an address list; of few entries, and of
// so many that each look-up goes to memory.
#include <benchmark/benchmark.h>

#include <array>
#include <chrono>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "cache/store.h"
#include "proxy/access/ip_list.h"
#include "proxy/access/rate_limit.h"

namespace sluice::bench {

namespace {

using benchmark::DoNotOptimize;
using benchmark::State;

constexpr std::size_t kAsked = 1 << 20;

std::vector<IpAddress> random_addresses(std::size_t distinct) {
  std::mt19937 random(1);
  std::vector<IpAddress> addresses;
  addresses.reserve(kAsked);
  for (std::size_t i = 0; i < kAsked; ++i) {
    const auto number = i < distinct ? random() : 0;
    const std::array<std::uint8_t, 4> bytes{
        static_cast<std::uint8_t>(number >> 24), static_cast<std::uint8_t>(number >> 16),
        static_cast<std::uint8_t>(number >> 8), static_cast<std::uint8_t>(number)};
    addresses.push_back(i < distinct ? IpAddress::from_v4(bytes) : addresses[i % distinct]);
  }
  return addresses;
}

void look_up_in_cache(State& state) {
  const auto entries = static_cast<std::size_t>(state.range(0));
  cache::Store store({});
  std::vector<std::string> keys;
  for (std::size_t i = 0; i < entries; ++i) {
    keys.push_back("http://www.example.com/assets/" + std::to_string(i) + "\n");
    cache::EntryParts parts;
    parts.key = store.key(keys.back());
    store.insert(cache::Entry::create(parts));
  }
  std::size_t at = 0;
  for (auto _ : state) {
    DoNotOptimize(store.find(store.key(keys[at]), cache::AnyEntry(), 0).kind);
    at = (at + 7919) % entries;
  }
}

void check_limit(State& state) {
  const std::vector<IpAddress> clients = random_addresses(static_cast<std::size_t>(state.range(0)));
  const auto table = access::IpTable::create(2'000'000);
  access::RateRule rule;
  rule.quota = {100, std::chrono::seconds(1), 200, 1, 0};
  const access::RateLimit limit("bench", rule, **table);
  access::Time now = access::Time::clock::now();
  std::size_t at = 0;
  for (auto _ : state) {
    DoNotOptimize(limit.check(clients[at++ % kAsked], now));
    now += std::chrono::microseconds(1);
  }
}

void look_up_in_list(State& state) {
  const std::vector<IpAddress> addresses = random_addresses(kAsked);
  access::ListSource source{"list", false, access::Listed::Deny, {}};
  for (std::uint32_t i = 0; i < state.range(0); ++i) {
    source.entries.push_back({{addresses[i], 128}, i});
  }
  const auto list = access::IpList::build(std::vector{source});
  std::size_t at = 0;
  for (auto _ : state) DoNotOptimize(list->find(addresses[at++ % kAsked]));
}

BENCHMARK(look_up_in_cache)->Arg(1)->Arg(50'000);
BENCHMARK(check_limit)->Arg(1)->Arg(1'000'000);
BENCHMARK(look_up_in_list)->Arg(1)->Arg(1'000'000);

}  // namespace

}  // namespace sluice::bench
