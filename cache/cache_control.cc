// SPDX-License-Identifier: MIT
#include "cache/cache_control.h"

#include <algorithm>
#include <cstdint>

#include "cache/directives.h"
#include "cache/response_flags.h"
#include "cache/tokens.h"

namespace sluice::cache {

namespace {

std::optional<Seconds> value_of(const Directive& directive) {
  return directive.well_formed ? parse_delta_seconds(directive.argument) : std::nullopt;
}

void note_least(Seconds value, std::optional<Seconds>& least) {
  least = std::min(least.value_or(value), value);
}

// One that cannot be read lets nothing be fresh.
void note_age(const Directive& directive, std::optional<Seconds>& age) {
  note_least(value_of(directive).value_or(Seconds(0)), age);
}

// What allows something: one that cannot be read allows nothing.
void note_allowance(const Directive& directive, std::optional<Seconds>& allowance) {
  if (const auto value = value_of(directive)) note_least(*value, allowance);
}

void note_fields(const Directive& directive, bool& whole, std::string_view& fields) {
  const bool names_fields =
      directive.quoted && directive.well_formed && is_field_list(directive.argument);
  if (!names_fields || !fields.empty()) {
    whole = true;
  } else {
    fields = directive.argument;
  }
}

}  // namespace

std::optional<Seconds> parse_delta_seconds(std::string_view text) {
  if (text.empty() || !std::all_of(text.begin(), text.end(), is_digit)) return std::nullopt;
  std::int64_t seconds = 0;
  for (const char c : text) {
    seconds = std::min<std::int64_t>(seconds * 10 + (c - '0'), kLongestAge.count());
  }
  return Seconds(seconds);
}

void RequestControl::read(std::string_view field_value) {
  DirectiveReader reader(field_value);
  for (Directive directive; reader.next(directive);) {
    const auto is = [&directive](std::string_view name) { return same_name(directive.name, name); };
    if (is("no-cache")) no_cache = true;
    if (is("no-store")) no_store = true;
    if (is("no-transform")) no_transform = true;
    if (is("only-if-cached")) only_if_cached = true;
    if (is("max-age")) note_age(directive, max_age);
    if (is("min-fresh")) min_fresh = std::max(min_fresh, value_of(directive));
    if (is("stale-if-error")) note_allowance(directive, stale_if_error);
    if (!is("max-stale")) continue;
    if (directive.has_argument) {
      note_allowance(directive, max_stale);
    } else {
      note_least(kLongestAge, max_stale);
    }
  }
}

void ResponseControl::read(std::string_view field_value) {
  DirectiveReader reader(field_value);
  for (Directive directive; reader.next(directive);) {
    const auto is = [&directive](std::string_view name) { return same_name(directive.name, name); };
    garbled = garbled || !directive.well_formed;
    for (const ResponseFlag& flag : kResponseFlags) {
      if (is(flag.name)) this->*flag.member = true;
    }
    if (is("no-cache")) note_fields(directive, no_cache, no_cache_fields);
    if (is("private")) note_fields(directive, is_private, private_fields);
    if (is("max-age")) note_age(directive, max_age);
    if (is("s-maxage")) note_age(directive, s_maxage);
    if (is("stale-while-revalidate")) note_allowance(directive, stale_while_revalidate);
    if (is("stale-if-error")) note_allowance(directive, stale_if_error);
  }
}

}  // namespace sluice::cache
