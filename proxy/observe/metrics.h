// SPDX-License-Identifier: MIT
// Metrics: what one worker counts of exchanges when they end. No lock, no allocation, no system
// call: every counter has one writer, and who reads adds the workers up.
//
// One per worker, used by it alone but for add_to(); a reload leaves it alone.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

#include "proxy/base/counter.h"
#include "proxy/exchange/counters.h"
#include "proxy/exchange/failure.h"
#include "proxy/exchange/observer.h"
#include "proxy/observe/route_series.h"

namespace sluice::observe {

// Upper bounds of the histogram of durations: two or three a decade, from a hit in memory to a
// backend's longest patience.
inline constexpr std::array<std::chrono::microseconds, 15> kDurationBounds{
    std::chrono::microseconds(500),
    std::chrono::microseconds(1'000),
    std::chrono::microseconds(2'500),
    std::chrono::microseconds(5'000),
    std::chrono::microseconds(10'000),
    std::chrono::microseconds(25'000),
    std::chrono::microseconds(50'000),
    std::chrono::microseconds(100'000),
    std::chrono::microseconds(250'000),
    std::chrono::microseconds(500'000),
    std::chrono::seconds(1),
    std::chrono::microseconds(2'500'000),
    std::chrono::seconds(5),
    std::chrono::seconds(10),
    std::chrono::seconds(60)};

// Every failure that has a word of its own: the kinds, then the reasons of malformed messages.
inline constexpr std::size_t kEnds = exchange::kKinds + http::kBadMessages;
std::size_t end_index(const exchange::Failure& failure);
exchange::Failure end_at(std::size_t index);

// The sum over all workers, as plain numbers.
struct Totals {
  std::uint64_t connections_accepted = 0;
  std::uint64_t connections_open = 0;
  std::uint64_t connections_closed = 0;
  std::uint64_t handshakes_failed = 0;
  std::uint64_t connections_denied = 0;
  std::uint64_t connections_jailed = 0;
  std::uint64_t connections_too_many = 0;
  std::uint64_t connections_too_fast = 0;
  std::uint64_t requests_delayed = 0;
  std::uint64_t requests_shadowed = 0;
  std::uint64_t exchanges_begun = 0;
  std::uint64_t exchanges_in_flight = 0;
  std::uint64_t request_bytes = 0;
  std::uint64_t response_bytes = 0;
  std::uint64_t tunnels_opened = 0;
  std::uint64_t tunnels_open = 0;
  std::uint64_t tunnels_ended = 0;
  std::uint64_t tunnel_bytes_in = 0;
  std::uint64_t tunnel_bytes_out = 0;
  std::uint64_t backend_attempts = 0;
  std::uint64_t backend_retries = 0;
  std::uint64_t backend_connects = 0;
  std::uint64_t backend_connections_opened = 0;
  std::uint64_t backend_connections_reused = 0;
  std::array<std::uint64_t, kStatusNames.size()> by_status{};
  std::array<std::uint64_t, kStatusNames.size()> unrouted{};  // of those: no route was found
  std::array<std::uint64_t, kEnds> by_end{};
  // Those between two bounds, not up to them; the last is above all bounds.
  std::array<std::uint64_t, kDurationBounds.size() + 1> durations{};
  std::uint64_t duration_microseconds = 0;

  void add(const exchange::Counters& counters);
};

class Metrics final : public exchange::Observer {
 public:
  // `worker`: its number, for the cells of RouteSeries.
  explicit Metrics(std::size_t worker) : worker_(worker) {}

  void on_finished(const exchange::Exchange& exchange) override;

  // Any thread.
  void add_to(Totals& totals) const;

 private:
  void count_route(const exchange::Exchange& exchange, std::size_t status);
  void count_duration(const exchange::Exchange& exchange);

  const std::size_t worker_;
  Counter tunnels_ended_;
  Counter backend_attempts_;
  Counter backend_retries_;
  std::array<Counter, kStatusNames.size()> by_status_;
  std::array<Counter, kStatusNames.size()> unrouted_;
  std::array<Counter, kEnds> by_end_;
  std::array<Counter, kDurationBounds.size() + 1> durations_;
  Counter duration_microseconds_;
};

}  // namespace sluice::observe
