// SPDX-License-Identifier: MIT
// Range requests (RFC 9110 14): what a Range field asks of a representation whose length is known.
// Pure; nothing allocates.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace sluice::http {

struct ByteRange {
  std::uint64_t first = 0;
  std::uint64_t last = 0;  // inclusive

  std::uint64_t size() const { return last - first + 1; }
  friend bool operator==(const ByteRange&, const ByteRange&) = default;
};

// The ranges of a request that can be satisfied, in the order in which they were asked for.
class Ranges {
 public:
  // RFC 9110 14.2 lets a server ignore what asks for more than anybody needs.
  static constexpr std::size_t kMax = 16;

  enum class Verdict : std::uint8_t {
    Ignored,        // not in bytes, malformed, too many, or overlapping: the whole is sent
    Satisfiable,    // 206
    Unsatisfiable,  // 416
  };

  // REQUIRES: one Range field, of a GET. `size`: bytes of the representation.
  Verdict parse(std::string_view field, std::uint64_t size);

  std::span<const ByteRange> items() const { return std::span(items_).first(count_); }

 private:
  std::array<ByteRange, kMax> items_;
  std::size_t count_ = 0;
};

}  // namespace sluice::http
