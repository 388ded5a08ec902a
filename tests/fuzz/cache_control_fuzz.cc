// SPDX-License-Identifier: MIT
// Cache-Control: directives are pieces of the value, ages stay within their range, and an argument
// means the same as a token and as a quoted string, but for a list of fields.
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "cache/cache_control.h"
#include "cache/directives.h"
#include "cache/tokens.h"
#include "tests/fuzz/must.h"
#include "tests/fuzz/targets.h"
#include "tests/support/exact.h"

namespace sluice::fuzz {
namespace {

using cache::Directive;
using cache::RequestControl;
using cache::ResponseControl;

bool within(std::string_view piece, std::string_view whole) {
  return piece.empty() || (piece.data() >= whole.data() &&
                           piece.data() + piece.size() <= whole.data() + whole.size());
}

std::vector<Directive> directives_of(std::string_view value) {
  std::vector<Directive> out;
  cache::DirectiveReader reader(value);
  for (Directive one; reader.next(one);) {
    MUST(within(one.name, value) && within(one.argument, value));
    MUST(!one.name.empty() || !one.well_formed);
    MUST(one.has_argument || (one.argument.empty() && !one.quoted));
    out.push_back(one);
  }
  return out;
}

auto values_of(const ResponseControl& c) {
  return std::tie(c.garbled, c.no_cache, c.no_store, c.no_transform, c.must_revalidate,
                  c.proxy_revalidate, c.must_understand, c.is_private, c.is_public, c.immutable,
                  c.no_cache_fields, c.private_fields, c.max_age, c.s_maxage,
                  c.stale_while_revalidate, c.stale_if_error);
}

auto values_of(const RequestControl& c) {
  return std::tie(c.no_cache, c.no_store, c.no_transform, c.only_if_cached, c.max_age, c.min_fresh,
                  c.max_stale, c.stale_if_error);
}

void check_age(const std::optional<cache::Seconds>& age) {
  MUST(!age || (age->count() >= 0 && *age <= cache::kLongestAge));
}

template <typename Control>
Control read(std::string_view value) {
  Control control;
  control.read(value);
  return control;
}

// Every argument as a quoted string; nothing where that cannot be said without escapes, or where it
// makes a difference: lists of fields count only in quotes.
std::optional<std::string> all_quoted(const std::vector<Directive>& directives) {
  std::string out;
  for (const Directive& one : directives) {
    const bool lists_fields =
        cache::same_name(one.name, "private") || cache::same_name(one.name, "no-cache");
    if (!one.well_formed || (lists_fields && !one.quoted)) return std::nullopt;
    if (one.argument.find_first_of("\"\\") != std::string_view::npos) return std::nullopt;
    out.append(one.name);
    if (one.has_argument) out.append("=\"").append(one.argument).append("\"");
    out.append(", ");
  }
  return out;
}

}  // namespace

void cache_control(std::string_view bytes) {
  const support::Exact exact(bytes);
  const std::vector<Directive> directives = directives_of(exact.view());
  const auto response = read<ResponseControl>(exact.view());
  const auto request = read<RequestControl>(exact.view());
  for (const auto& age : {response.max_age, response.s_maxage, response.stale_while_revalidate,
                          response.stale_if_error, request.max_age, request.min_fresh,
                          request.max_stale, request.stale_if_error}) {
    check_age(age);
  }
  MUST(within(response.no_cache_fields, exact.view()));
  MUST(within(response.private_fields, exact.view()));
  check_age(cache::parse_delta_seconds(exact.view()));

  const std::optional<std::string> quoted = all_quoted(directives);
  if (!quoted) return;
  const std::vector<Directive> again = directives_of(*quoted);
  MUST(again.size() == directives.size());
  MUST(values_of(read<ResponseControl>(*quoted)) == values_of(response));
  MUST(values_of(read<RequestControl>(*quoted)) == values_of(request));
}

}  // namespace sluice::fuzz
