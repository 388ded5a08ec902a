// SPDX-License-Identifier: MIT
// The parts alone, measured without a socket.
#include "benchmarks/micro/micro.h"

int main() {
  sluice::bench::measure_store();
  sluice::bench::measure_limiter();
  sluice::bench::measure_access();
  sluice::bench::measure_hot_path();
  return 0;
}
