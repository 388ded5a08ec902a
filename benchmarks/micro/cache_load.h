// SPDX-License-Identifier: MIT
// Loads for a cache, drawn from a fixed seed, and exact LRU to measure a Store against.
//
// Used by the tests and by benchmarks/micro; the same seed gives the same load everywhere (the
// generators of the standard library are specified to the bit, its distributions are not and are
// not used).
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <random>
#include <string>
#include <unordered_map>
#include <vector>

#include "cache/store.h"

namespace sluice::bench {

struct Request {
  std::uint32_t object = 0;
  std::size_t size = 0;  // of its body
};

enum class Sizes { Equal, Mixed };  // all 2 KiB; 128 bytes to 128 KiB, small ones more often

struct LoadShape {
  double skew = 1.0;  // zipf's s
  std::size_t objects = 20'000;
  Sizes sizes = Sizes::Equal;
  // Of 100 requests, how many are for an object that is asked for only once.
  unsigned scans_percent = 0;
};

class CacheLoad {
 public:
  CacheLoad(const LoadShape& shape, std::uint64_t seed);

  Request next();
  // Bytes that all objects take together in a Store, without those of scans.
  std::size_t bytes() const;

 private:
  std::uint64_t pick_rank();

  const LoadShape shape_;
  std::mt19937_64 random_;
  std::vector<double> shares_;  // cumulated, by rank
  std::vector<std::size_t> sizes_;
  std::uint32_t scanned_ = 0;
};

std::size_t cost_of(const Request& request);
std::string key_text_of(const Request& request);

// By bytes, with the costs that the Store charges.
class ExactLru {
 public:
  explicit ExactLru(std::size_t capacity) : capacity_(capacity) {}

  bool ask(const Request& request);  // true: a hit

 private:
  using Order = std::list<Request>;

  const std::size_t capacity_;
  std::size_t bytes_ = 0;
  Order order_;  // the latest first
  std::unordered_map<std::uint32_t, Order::iterator> known_;
};

struct HitRatios {
  double store = 0;
  double lru = 0;
};

// The same requests to both; what misses is stored.
HitRatios compare_with_lru(const LoadShape& shape, std::size_t capacity, std::size_t requests,
                           std::uint64_t seed);

}  // namespace sluice::bench
