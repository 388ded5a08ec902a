// SPDX-License-Identifier: MIT
// The metrics as Prometheus reads them: the text format, version 0.0.4. Names and units are those
// that Prometheus recommends: counters end in _total, times are in seconds, sizes in bytes.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/observe/metrics.h"

namespace sluice::observe {

inline constexpr std::string_view kMetricsType = "text/plain; version=0.0.4; charset=utf-8";

// Everything that a scrape tells, as plain values.
struct Scrape {
  Totals totals;

  struct Route {
    std::string name;
    std::array<std::uint64_t, kStatusNames.size()> by_status{};
  };
  std::vector<Route> routes;

  struct Backend {
    std::string pool;
    std::string address;
    std::uint64_t requests = 0;
    std::uint64_t failures = 0;
    std::uint64_t in_flight = 0;
    bool up = true;
  };
  std::vector<Backend> backends;

  struct Cache {
    std::uint64_t hits = 0;
    std::uint64_t misses = 0;
    std::uint64_t passes = 0;
    std::uint64_t joins = 0;
    std::uint64_t insertions = 0;
    std::uint64_t evictions = 0;
    std::uint64_t entries = 0;
    std::uint64_t bytes = 0;
    std::uint64_t capacity_bytes = 0;
    std::uint64_t fetches = 0;  // under way
  };
  Cache cache;

  struct Guard {
    std::uint64_t untracked = 0;  // passed, as the table of buckets was full
    std::uint64_t inmates = 0;
  };
  Guard guard;

  std::string version;
  double start_seconds = 0;  // since 1970
  double cpu_seconds = 0;
  std::size_t workers = 0;
  std::uint64_t generation = 0;  // of the configuration: 1, and one more with each reload
  std::uint64_t reloads_done = 0;
  std::uint64_t reloads_failed = 0;
  std::uint64_t lists_reloads_done = 0;  // of files of lists that have changed
  std::uint64_t lists_reloads_failed = 0;
  std::uint64_t log_lines_dropped = 0;
  bool draining = false;
};

std::string metrics_text(const Scrape& scrape);

// A label's value as it stands between its quotes.
std::string escape_label(std::string_view value);

}  // namespace sluice::observe
