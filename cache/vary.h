// SPDX-License-Identifier: MIT
// Vary: which request fields select a stored response (RFC 9111 4.1), and their values in a form in
// which values that mean the same are the same bytes. Nothing allocates, all is bounded, and there
// is no state: any thread may call anything, also under a lock.
//
// A stored response keeps VaryNames::text() and, for each name in it, the normalised value of its
// request. A look-up walks the text with VaryNameReader and asks matches_vary_value() for each.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

#include "conf/cache_lists.h"

namespace sluice::cache {

// With those that the operator names (`vary`).
inline constexpr std::size_t kVaryNamesMax = 2 * conf::kVaryNamesMax;
inline constexpr std::size_t kVaryBytesMax = 2 * conf::kVaryBytesMax;

// The names of a response's Vary fields: in lower case, sorted, each once. Owns its bytes.
class VaryNames {
 public:
  enum class Kind : unsigned char {
    None,     // every request selects it
    Names,    // text() says what selects it
    All,      // no request selects it: "*", what is no field name, what each is told anew
    TooLong,  // more than kVaryNamesMax names or kVaryBytesMax bytes
  };

  explicit VaryNames(std::span<const std::string_view> field_values);

  Kind kind() const { return kind_; }
  // "accept-encoding,origin"; empty unless there are Kind::Names. Lives as long as this object.
  std::string_view text() const { return {text_.data(), size_}; }

 private:
  void write(std::span<const std::string_view> names);

  std::array<char, kVaryBytesMax> text_;
  std::size_t size_ = 0;
  Kind kind_ = Kind::None;
};

// The names of VaryNames::text(), in their order. Borrows the text.
class VaryNameReader {
 public:
  explicit VaryNameReader(std::string_view text) : rest_(text) {}

  // Stores the next name; false at the end.
  bool next(std::string_view& name);

 private:
  std::string_view rest_;
};

// What stands for a field that is not there. No value can be this.
inline constexpr std::string_view kVaryAbsent{"\0", 1};

// Writes the value of the request's field `name` (lower case; `values` are its lines) to `out`, and
// returns the bytes written; nothing when they do not fit. What it wrote it leaves as it is when
// asked again. No more bytes than the lines and a comma between each two are needed, and one for a
// field that is not there.
//   what is known to be no list (Cookie, User-Agent and the like): as it is, line by line
//   all others: lines are joined with commas, blanks around commas go (not within quoted strings)
//   accept-encoding: also lower case, sorted, without repetitions and q=1
//   accept-language: also lower case
std::optional<std::size_t> normalise_vary_value(std::string_view name,
                                                std::span<const std::string_view> values,
                                                std::span<char> out);

// Whether the request's `values` of `name`, once normalised, are `stored`. `scratch` holds bytes of
// no further meaning; what does not fit into it does not match.
bool matches_vary_value(std::string_view name, std::string_view stored,
                        std::span<const std::string_view> values, std::span<char> scratch);

}  // namespace sluice::cache
