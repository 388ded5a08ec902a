// SPDX-License-Identifier: MIT
// Where a fuzz target cuts its input: everywhere in a short one, at about kCutsMax places of a long
// one, so that the time of a run stays within bounds.
#pragma once

#include <cstddef>

namespace sluice::fuzz {

inline constexpr std::size_t kCutsMax = 256;

template <typename Visit>
void for_each_cut(std::size_t size, Visit visit) {
  const std::size_t step = 1 + size / kCutsMax;
  for (std::size_t at = 0; at < size; at += step) visit(at);
}

}  // namespace sluice::fuzz
