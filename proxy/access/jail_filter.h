// SPDX-License-Identifier: MIT
// JailFilter: tells nearly all addresses that are in no jailed block from the others, without a
// lock. What it lets through has to be looked up.
//
// Which prefix lengths are in use (mostly one for each family), and a table of counts over the
// hashes of the jailed prefixes, with eight slots for each that there may be: with the jail full,
// one address in nine is let through for nothing, in an empty jail none is looked at. Any thread
// may ask; add() and remove() exclude each other by the caller's lock. Two bytes a slot.
#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "proxy/access/prefix.h"
#include "proxy/base/ip.h"
#include "proxy/base/zeroed_array.h"

namespace sluice::access {

class JailFilter {
 public:
  JailFilter(std::size_t prefixes, std::uint64_t seed);

  void add(const Prefix& prefix);
  // REQUIRES: it was added.
  void remove(const Prefix& prefix);

  std::size_t size() const { return size_.load(std::memory_order_relaxed); }

  // Whether test(prefix) is true of any prefix of the address that may have been added.
  template <typename Test>
  bool any(const IpAddress& address, const Test& test) const {
    if (size() == 0 || address.is_none()) return false;
    const Lengths& lengths = lengths_[address.is_v4() ? 0 : 1];
    for (std::size_t word = 0; word < lengths.used.size(); ++word) {
      std::uint64_t left = lengths.used[word].load(std::memory_order_relaxed);
      for (; left != 0; left &= left - 1) {
        const auto bit = static_cast<unsigned>(std::countr_zero(left));
        const Prefix prefix = Prefix::of(address, static_cast<unsigned>(word * 64) + bit);
        if (slot(prefix).load(std::memory_order_relaxed) != 0 && test(prefix)) return true;
      }
    }
    return false;
  }

 private:
  // Of one family; bit and index are the length.
  struct Lengths {
    std::array<std::atomic<std::uint64_t>, 3> used{};
    std::array<std::uint32_t, 129> counts{};
  };

  std::atomic<std::uint16_t>& slot(const Prefix& prefix) const {
    return slots_[prefix.hash(seed_) & mask_];
  }
  Lengths& lengths_of(const Prefix& prefix);

  const std::uint64_t seed_;
  const std::size_t mask_;
  ZeroedArray<std::atomic<std::uint16_t>> slots_;
  std::array<Lengths, 2> lengths_;  // IPv4, IPv6
  std::atomic<std::size_t> size_{0};
};

}  // namespace sluice::access
