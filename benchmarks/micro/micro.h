// SPDX-License-Identifier: MIT
// What the micro benchmarks measure; each prints its own table.
#pragma once

namespace sluice::bench {

// Hit ratios of the cache's store beside exact LRU, and what a look-up costs.
void measure_store();

// What a check of the limiter costs: one address, and many.
void measure_limiter();
// Look-ups in long lists of addresses, and in the jail.
void measure_access();

// Google Benchmark's table of what every request passes.
void measure_hot_path();

}  // namespace sluice::bench
