// SPDX-License-Identifier: MIT
// RouteSeries: what is counted of one route, by its name, so that a reload that keeps the name
// keeps the numbers. One cell per worker: whoever counts shares no cache line with another.
//
// Ownership: made and held by the Server's RouteRegistry, shared by the Snapshots that name it.
// Threading: count() is its worker's, total() anybody's; the registry is the control thread's.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/base/counter.h"

namespace sluice::observe {

// How answers are told apart: 1xx to 5xx, 499 for a client that left before the answer began, and
// whatever else a backend thinks of.
inline constexpr std::array<std::string_view, 7> kStatusNames{"other", "1xx", "2xx", "3xx",
                                                              "4xx",   "5xx", "499"};
std::size_t status_class(int status);  // index into kStatusNames

class RouteSeries {
 public:
  explicit RouteSeries(std::size_t workers) : cells_(workers) {}

  // REQUIRES: both in range; called by that worker alone.
  void count(std::size_t worker, std::size_t status) { cells_[worker].by_status[status].add(); }
  std::uint64_t total(std::size_t status) const;

 private:
  static constexpr std::size_t kCacheLine = 64;
  struct alignas(kCacheLine) Cell {
    std::array<Counter, kStatusNames.size()> by_status;
  };

  std::vector<Cell> cells_;
};

class RouteRegistry {
 public:
  explicit RouteRegistry(std::size_t workers) : workers_(workers) {}

  // Made if there is none yet. Never null.
  std::shared_ptr<RouteSeries> series(std::string_view name);
  // Forgets what no Snapshot refers to any more.
  void sweep();

  const std::map<std::string, std::shared_ptr<RouteSeries>, std::less<>>& all() const {
    return all_;
  }

 private:
  std::size_t workers_;
  std::map<std::string, std::shared_ptr<RouteSeries>, std::less<>> all_;
};

}  // namespace sluice::observe
