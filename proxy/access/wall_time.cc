// SPDX-License-Identifier: MIT
#include "proxy/access/wall_time.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

namespace sluice::access {
namespace {

using std::chrono::days;
using std::chrono::seconds;
using std::chrono::sys_days;
using std::chrono::year_month_day;

constexpr std::string_view kShape = "0000-00-00T00:00:00Z";

constexpr WallTime kFirst = sys_days{std::chrono::year{0} / 1 / 1};
constexpr WallTime kLast = sys_days{std::chrono::year{10'000} / 1 / 1} - seconds{1};

// REQUIRES: digits.
int number(std::string_view digits) {
  int value = 0;
  for (const char c : digits) value = value * 10 + (c - '0');
  return value;
}

bool has_shape(std::string_view text) {
  return std::equal(text.begin(), text.end(), kShape.begin(), kShape.end(), [](char c, char shape) {
    return shape == '0' ? c >= '0' && c <= '9' : c == shape;
  });
}

}  // namespace

std::string print_time(WallTime time) {
  time = std::clamp(time, kFirst, kLast);
  const sys_days day = std::chrono::floor<days>(time);
  const year_month_day date(day);
  const std::chrono::hh_mm_ss clock(std::chrono::floor<seconds>(time - day));
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", int{date.year()},
                     unsigned{date.month()}, unsigned{date.day()}, clock.hours().count(),
                     clock.minutes().count(), clock.seconds().count());
}

std::optional<WallTime> parse_time(std::string_view text) {
  if (!has_shape(text)) return std::nullopt;
  const year_month_day date(std::chrono::year{number(text.substr(0, 4))},
                            std::chrono::month{static_cast<unsigned>(number(text.substr(5, 2)))},
                            std::chrono::day{static_cast<unsigned>(number(text.substr(8, 2)))});
  const int hour = number(text.substr(11, 2));
  const int minute = number(text.substr(14, 2));
  const int second = number(text.substr(17, 2));
  if (!date.ok() || hour > 23 || minute > 59 || second > 59) return std::nullopt;
  return sys_days{date} + std::chrono::hours{hour} + std::chrono::minutes{minute} + seconds{second};
}

}  // namespace sluice::access
