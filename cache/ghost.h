// SPDX-License-Identifier: MIT
// Ghost: the hashes of what was evicted lately without a second use, and nothing else of it. Who is
// asked for again soon after deserves a better place.
//
// A table of four-way sets with a stamp in each slot: remembering costs no allocation, and what is
// older than `window` evictions is forgotten by itself. A false memory (two hashes alike in 32 bits
// and in their set) only gives an entry a better place than it has earned.
//
// Threading: whoever owns it locks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace sluice::cache {

class Ghost {
 public:
  // For at least so many hashes.
  explicit Ghost(std::size_t hashes);

  void add(std::uint64_t hash);
  // True where it was added, and no more than `window` others since. It is forgotten.
  bool take(std::uint64_t hash, std::size_t window);
  std::size_t bytes() const { return slots_.size() * sizeof(Slot); }

 private:
  static constexpr std::size_t kWays = 4;

  struct Slot {
    std::uint32_t print = 0;
    std::uint32_t stamp = 0;  // 0: empty
  };

  Slot* set_of(std::uint64_t hash);

  std::vector<Slot> slots_;
  std::uint32_t stamp_ = 0;  // of the latest; an age is a difference, so that it may wrap
};

}  // namespace sluice::cache
