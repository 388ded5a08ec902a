// SPDX-License-Identifier: MIT
// Tried: the members of a pool that one request has been sent to already, so that a retry goes
// elsewhere. Belongs to the request, on its thread, and means something for one Pool only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace sluice::balancer {

class Tried {
 public:
  bool contains(std::size_t member) const noexcept {
    if (member < kWordBits) return (first_ >> member & 1) != 0;
    const std::size_t word = member / kWordBits - 1;
    return word < rest_.size() && (rest_[word] >> (member % kWordBits) & 1) != 0;
  }

  // Allocates only for a member past the first 64, and then for the whole pool up to it.
  void mark(std::size_t member) {
    if (contains(member)) return;
    ++count_;
    if (member < kWordBits) {
      first_ |= std::uint64_t{1} << member;
      return;
    }
    const std::size_t word = member / kWordBits - 1;
    if (word >= rest_.size()) rest_.resize(word + 1);
    rest_[word] |= std::uint64_t{1} << (member % kWordBits);
  }

  std::size_t count() const noexcept { return count_; }

 private:
  static constexpr std::size_t kWordBits = 64;

  std::uint64_t first_ = 0;          // members 0..63
  std::vector<std::uint64_t> rest_;  // members 64.., a bit each
  std::size_t count_ = 0;
};

}  // namespace sluice::balancer
