// SPDX-License-Identifier: MIT
// HTTP dates (RFC 9110 5.6.7) as seconds since 1970-01-01 00:00:00 UTC. No clock, no locale, no
// time zone data.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace sluice::http {

inline constexpr std::size_t kHttpDateSize = 29;

// Writes the IMF-fixdate, "Sun, 06 Nov 1994 08:49:37 GMT". REQUIRES: room for kHttpDateSize bytes
// at `out`; years 0 to 9999, other times are clamped.
void write_http_date(char* out, std::int64_t seconds);

// Reads an IMF-fixdate, an RFC 850 date or an asctime date as their grammars have them, but in any
// case, as a cache should (RFC 9111 4.2).
// The day must exist in its month; the day of the week must be a name, but is not compared with the
// date. `now` decides the century of an RFC 850 year: the last one that is not more than 50 years
// ahead.
std::optional<std::int64_t> parse_http_date(std::string_view text, std::int64_t now);

}  // namespace sluice::http
