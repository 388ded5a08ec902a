// SPDX-License-Identifier: MIT
// RangeMap: from sorted, disjoint ranges of numbers to the verdict of each; what an IpList is made
// of, once for IPv4 (std::uint32_t) and once for IPv6 (Uint128).
//
// A tree without pointers: the lowest level holds the first number of every range, and each level
// above it every 16th of the level below. A look-up reads one block of 16 a level, which is one
// cache line for IPv4 and four for IPv6: six levels for two million ranges, of which the upper four
// together are small enough to stay in a core's own cache. Where the ranges lie makes no
// difference, so no list is a slow one.
//
// Immutable; any thread may read it. Memory: a range takes its number, a fifteenth of that for the
// levels above, and a byte.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace sluice::access {

__extension__ using Uint128 = unsigned __int128;

enum class Verdict : std::uint8_t { None, Allow, Deny };

template <typename Number>
class RangeMap {
 public:
  // Range i reaches from starts[i] to the number before starts[i + 1].
  // REQUIRES: starts ascend from 0, and there are as many verdicts.
  RangeMap(std::vector<Number> starts, std::vector<Verdict> verdicts)
      : verdicts_(std::move(verdicts)) {
    while (true) {
      levels_.push_back(level_of(starts));
      if (starts.size() <= kWidth) break;
      starts = every_16th(starts);
    }
    std::reverse(levels_.begin(), levels_.end());
  }

  Verdict find(Number number) const {
    std::size_t at = 0;
    for (const Level& level : levels_) {
      std::size_t passed = 0;
      for (const Number start : level.blocks[at].starts) passed += start <= number ? 1U : 0U;
      // What fills up the last block is no range.
      at = std::min(at * kWidth + passed, level.size) - 1;
    }
    return verdicts_[at];
  }

  std::size_t bytes() const {
    std::size_t sum = verdicts_.capacity() * sizeof(Verdict);
    for (const Level& level : levels_) sum += level.blocks.size() * sizeof(Block);
    return sum;
  }

 private:
  static constexpr std::size_t kWidth = 16;
  struct alignas(64) Block {
    std::array<Number, kWidth> starts;
  };
  struct Level {
    std::vector<Block> blocks;
    std::size_t size = 0;  // starts in them
  };

  static Level level_of(const std::vector<Number>& starts) {
    Level level;
    level.size = starts.size();
    level.blocks.resize((starts.size() + kWidth - 1) / kWidth);
    level.blocks.back().starts.fill(static_cast<Number>(~Number{0}));
    for (std::size_t i = 0; i < starts.size(); ++i) {
      level.blocks[i / kWidth].starts[i % kWidth] = starts[i];
    }
    return level;
  }

  static std::vector<Number> every_16th(const std::vector<Number>& starts) {
    std::vector<Number> firsts;
    firsts.reserve((starts.size() + kWidth - 1) / kWidth);
    for (std::size_t i = 0; i < starts.size(); i += kWidth) firsts.push_back(starts[i]);
    return firsts;
  }

  std::vector<Level> levels_;  // the highest first
  std::vector<Verdict> verdicts_;
};

}  // namespace sluice::access
