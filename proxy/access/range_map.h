// SPDX-License-Identifier: MIT
// RangeMap: from sorted, disjoint ranges of numbers to the verdict of each; what an IpList is made
// of, once for IPv4 (std::uint32_t) and once for IPv6 (Uint128).
//
// A tree without pointers: the lowest level has the first number of every range, and each level
// above it every 24th of the level below. A block is one cache line. Of its 24 numbers it has 16
// bits each: those behind what its own numbers, and all that are looked up in it, have in common
// (as in Bayer and Unterauer, "Prefix B-Trees", 1977). They decide, unless they are equal and more
// follows; then the number itself does, which lies elsewhere. So two million ranges are five levels
// of 5.6 MiB together, of which the upper four stay in a core's own cache. Where the ranges lie
// makes no list a slow one: at worst it is the numbers of a block that are looked at, level by
// level.
//
// Immutable; any thread may read it. Memory: a range takes its number and 2.8 bytes.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <utility>
#include <vector>

namespace sluice::access {

__extension__ using Uint128 = unsigned __int128;

enum class Listed : std::uint8_t { None, Allow, Deny };

// Sixteen bits of a number, the uppermost inverted: signed numbers that ascend as those did, for
// x86-64 compares eight of the signed at once.
using Fragment = std::int16_t;

inline constexpr unsigned kFragmentBits = 16;

// 24 ascending numbers, as far as they need to be told apart.
struct alignas(64) RangeBlock {
  static constexpr std::size_t kWidth = 24;

  template <typename Number>
  Fragment fragment_of(Number number) const {
    return static_cast<Fragment>(static_cast<std::uint16_t>(number >> shift) ^ 0x8000U);
  }

  // How many of the fragments are below that one.
  std::size_t count_below(Fragment limit) const {
    std::int16_t count = 0;
    for (const Fragment fragment : fragments) {
      count = static_cast<std::int16_t>(count + (fragment < limit ? 1 : 0));
    }
    return static_cast<std::size_t>(count);
  }

  bool is_exact(std::size_t i) const { return (exact >> i & 1) != 0; }
  Listed verdict(std::size_t i) const { return static_cast<Listed>(verdicts >> 2 * i & 3); }

  std::array<Fragment, kWidth> fragments;
  std::uint64_t verdicts = 0;  // two bits each; of the lowest level
  std::uint32_t exact = 0;     // a bit each: what follows the fragment is zero
  std::uint8_t shift = 0;      // how many bits follow a fragment
};
static_assert(sizeof(RangeBlock) == 64);

template <typename Number>
class RangeMap {
 public:
  // Range i reaches from starts[i] to the number before starts[i + 1].
  // REQUIRES: starts ascend from 0, and there are as many verdicts.
  RangeMap(std::vector<Number> starts, const std::vector<Listed>& verdicts)
      : starts_(std::move(starts)), first_(verdicts.front()) {
    // What is looked up in the tree lies between the second start and the last. The first is given
    // the place of the second: it is passed, but has nothing in common with the others.
    if (starts_.size() > 1) starts_[0] = starts_[1];
    for (std::size_t stride = 1; levels_.empty() || levels_.back().blocks.size() > 1;
         stride *= kWidth) {
      levels_.push_back(level_of(stride));
    }
    for (std::size_t i = 0; i < verdicts.size(); ++i) {
      levels_.front().blocks[i / kWidth].verdicts |= static_cast<std::uint64_t>(verdicts[i])
                                                     << 2 * (i % kWidth);
    }
    std::reverse(levels_.begin(), levels_.end());
  }

  Listed find(Number number) const {
    if (number < starts_.front()) return first_;
    number = std::min(number, starts_.back());
    std::size_t at = 0;  // the block in its level
    for (const Level& level : std::span(levels_).first(levels_.size() - 1)) {
      at = at * kWidth + passed(level, at, number) - 1;
    }
    const Level& lowest = levels_.back();
    return lowest.blocks[at].verdict(passed(lowest, at, number) - 1);
  }

  std::size_t bytes() const {
    std::size_t sum = starts_.size() * sizeof(Number);
    for (const Level& level : levels_) sum += level.blocks.size() * sizeof(RangeBlock);
    return sum;
  }

 private:
  static constexpr std::size_t kWidth = RangeBlock::kWidth;
  struct Level {
    std::vector<RangeBlock> blocks;
    std::size_t stride;  // which of the starts it has: every so many
  };

  // How many of a block's starts are not above the number, as at least one is.
  std::size_t passed(const Level& level, std::size_t at, Number number) const {
    const RangeBlock& block = level.blocks[at];
    const Fragment fragment = block.fragment_of(number);
    std::size_t count = block.count_below(fragment);
    while (count < kWidth && block.fragments[count] == fragment &&
           (block.is_exact(count) || is_passed((at * kWidth + count) * level.stride, number))) {
      ++count;
    }
    return count;
  }

  // False for what only fills up the last block.
  bool is_passed(std::size_t start, Number number) const {
    return start < starts_.size() && starts_[start] <= number;
  }

  Level level_of(std::size_t stride) const {
    const std::size_t step = kWidth * stride;
    Level level{{}, stride};
    level.blocks.reserve((starts_.size() + step - 1) / step);
    for (std::size_t at = 0; at < starts_.size(); at += step) {
      const bool is_last = starts_.size() - at <= step;
      const Number last = is_last ? starts_.back() : static_cast<Number>(starts_[at + step] - 1);
      level.blocks.push_back(block_of(at, stride, last));
    }
    return level;
  }

  // `last`: the last of the numbers that are looked up in it.
  RangeBlock block_of(std::size_t at, std::size_t stride, Number last) const {
    RangeBlock block;
    block.fragments.fill(std::numeric_limits<Fragment>::max());
    const unsigned differing = bits_of(static_cast<Number>(starts_[at] ^ last));
    block.shift = static_cast<std::uint8_t>(std::max(differing, kFragmentBits) - kFragmentBits);
    const Number behind = static_cast<Number>((Number{1} << block.shift) - 1);
    for (std::size_t i = 0; i < kWidth && at < starts_.size(); ++i, at += stride) {
      block.fragments[i] = block.fragment_of(starts_[at]);
      if ((starts_[at] & behind) == 0) block.exact |= std::uint32_t{1} << i;
    }
    return block;
  }

  static unsigned bits_of(Number number) {
    if constexpr (sizeof(Number) > sizeof(std::uint64_t)) {
      const auto upper = static_cast<std::uint64_t>(number >> 64);
      if (upper != 0) return 64 + static_cast<unsigned>(std::bit_width(upper));
    }
    return static_cast<unsigned>(std::bit_width(static_cast<std::uint64_t>(number)));
  }

  std::vector<Number> starts_;
  Listed first_;               // of the numbers before the second start
  std::vector<Level> levels_;  // the highest first
};

}  // namespace sluice::access
