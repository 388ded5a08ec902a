// SPDX-License-Identifier: MIT
#include "benchmarks/micro/cache_load.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <string_view>

namespace sluice::bench {

namespace {

constexpr cache::AnyEntry kAny;
constexpr std::uint32_t kFirstScanned = 1U << 31;
constexpr std::string_view kPadding = "https://bench.example/objects/";

// Whole and fractional parts of powers of two are enough of a log-normal's shape: each doubling
// from 128 bytes on is half as likely as the one before.
std::size_t mixed_size(std::uint64_t bits) {
  const int doublings = std::min(std::countr_one(bits), 10);
  const std::size_t base = std::size_t{128} << doublings;
  return base + (bits >> 32) % base;
}

double unit(std::uint64_t bits) {
  return static_cast<double>(bits >> 11) * 0x1.0p-53;
}

}  // namespace

CacheLoad::CacheLoad(const LoadShape& shape, std::uint64_t seed) : shape_(shape), random_(seed) {
  double sum = 0;
  for (std::size_t rank = 1; rank <= shape.objects; ++rank) {
    sum += std::pow(static_cast<double>(rank), -shape.skew);
    shares_.push_back(sum);
    sizes_.push_back(shape.sizes == Sizes::Equal ? 2048 : mixed_size(random_()));
  }
}

std::uint64_t CacheLoad::pick_rank() {
  const double wanted = unit(random_()) * shares_.back();
  const auto found = std::upper_bound(shares_.begin(), shares_.end() - 1, wanted);
  return static_cast<std::uint64_t>(found - shares_.begin());
}

Request CacheLoad::next() {
  if (shape_.scans_percent > 0 && random_() % 100 < shape_.scans_percent) {
    const std::size_t size = shape_.sizes == Sizes::Equal ? 2048 : mixed_size(random_());
    return {kFirstScanned + scanned_++, size};
  }
  const std::uint64_t rank = pick_rank();
  return {static_cast<std::uint32_t>(rank), sizes_[rank]};
}

std::size_t CacheLoad::bytes() const {
  std::size_t sum = 0;
  for (std::uint32_t i = 0; i < sizes_.size(); ++i) sum += cost_of({i, sizes_[i]});
  return sum;
}

std::string key_text_of(const Request& request) {
  return std::string(kPadding) + std::to_string(request.object);
}

std::size_t cost_of(const Request& request) {
  static const std::size_t kHead = [] {
    cache::EntryParts parts;
    const std::string text = key_text_of({0, 0});
    parts.key.text = text;
    parts.body = cache::Body::of("x");
    return cache::Entry::create(parts)->bytes_charged() - 1;
  }();
  return kHead + request.size + std::to_string(request.object).size() - 1;
}

bool ExactLru::ask(const Request& request) {
  const auto found = known_.find(request.object);
  if (found != known_.end()) {
    order_.splice(order_.begin(), order_, found->second);
    return true;
  }
  order_.push_front(request);
  known_[request.object] = order_.begin();
  bytes_ += cost_of(request);
  while (bytes_ > capacity_) {
    bytes_ -= cost_of(order_.back());
    known_.erase(order_.back().object);
    order_.pop_back();
  }
  return false;
}

HitRatios compare_with_lru(const LoadShape& shape, std::size_t capacity, std::size_t requests,
                           std::uint64_t seed) {
  CacheLoad load(shape, seed);
  cache::StoreOptions options;
  options.capacity = capacity;
  options.shards = 8;
  options.hash_seed = seed;
  cache::Store store(options);
  ExactLru lru(capacity);
  std::size_t store_hits = 0;
  std::size_t lru_hits = 0;
  const std::string bytes(std::size_t{256} << 10, 'x');
  for (std::size_t i = 0; i < requests; ++i) {
    const Request request = load.next();
    if (lru.ask(request)) ++lru_hits;
    const std::string text = key_text_of(request);
    const cache::Key key = store.key(text);
    if (store.find(key, kAny, 0).kind == cache::Lookup::Kind::Hit) {
      ++store_hits;
      continue;
    }
    cache::EntryParts parts;
    parts.key = key;
    parts.body = cache::Body::of(std::string_view{bytes}.substr(0, request.size));
    store.insert(cache::Entry::create(parts));
  }
  const double all = static_cast<double>(requests);
  return {static_cast<double>(store_hits) / all, static_cast<double>(lru_hits) / all};
}

}  // namespace sluice::bench
