// SPDX-License-Identifier: MIT
#include "proxy/access/wall_time.h"

#include <catch2/catch.hpp>
#include <chrono>

namespace sluice::access {
namespace {

TEST_CASE("wall time: it is printed as RFC 3339 has it, and parsed back", "[access][wall_time]") {
  for (const char* text : {"1970-01-01T00:00:00Z", "2026-06-01T12:34:56Z", "2028-02-29T23:59:59Z",
                           "0000-01-01T00:00:00Z", "9999-12-31T23:59:59Z"}) {
    INFO(text);
    const std::optional<WallTime> time = parse_time(text);
    REQUIRE(time);
    CHECK(print_time(*time) == text);
  }
  CHECK(parse_time("2001-09-09T01:46:40Z")->time_since_epoch().count() == 1'000'000'000'000);
}

TEST_CASE("wall time: milliseconds are cut off, before 1970 too", "[access][wall_time]") {
  CHECK(print_time(WallTime(std::chrono::milliseconds{1999})) == "1970-01-01T00:00:01Z");
  CHECK(print_time(WallTime(std::chrono::milliseconds{-1})) == "1969-12-31T23:59:59Z");
}

TEST_CASE("wall time: what has no such year is printed as the nearest", "[access][wall_time]") {
  CHECK(print_time(WallTime::max()) == "9999-12-31T23:59:59Z");
  CHECK(print_time(WallTime::min()) == "0000-01-01T00:00:00Z");
}

TEST_CASE("wall time: anything else is refused", "[access][wall_time]") {
  for (const char* text :
       {"", "now", "2026-06-01", "2026-06-01T12:00:00", "2026-06-01 12:00:00Z",
        "2026-06-01T12:00:00z", "2026-06-01T12:00:00+", "2026-06-01T12:00:00Z ",
        "2026-00-01T12:00:00Z", "2026-13-01T12:00:00Z", "2026-06-31T12:00:00Z",
        "2026-02-29T12:00:00Z", "2026-06-00T12:00:00Z", "2026-06-01T24:00:00Z",
        "2026-06-01T12:60:00Z", "2026-06-01T12:00:60Z", "-026-06-01T12:00:00Z"}) {
    INFO(text);
    CHECK_FALSE(parse_time(text));
  }
}

}  // namespace
}  // namespace sluice::access
