// SPDX-License-Identifier: MIT
#include "proxy/http/date.h"

#include <catch2/catch.hpp>
#include <string>
#include <string_view>

namespace sluice::http {
namespace {

constexpr std::int64_t kNovember2025 = 1764000000;

std::string written(std::int64_t seconds) {
  std::string out(kHttpDateSize, '\0');
  write_http_date(out.data(), seconds);
  return out;
}

constexpr struct {
  std::int64_t seconds;
  std::string_view text;
} kDates[] = {
    {784111777, "Sun, 06 Nov 1994 08:49:37 GMT"},
    {0, "Thu, 01 Jan 1970 00:00:00 GMT"},
    {-1, "Wed, 31 Dec 1969 23:59:59 GMT"},
    {951782400, "Tue, 29 Feb 2000 00:00:00 GMT"},
    {1709251199, "Thu, 29 Feb 2024 23:59:59 GMT"},
    {2147483648, "Tue, 19 Jan 2038 03:14:08 GMT"},
    {253402300799, "Fri, 31 Dec 9999 23:59:59 GMT"},
    {-62167219200, "Sat, 01 Jan 0000 00:00:00 GMT"},
};

constexpr std::string_view kBad[] = {
    "",
    "0",
    "Sun",
    "Sun,",
    "Sun, 06 Nov 1994 08:49:37",
    "Sun, 06 Nov 1994 08:49:37 UTC",
    "Sun, 06 Nov 1994 08:49:37 +0000",
    "Sun, 06 Nov 1994 08:49:37 GMT ",
    " Sun, 06 Nov 1994 08:49:37 GMT",
    "Sun 06 Nov 1994 08:49:37 GMT",
    "Son, 06 Nov 1994 08:49:37 GMT",
    "Sun, 6 Nov 1994 08:49:37 GMT",
    "Sun, 06 Now 1994 08:49:37 GMT",
    "Sun, 06 Nov 94 08:49:37 GMT",
    "Sun, 06 Nov 1994 8:49:37 GMT",
    "Sun, 06 Nov 1994 24:00:00 GMT",
    "Sun, 06 Nov 1994 08:60:00 GMT",
    "Sun, 06 Nov 1994 08:49:61 GMT",
    "Sun, 00 Nov 1994 08:49:37 GMT",
    "Sun, 31 Nov 1994 08:49:37 GMT",
    "Sun, 29 Feb 2023 08:49:37 GMT",
    "Sun, +6 Nov 1994 08:49:37 GMT",
    "Sunday, 06 Nov 1994 08:49:37 GMT",
    "Sunday, 06-Nov-1994 08:49:37 GMT",
    "Sun, 06-Nov-94 08:49:37 GMT",
    "Sunday, 06-Nov-94 08:49:37",
    "Sun Nov 6 08:49:37 1994",
    "Sun Nov  6 08:49:37 94",
    "Sun Nov  6 08:49:37 1994 GMT",
    "Sunday Nov  6 08:49:37 1994",
};

}  // namespace

TEST_CASE("date: IMF-fixdates are written, and read back", "[http][date]") {
  for (const auto& row : kDates) {
    CHECK(written(row.seconds) == row.text);
    CHECK(parse_http_date(row.text, kNovember2025) == row.seconds);
  }
  CHECK(written(INT64_MAX) == "Fri, 31 Dec 9999 23:59:59 GMT");
  CHECK(written(INT64_MIN) == "Sat, 01 Jan 0000 00:00:00 GMT");
}

TEST_CASE("date: every day of four centuries makes the round trip", "[http][date]") {
  int wrong = 0;
  for (std::int64_t day = -30000; day < 120000; day += 7) {
    const std::int64_t seconds = day * 86400 + (day * 7919 % 86400 + 86400) % 86400;
    wrong += parse_http_date(written(seconds), kNovember2025) != seconds;
  }
  CHECK(wrong == 0);
}

TEST_CASE("date: the two obsolete forms are read", "[http][date]") {
  CHECK(parse_http_date("Sunday, 06-Nov-94 08:49:37 GMT", kNovember2025) == 784111777);
  CHECK(parse_http_date("Sun Nov  6 08:49:37 1994", kNovember2025) == 784111777);
  CHECK(parse_http_date("Wed Nov 16 08:49:37 1994", kNovember2025) == 784975777);
  CHECK(parse_http_date("Wednesday, 16-Nov-94 08:49:37 GMT", kNovember2025) == 784975777);
  CHECK(parse_http_date("Sat, 31 Dec 2016 23:59:60 GMT", kNovember2025) == 1483228800);
}

TEST_CASE("date: every form is read in any case", "[http][date]") {  // RFC 9111 4.2
  CHECK(parse_http_date("sun, 06 nov 1994 08:49:37 gmt", kNovember2025) == 784111777);
  CHECK(parse_http_date("SUN, 06 NOV 1994 08:49:37 GMT", kNovember2025) == 784111777);
  CHECK(parse_http_date("sunday, 06-nOV-94 08:49:37 Gmt", kNovember2025) == 784111777);
  CHECK(parse_http_date("sun NOV  6 08:49:37 1994", kNovember2025) == 784111777);
}

TEST_CASE("date: two-digit years lie at most fifty years ahead", "[http][date]") {
  const auto year_of = [](std::string_view text, std::int64_t now) {
    return written(parse_http_date(text, now).value()).substr(12, 4);
  };
  CHECK(year_of("Sunday, 01-Jan-25 00:00:00 GMT", kNovember2025) == "2025");
  CHECK(year_of("Sunday, 01-Jan-75 00:00:00 GMT", kNovember2025) == "2075");
  CHECK(year_of("Sunday, 01-Jan-76 00:00:00 GMT", kNovember2025) == "1976");
  CHECK(year_of("Sunday, 01-Jan-99 00:00:00 GMT", kNovember2025) == "1999");
  CHECK(year_of("Sunday, 01-Jan-00 00:00:00 GMT", kNovember2025) == "2000");
  CHECK(year_of("Sunday, 01-Jan-00 00:00:00 GMT", 4102444800) == "2100");
}

TEST_CASE("date: what is not exactly a date is none", "[http][date]") {
  for (const std::string_view text : kBad) {
    INFO(std::string(text));
    CHECK_FALSE(parse_http_date(text, kNovember2025));
  }
}

}  // namespace sluice::http
