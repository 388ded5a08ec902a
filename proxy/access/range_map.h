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
// levels above, and two bits.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace sluice::access {

__extension__ using Uint128 = unsigned __int128;

enum class Listed : std::uint8_t { None, Allow, Deny };

inline constexpr std::size_t kBlockWidth = 16;

// How many of a block's ascending keys are below `limit`: first the group of four, then the place
// in it. Seven comparisons without a jump, which nothing could predict; the checked operator[] of
// an array would be one.
template <typename Key>
std::size_t count_below(const std::array<Key, kBlockWidth>& keys, Key limit) {
  const Key* group = keys.data();
  group += 4 * (std::size_t{group[4] < limit} + std::size_t{group[8] < limit} +
                std::size_t{group[12] < limit});
  return static_cast<std::size_t>(group - keys.data()) + std::size_t{group[0] < limit} +
         std::size_t{group[1] < limit} + std::size_t{group[2] < limit} +
         std::size_t{group[3] < limit};
}

// 16 ascending numbers, and how many of them are not above a given one.
template <typename Number>
struct alignas(64) RangeBlock {
  void set(std::size_t i, Number number) { starts[i] = number; }
  std::size_t passed(Number number) const {
    const std::size_t below = count_below(starts, number);
    // With none left, it compares with the first, which is below.
    const Number next = starts.data()[below % kBlockWidth];
    return below + std::size_t{next == number};
  }

  std::array<Number, kBlockWidth> starts;
};

// The upper halves mostly decide, and are compared faster than whole numbers.
template <>
struct alignas(64) RangeBlock<Uint128> {
  void set(std::size_t i, Uint128 number) {
    upper[i] = static_cast<std::uint64_t>(number >> 64);
    lower[i] = static_cast<std::uint64_t>(number);
  }
  std::size_t passed(Uint128 number) const {
    const auto high = static_cast<std::uint64_t>(number >> 64);
    const auto low = static_cast<std::uint64_t>(number);
    // On their way while the upper ones are compared.
    __builtin_prefetch(lower.data());
    __builtin_prefetch(lower.data() + kBlockWidth / 2);
    std::size_t count = count_below(upper, high);
    while (count < kBlockWidth && upper[count] == high && lower[count] <= low) ++count;
    return count;
  }

  std::array<std::uint64_t, kBlockWidth> upper;
  std::array<std::uint64_t, kBlockWidth> lower;
};

template <typename Number>
class RangeMap {
 public:
  // Range i reaches from starts[i] to the number before starts[i + 1].
  // REQUIRES: starts ascend from 0, and there are as many verdicts.
  RangeMap(std::vector<Number> starts, const std::vector<Listed>& verdicts)
      : verdicts_((verdicts.size() + kPacked - 1) / kPacked) {
    for (std::size_t i = 0; i < verdicts.size(); ++i) {
      verdicts_[i / kPacked] |= static_cast<std::uint64_t>(verdicts[i]) << i % kPacked * 2;
    }
    while (true) {
      levels_.push_back(level_of(starts));
      if (starts.size() <= kWidth) break;
      starts = every_16th(starts);
    }
    std::reverse(levels_.begin(), levels_.end());
  }

  Listed find(Number number) const {
    std::size_t at = 0;
    for (const Level& level : std::span(levels_).first(levels_.size() - 1)) {
      at = level.find(at, number);
    }
    // All verdicts of a block are in one word, which comes while its numbers are compared.
    __builtin_prefetch(verdicts_.data() + at * kWidth / kPacked);
    at = levels_.back().find(at, number);
    return static_cast<Listed>(verdicts_[at / kPacked] >> at % kPacked * 2 & 3);
  }

  std::size_t bytes() const {
    std::size_t sum = verdicts_.size() * sizeof(std::uint64_t);
    for (const Level& level : levels_) sum += level.blocks.size() * sizeof(Block);
    return sum;
  }

 private:
  static constexpr std::size_t kWidth = kBlockWidth;
  static constexpr std::size_t kPacked = 32;  // verdicts in a word, of two bits each
  using Block = RangeBlock<Number>;
  struct Level {
    // The range that holds the number, of those in this block. What fills up the last block is
    // none.
    std::size_t find(std::size_t block, Number number) const {
      return std::min(block * kWidth + blocks[block].passed(number), size) - 1;
    }

    std::vector<Block> blocks;
    std::size_t size = 0;  // starts in them
  };

  static Level level_of(const std::vector<Number>& starts) {
    Level level;
    level.size = starts.size();
    level.blocks.resize((starts.size() + kWidth - 1) / kWidth);
    for (std::size_t i = 0; i < level.blocks.size() * kWidth; ++i) {
      const Number start = i < starts.size() ? starts[i] : static_cast<Number>(~Number{0});
      level.blocks[i / kWidth].set(i % kWidth, start);
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
  std::vector<std::uint64_t> verdicts_;
};

}  // namespace sluice::access
