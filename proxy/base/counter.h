// SPDX-License-Identifier: MIT
// Counter: a number that one thread changes and every thread may read, at the price of an ordinary
// variable: no lock, and no locked instruction, because nobody else writes.
#pragma once

#include <atomic>
#include <cstdint>

namespace sluice {

class Counter {
 public:
  Counter() = default;
  Counter(const Counter&) = delete;
  Counter& operator=(const Counter&) = delete;

  // The one writer's.
  void add(std::uint64_t count = 1) noexcept { set(value() + count); }
  void subtract(std::uint64_t count = 1) noexcept { set(value() - count); }

  // Any thread's. Counters that belong together may be read at different moments of a request.
  std::uint64_t value() const noexcept { return value_.load(std::memory_order_relaxed); }

 private:
  void set(std::uint64_t value) noexcept { value_.store(value, std::memory_order_relaxed); }

  std::atomic<std::uint64_t> value_{0};
};

}  // namespace sluice
