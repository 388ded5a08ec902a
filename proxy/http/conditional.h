// SPDX-License-Identifier: MIT
// Conditional requests (RFC 9110 13) as pure functions: given what a representation is validated
// by, may the request be answered with it, or has the client got it already. Nothing allocates.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "proxy/http/message.h"

namespace sluice::http {

struct Validators {
  std::string_view etag;                      // with its quotes, and W/ if it is weak; empty: none
  std::optional<std::int64_t> last_modified;  // seconds since 1970
  std::optional<std::int64_t> date;           // of the response that they came with, likewise
  // Since when it has been here, where what comes into another's place may have an older date.
  // Other dates before that than last_modified itself say nothing of it in If-Modified-Since.
  std::optional<std::int64_t> here_since = std::nullopt;
};

enum class Precondition : std::uint8_t {
  Holds,        // go on
  NotModified,  // 304
  Failed,       // 412
};

// RFC 9110 13.2.2, in its order. `now` reads dates with years of two digits. A field that cannot be
// read is ignored, as is a date where an entity tag is given too.
Precondition evaluate_conditions(const RequestHead& request, const Validators& validators,
                                 std::int64_t now);

// RFC 9110 13.1.5: whether Range is to be honoured; without If-Range it is. A weak tag never
// matches, nor does a date that is not exactly the one of last_modified, or that is weak itself.
bool range_condition_holds(const Fields& fields, const Validators& validators, std::int64_t now);

// RFC 9110 8.8.3.2: the strong comparison asks for two strong tags, the weak one for equal ones.
bool is_strong_etag(std::string_view etag);
// Whether the value of an ETag can stand in If-None-Match: a tag, or what an origin sends without
// quotes and takes for one. A "*" or a list there would mean something else.
bool is_condition(std::string_view etag);
bool etags_match_strongly(std::string_view a, std::string_view b);
bool etags_match_weakly(std::string_view a, std::string_view b);

// RFC 9110 8.8.2.2: whether Last-Modified is so long before the response's Date that no other
// representation has it.
bool is_strong_date(std::int64_t last_modified, std::int64_t date);

}  // namespace sluice::http
