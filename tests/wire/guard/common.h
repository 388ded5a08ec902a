// SPDX-License-Identifier: MIT
#pragma once

#include <cstdlib>
#include <string_view>

namespace sluice::wire {

// The request of all who only want to know whether they are let in.
inline constexpr std::string_view kGet = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

// Whether tests take the sizes of the real thing.
inline bool is_long() {
  return std::getenv("SLUICE_LONG") != nullptr;
}

}  // namespace sluice::wire
