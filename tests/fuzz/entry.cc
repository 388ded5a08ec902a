// SPDX-License-Identifier: MIT
// What libFuzzer calls. Compiled once per target, with SLUICE_FUZZ_TARGET defined as its name.
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>

#include "tests/fuzz/targets.h"

#ifndef SLUICE_FUZZ_TARGET  // for tools that read this file alone
#define SLUICE_FUZZ_TARGET uri
#endif

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's name
extern "C" int LLVMFuzzerInitialize(int* /*argc*/, char*** /*argv*/) {
  std::signal(SIGPIPE, SIG_IGN);
  return 0;
}

// NOLINTNEXTLINE(readability-identifier-naming): likewise
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    sluice::fuzz::SLUICE_FUZZ_TARGET({reinterpret_cast<const char*>(data), size});
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    std::abort();
  }
  return 0;
}
