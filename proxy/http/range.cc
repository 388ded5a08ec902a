// SPDX-License-Identifier: MIT
#include "proxy/http/range.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "proxy/http/headers.h"

namespace sluice::http {
namespace {

constexpr std::string_view kUnit = "bytes=";

// 1*DIGIT; what does not fit is as large as can be.
std::optional<std::uint64_t> parse_position(std::string_view text) {
  std::uint64_t position = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, position);
  if (stop != end || error == std::errc::invalid_argument) return std::nullopt;
  return error == std::errc::result_out_of_range ? UINT64_MAX : position;
}

struct Spec {
  bool valid = false;
  bool satisfiable = false;
  ByteRange range;
};

// "-500": the last 500 bytes.
Spec parse_suffix(std::string_view text, std::uint64_t size) {
  const auto length = parse_position(text);
  if (!length) return {};
  if (*length == 0 || size == 0) return {true, false, {}};
  return {true, true, {size - std::min(*length, size), size - 1}};
}

Spec parse_spec(std::string_view text, std::uint64_t size) {
  const std::size_t dash = text.find('-');
  if (dash == std::string_view::npos) return {};
  if (dash == 0) return parse_suffix(text.substr(1), size);
  const auto first = parse_position(text.substr(0, dash));
  const std::string_view rest = text.substr(dash + 1);
  const auto last = rest.empty() ? UINT64_MAX : parse_position(rest);
  if (!first || !last || *last < *first) return {};
  if (*first >= size) return {true, false, {}};
  return {true, true, {*first, std::min(*last, size - 1)}};
}

}  // namespace

Ranges::Verdict Ranges::parse(std::string_view field, std::uint64_t size) {
  count_ = 0;
  if (field.size() < kUnit.size() || !iequals(field.substr(0, kUnit.size()), kUnit)) {
    return Verdict::Ignored;
  }
  std::uint64_t total = 0;
  bool any = false;
  ListReader list(field.substr(kUnit.size()));
  for (std::string_view text; list.next(text); any = true) {
    const Spec spec = parse_spec(text, size);
    if (!spec.valid) return Verdict::Ignored;
    if (!spec.satisfiable) continue;
    if (count_ == kMax) return Verdict::Ignored;
    items_[count_++] = spec.range;
    total += spec.range.size();
    if (total > size) return Verdict::Ignored;  // they overlap
  }
  if (!any) return Verdict::Ignored;
  return count_ > 0 ? Verdict::Satisfiable : Verdict::Unsatisfiable;
}

}  // namespace sluice::http
