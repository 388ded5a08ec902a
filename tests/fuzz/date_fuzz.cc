// SPDX-License-Identifier: MIT
// HTTP dates: what is read can be written and read again as the same second, whatever its form; and
// the other way round, with the input as a number of seconds.
#include <algorithm>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>

#include "proxy/http/date.h"
#include "tests/fuzz/must.h"
#include "tests/fuzz/targets.h"
#include "tests/support/exact.h"

namespace sluice::fuzz {
namespace {

constexpr std::int64_t kFirst = -62167219200;  // 0000-01-01 00:00:00
constexpr std::int64_t kLast = 253402300799;   // 9999-12-31 23:59:59
constexpr std::int64_t kNow = 1'700'000'000;
constexpr std::int64_t kYear = 366 * 86400;

// Written into exactly the room that is asked for.
std::int64_t write_and_read(std::int64_t seconds) {
  const support::Exact room(std::string_view("-----------------------------"));
  MUST(room.view().size() == http::kHttpDateSize);
  http::write_http_date(const_cast<char*>(room.view().data()), seconds);
  const std::optional<std::int64_t> again = http::parse_http_date(room.view(), kNow);
  MUST(again.has_value());
  return *again;
}

void check_text(std::string_view text) {
  const support::Exact exact(text);
  const std::optional<std::int64_t> seconds = http::parse_http_date(exact.view(), kNow);
  if (!seconds) return;
  MUST(text.size() >= 24 && text.size() <= 33);
  // A leap second at the end of the year 9999 is the next second.
  MUST(*seconds >= kFirst && *seconds <= kLast + 1);
  MUST(write_and_read(*seconds) == std::min(*seconds, kLast));
  // The century of a year of two digits follows the clock, everything else does not.
  const std::optional<std::int64_t> later = http::parse_http_date(exact.view(), kNow + 100 * kYear);
  const bool two_digits = text.find('-') != std::string_view::npos;
  MUST(two_digits || later == seconds);
  MUST(!two_digits || *seconds <= kNow + 51 * kYear);
}

}  // namespace

void date(std::string_view bytes) {
  check_text(bytes);
  std::int64_t seconds = 0;
  std::memcpy(&seconds, bytes.data(), std::min(sizeof(seconds), bytes.size()));
  MUST(write_and_read(seconds) == std::clamp(seconds, kFirst, kLast));
  seconds %= kLast;
  MUST(write_and_read(seconds) == std::clamp(seconds, kFirst, kLast));
}

}  // namespace sluice::fuzz
