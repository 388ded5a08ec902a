// SPDX-License-Identifier: MIT
// RequestControl and ResponseControl: what the Cache-Control fields of a message say (RFC 9111
// 5.2.1 and 5.2.2, RFC 5861, RFC 8246), as values. Each field of the message is read in its turn.
//
// Where a message contradicts itself or cannot be understood, the stricter reading holds: an age
// that is no number is 0, so that what has it is stale, and of a number of seconds that stands
// twice the less permissive one counts. Views borrow from the field values; nothing allocates.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

namespace sluice::cache {

using Seconds = std::chrono::seconds;

// RFC 9111 1.2.2: what is larger, or does not fit, is this.
inline constexpr Seconds kLongestAge{2147483648};

// delta-seconds; nothing for what is no whole number.
std::optional<Seconds> parse_delta_seconds(std::string_view text);

struct RequestControl {
  void read(std::string_view field_value);

  bool no_cache = false;
  bool no_store = false;
  bool no_transform = false;
  bool only_if_cached = false;
  std::optional<Seconds> max_age;
  std::optional<Seconds> min_fresh;
  std::optional<Seconds> max_stale;  // kLongestAge: any staleness
  std::optional<Seconds> stale_if_error;
};

// Directives that name fields ("private=\"Set-Cookie\"") bind only these; their list is kept as it
// was sent. One that stands in both forms, names fields twice, names what is no field, or names
// them without the quotes that RFC 9111 5.2.2.4 and 5.2.2.7 ask for, binds the whole response.
struct ResponseControl {
  void read(std::string_view field_value);

  // Something stands there that is no directive, as in "private; max-age=600" or behind an open
  // quote: nobody can tell what it was to forbid.
  bool garbled = false;
  bool no_cache = false;
  bool no_store = false;
  bool no_transform = false;
  bool must_revalidate = false;
  bool proxy_revalidate = false;
  bool must_understand = false;
  bool is_private = false;
  bool is_public = false;
  bool immutable = false;
  std::string_view no_cache_fields;
  std::string_view private_fields;
  std::optional<Seconds> max_age;
  std::optional<Seconds> s_maxage;
  std::optional<Seconds> stale_while_revalidate;
  std::optional<Seconds> stale_if_error;
};

}  // namespace sluice::cache
