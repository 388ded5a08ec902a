// SPDX-License-Identifier: MIT
// Targeted cache control: either all of the lines are one dictionary, or nothing is read at all.
#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "cache/targeted_control.h"
#include "tests/fuzz/must.h"
#include "tests/fuzz/targets.h"
#include "tests/support/exact.h"

namespace sluice::fuzz {
namespace {

using cache::ResponseControl;
using Lines = std::vector<std::string_view>;

auto values_of(const ResponseControl& c) {
  return std::tie(c.no_cache, c.no_store, c.no_transform, c.must_revalidate, c.proxy_revalidate,
                  c.must_understand, c.is_private, c.is_public, c.immutable, c.no_cache_fields,
                  c.private_fields, c.max_age, c.s_maxage, c.stale_while_revalidate,
                  c.stale_if_error);
}

bool within(std::string_view piece, std::string_view whole) {
  return piece.empty() || (piece.data() >= whole.data() &&
                           piece.data() + piece.size() <= whole.data() + whole.size());
}

void check_age(const std::optional<cache::Seconds>& age) {
  MUST(!age || (age->count() >= 0 && *age <= cache::kLongestAge));
}

Lines lines_of(std::string_view bytes) {
  Lines out;
  while (!bytes.empty()) {
    const std::size_t end = std::min(bytes.find('\n'), bytes.size());
    out.push_back(bytes.substr(0, end));
    bytes.remove_prefix(std::min(end + 1, bytes.size()));
  }
  return out;
}

}  // namespace

void targeted_control(std::string_view bytes) {
  const support::Exact exact(bytes);
  const Lines lines = lines_of(exact.view());
  ResponseControl control;
  control.is_public = true;
  control.s_maxage = cache::Seconds(7);
  const ResponseControl before = control;
  if (!cache::read_targeted_control(lines, control)) {
    MUST(values_of(control) == values_of(before));
    return;
  }
  for (const auto& age : {control.max_age, control.s_maxage, control.stale_while_revalidate,
                          control.stale_if_error}) {
    check_age(age);
  }
  MUST(within(control.no_cache_fields, exact.view()));
  MUST(within(control.private_fields, exact.view()));
  MUST(!control.no_cache || control.no_cache_fields.empty());
  MUST(!control.is_private || control.private_fields.empty());

  std::string whole;
  for (const std::string_view line : lines) {
    // Blanks at the ends of a line are the parser's to drop, and within a list only blanks.
    const std::size_t first = line.find_first_not_of(' ');
    const std::size_t last = line.find_last_not_of(' ');
    whole.append(whole.empty() ? "" : ", ").append(line.substr(first, last + 1 - first));
  }
  ResponseControl again;
  MUST(cache::read_targeted_control(Lines{whole}, again));
  MUST(values_of(again) == values_of(control));
  MUST(!cache::read_targeted_control(Lines{whole, "&"}, again));
  MUST(!cache::read_targeted_control(Lines{whole, ""}, again));
  MUST(cache::read_targeted_control(Lines{whole, "unknown=(1 2);a"}, again));
  MUST(values_of(again) == values_of(control));
}

}  // namespace sluice::fuzz
