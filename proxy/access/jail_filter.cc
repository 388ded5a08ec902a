// SPDX-License-Identifier: MIT
#include "proxy/access/jail_filter.h"

#include <algorithm>

namespace sluice::access {
namespace {

constexpr std::size_t kSlotsEach = 8;

// There is one writer at a time, so no locked instruction is needed.
template <typename Number>
void increase(std::atomic<Number>& number, int by) {
  const Number value = number.load(std::memory_order_relaxed);
  number.store(static_cast<Number>(by > 0 ? value + 1 : value - 1), std::memory_order_relaxed);
}

}  // namespace

JailFilter::JailFilter(std::size_t prefixes, std::uint64_t seed)
    : seed_(seed),
      mask_(std::bit_ceil(std::max<std::size_t>(prefixes, 1) * kSlotsEach) - 1),
      slots_(mask_ + 1) {}

void JailFilter::add(const Prefix& prefix) {
  Lengths& lengths = lengths_of(prefix);
  if (lengths.counts[prefix.bits]++ == 0) {
    lengths.used[prefix.bits / 64].fetch_or(std::uint64_t{1} << prefix.bits % 64,
                                            std::memory_order_relaxed);
  }
  increase(slot(prefix), 1);
  increase(size_, 1);
}

void JailFilter::remove(const Prefix& prefix) {
  Lengths& lengths = lengths_of(prefix);
  if (--lengths.counts[prefix.bits] == 0) {
    lengths.used[prefix.bits / 64].fetch_and(~(std::uint64_t{1} << prefix.bits % 64),
                                             std::memory_order_relaxed);
  }
  increase(slot(prefix), -1);
  increase(size_, -1);
}

JailFilter::Lengths& JailFilter::lengths_of(const Prefix& prefix) {
  return lengths_[prefix.block().base.is_v4() ? 0 : 1];
}

}  // namespace sluice::access
