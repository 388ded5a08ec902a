// SPDX-License-Identifier: MIT
// Accept-Encoding (RFC 9110 12.5.3): which content codings a client takes, and which it likes best.
// Pure.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string_view>

#include "proxy/http/headers.h"

namespace sluice::http {

// Those of the codings that a client takes at least as gladly as the content as it is, by their
// indices: the heaviest first, and of equals in their order. Without the field none is taken for
// granted: who does not ask gets what everybody can read.
class EncodingRanks {
 public:
  static constexpr std::size_t kMax = 4;

  EncodingRanks() = default;
  // REQUIRES: kMax codings at most.
  EncodingRanks(const Fields& fields, std::span<const std::string_view> codings);

  std::span<const std::size_t> indices() const { return std::span(indices_).first(count_); }

 private:
  std::array<std::size_t, kMax> indices_{};
  std::size_t count_ = 0;
};

// The first of them; the number of codings where there is none.
std::size_t choose_encoding(const Fields& fields, std::span<const std::string_view> codings);

}  // namespace sluice::http
