// SPDX-License-Identifier: MIT
// Backend: one address of one pool, with what all workers must know of it together: the number of
// requests in flight and its health.
//
// Ownership: made and held by the Server's BackendRegistry, shared by the Snapshots that name it,
// so a reload keeps the counts. Threading: every method may be called by any thread.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include "balancer/health.h"

namespace sluice::balancer {

// Separates what one worker writes from what another reads. 64 on every machine we run on;
// std::hardware_destructive_interference_size is missing from clang 14.
inline constexpr std::size_t kCacheLine = 64;

class Backend {
 public:
  explicit Backend(std::string address) : address_(std::move(address)) {}
  Backend(const Backend&) = delete;
  Backend& operator=(const Backend&) = delete;

  // "10.0.0.1:80", "[::1]:80" or "unix:/path": numeric, but mere text here.
  const std::string& address() const noexcept { return address_; }

  // Requests on it now, of all workers. Another worker may change it at once.
  std::uint32_t in_flight() const noexcept {
    return shared_.in_flight.load(std::memory_order_relaxed);
  }

  // Leases ever taken, so attempts to serve a request; and those of them that failed by its fault.
  std::uint64_t requests() const noexcept {
    return shared_.requests.load(std::memory_order_relaxed);
  }
  std::uint64_t failures() const noexcept {
    return shared_.failures.load(std::memory_order_relaxed);
  }
  void count_failure() noexcept { shared_.failures.fetch_add(1, std::memory_order_relaxed); }

  Health& health() noexcept { return shared_.health; }
  const Health& health() const noexcept { return shared_.health; }

 private:
  friend class Lease;  // the only one who counts

  // Every pick reads both and every request writes the first: one line, away from the address.
  struct alignas(kCacheLine) Shared {
    std::atomic<std::uint32_t> in_flight{0};
    Health health;
    std::atomic<std::uint64_t> requests{0};
    std::atomic<std::uint64_t> failures{0};
  };

  const std::string address_;
  Shared shared_;
};

}  // namespace sluice::balancer
