// SPDX-License-Identifier: MIT
// Durations, sizes and rates as an operator writes them: a whole number and a unit, nothing between
// them. Parsing is exact: what is printed parses to the same value. The error of a Result holds a
// sentence in `what` and nothing in `where`.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "conf/quantities.h"
#include "conf/result.h"

namespace sluice::conf {

// "250ms" "30s" "5m" "1h" "7d".
Result<Duration> parse_duration(std::string_view text);
std::string print(Duration duration);

// "512B" "64KiB" "1MiB" "2GiB" "1TiB" (powers of 1024), "10KB" "10MB" "1GB" "1TB" (of 1000).
Result<Bytes> parse_bytes(std::string_view text);
std::string print_bytes(Bytes bytes);

// "10/s" "100/m" "5000/h".
Result<Rate> parse_rate(std::string_view text);
std::string print(const Rate& rate);
Duration length(Period period);

// Regular expressions (ECMA 262) for what the parsers accept, for the JSON Schema.
inline constexpr std::string_view kDurationPattern = "^[0-9]+(ms|s|m|h|d)$";
inline constexpr std::string_view kBytesPattern = "^[0-9]+(B|KiB|MiB|GiB|TiB|KB|MB|GB|TB)$";
inline constexpr std::string_view kRatePattern = "^[0-9]+/(s|m|h)$";

// Examples that the hints show.
inline constexpr std::string_view kDurationExamples = R"("250ms", "30s", "5m", "1h")";
inline constexpr std::string_view kBytesExamples = R"("512B", "64KiB", "1MiB", "10MB")";
inline constexpr std::string_view kRateExamples = R"("10/s", "600/m", "5000/h")";

}  // namespace sluice::conf
