// SPDX-License-Identifier: MIT
#include "conf/units.h"

#include <catch2/catch.hpp>
#include <regex>
#include <string>

namespace sluice::conf {
namespace {

TEST_CASE("units: durations are read exactly and printed in the largest unit", "[conf][units]") {
  struct Row {
    std::string text;
    long long milliseconds;
    std::string printed;
  };
  const Row rows[] = {
      {"0s", 0, "0ms"},
      {"1ms", 1, "1ms"},
      {"250ms", 250, "250ms"},
      {"1000ms", 1000, "1s"},
      {"30s", 30'000, "30s"},
      {"90s", 90'000, "90s"},
      {"5m", 300'000, "5m"},
      {"60m", 3'600'000, "1h"},
      {"1h", 3'600'000, "1h"},
      {"24h", 86'400'000, "1d"},
      {"7d", 604'800'000, "7d"},
      {"007s", 7000, "7s"},
      {"9223372036854775807ms", 9223372036854775807LL, "9223372036854775807ms"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.text);
    const Result<Duration> value = parse_duration(row.text);
    REQUIRE(value);
    CHECK(value->count() == row.milliseconds);
    CHECK(print(*value) == row.printed);
    CHECK(std::regex_match(row.text, std::regex(std::string(kDurationPattern))));
    const Result<Duration> again = parse_duration(print(*value));
    REQUIRE(again);
    CHECK(*again == *value);
  }
}

TEST_CASE("units: sizes are read exactly and printed in the largest unit that divides",
          "[conf][units]") {
  struct Row {
    std::string text;
    Bytes bytes;
    std::string printed;
  };
  const Row rows[] = {
      {"0B", 0, "0B"},
      {"512B", 512, "512B"},
      {"1024B", 1024, "1KiB"},
      {"64KiB", 65536, "64KiB"},
      {"1MiB", 1048576, "1MiB"},
      {"2GiB", Bytes{2} << 30, "2GiB"},
      {"1TiB", Bytes{1} << 40, "1TiB"},
      {"10KB", 10'000, "10KB"},
      {"10MB", 10'000'000, "10MB"},
      {"1GB", 1'000'000'000, "1GB"},
      {"3TB", 3'000'000'000'000, "3TB"},
      {"1024KB", 1'024'000, "1000KiB"},
      {"18446744073709551615B", ~Bytes{0}, "18446744073709551615B"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.text);
    const Result<Bytes> value = parse_bytes(row.text);
    REQUIRE(value);
    CHECK(*value == row.bytes);
    CHECK(print_bytes(*value) == row.printed);
    CHECK(std::regex_match(row.text, std::regex(std::string(kBytesPattern))));
  }
}

TEST_CASE("units: rates keep their period", "[conf][units]") {
  struct Row {
    std::string text;
    std::uint64_t events;
    Period period;
    Duration length;
  };
  const Row rows[] = {{"10/s", 10, Period::Second, std::chrono::seconds(1)},
                      {"100/m", 100, Period::Minute, std::chrono::minutes(1)},
                      {"5000/h", 5000, Period::Hour, std::chrono::hours(1)},
                      {"0/s", 0, Period::Second, std::chrono::seconds(1)}};
  for (const Row& row : rows) {
    CAPTURE(row.text);
    const Result<Rate> value = parse_rate(row.text);
    REQUIRE(value);
    CHECK(*value == Rate{row.events, row.period});
    CHECK(print(*value) == row.text);
    CHECK(length(value->period) == row.length);
  }
}

TEST_CASE("units: what is no quantity is told why", "[conf][units]") {
  struct Row {
    std::string text;
    std::string why;
  };
  const Row durations[] = {
      {"", R"("" does not begin with a number)"},
      {"s", R"("s" does not begin with a number)"},
      {"-5s", R"("-5s" does not begin with a number)"},
      {" 5s", R"(" 5s" does not begin with a number)"},
      {"5", R"("5" has no unit)"},
      {"1.5s", R"("1.5s" is not a whole number with a unit)"},
      {"5sec", R"("5sec" has the unknown unit "sec" (units: d, h, m, s, ms))"},
      {"5S", R"("5S" has the unknown unit "S" (units: d, h, m, s, ms))"},
      {"5 s", R"("5 s" has the unknown unit " s" (units: d, h, m, s, ms))"},
      {"1h30m", R"("1h30m" has the unknown unit "h30m" (units: d, h, m, s, ms))"},
      {"9223372036854775808ms", R"("9223372036854775808ms" is too large)"},
      {"106751991168d", R"("106751991168d" is too large)"},
      {"99999999999999999999s", R"("99999999999999999999s" is too large)"},
  };
  for (const Row& row : durations) {
    const Result<Duration> value = parse_duration(row.text);
    REQUIRE_FALSE(value);
    CHECK(value.error().what == row.why);
    CHECK(value.error().where.empty());
    CHECK_FALSE(std::regex_match(row.text + "!", std::regex(std::string(kDurationPattern))));
  }
  const Row sizes[] = {
      {"64k",
       "\"64k\" has the unknown unit \"k\" "
       "(units: TiB, TB, GiB, GB, MiB, MB, KiB, KB, B)"},
      {"64", R"("64" has no unit)"},
      {"16777216TiB", R"("16777216TiB" is too large)"},
  };
  for (const Row& row : sizes) {
    const Result<Bytes> value = parse_bytes(row.text);
    REQUIRE_FALSE(value);
    CHECK(value.error().what == row.why);
  }
  const Row rates[] = {
      {"", R"("" does not begin with a number)"},
      {"10", R"("10" has no period)"},
      {"10s", R"("10s" has no period)"},
      {"10/", R"("10/" has the unknown period "" (periods: s, m, h))"},
      {"10/d", R"("10/d" has the unknown period "d" (periods: s, m, h))"},
      {"99999999999999999999/s", R"("99999999999999999999/s" is too large)"},
  };
  for (const Row& row : rates) {
    const Result<Rate> value = parse_rate(row.text);
    REQUIRE_FALSE(value);
    CHECK(value.error().what == row.why);
  }
}

}  // namespace
}  // namespace sluice::conf
