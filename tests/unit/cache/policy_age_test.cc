// SPDX-License-Identifier: MIT
// How old a response is (RFC 9111 4.2.3, 5.1).
#include <catch2/catch.hpp>

#include "tests/unit/cache/policy_rows.h"

namespace sluice::cache {
namespace {

struct AgeRow {
  const char* name;
  const char* response;
  Time delay;  // from the request to the response
  Time later;  // than the response
  Time age;
};

void check_ages(const std::vector<AgeRow>& rows) {
  for (const AgeRow& row : rows) {
    INFO(row.name << "\n" << row.response);
    const Terms terms = judge("", row.response, {}, row.delay).terms;
    CHECK(age_of(terms, kNow + row.later) == row.age);
  }
}

}  // namespace

TEST_CASE("policy: the age of a response", "[cache][policy]") {
  check_ages({
      {"RFC 9111 4.2.3: new when it comes", "Date: 0", 0, 0, 0},
      {"RFC 9111 4.2.3: resident time", "Date: 0", 0, 7, 7},
      {"RFC 9111 4.2.3: apparent age", "Date: -30", 0, 0, 30},
      {"RFC 9111 4.2.3: apparent age and resident time", "Date: -30", 0, 12, 42},
      {"RFC 9111 4.2.3: a Date ahead of us is no age", "Date: 30", 0, 0, 0},
      {"RFC 9111 4.2.3: nor is it taken off", "Date: 30", 0, 10, 10},
      {"RFC 9111 4.2.3: no Date, no apparent age", "", 0, 5, 5},
      {"RFC 9111 4.2.3: an unreadable Date, likewise", "Date: yesterday", 0, 5, 5},
      {"RFC 9111 4.2.3: Age", "Date: 0\nAge: 100", 0, 0, 100},
      {"RFC 9111 4.2.3: Age and resident time", "Date: 0\nAge: 100", 0, 20, 120},
      {"RFC 9111 4.2.3: Age without Date", "Age: 100", 0, 1, 101},
      {"RFC 9111 4.2.3: the larger one, Age", "Date: -30\nAge: 100", 0, 0, 100},
      {"RFC 9111 4.2.3: the larger one, apparent", "Date: -130\nAge: 100", 0, 0, 130},
      {"RFC 9111 4.2.3: the delay counts", "Date: 0", 4, 0, 4},
      {"RFC 9111 4.2.3: the delay is added to Age", "Date: 0\nAge: 100", 4, 0, 104},
      {"RFC 9111 4.2.3: the delay is not added to the apparent age", "Date: -130\nAge: 100", 4, 0,
       130},
      {"RFC 9111 4.2.3: Age and delay above the apparent age", "Date: -102\nAge: 100", 4, 0, 104},
      {"RFC 9111 4.2.3: all three", "Date: -102\nAge: 100", 4, 6, 110},
      {"RFC 9111 4.2.3: a clock that was set back in between", "Date: 0\nAge: 9", -5, 0, 9},
      {"RFC 9111 4.2.3: a clock that was set back since", "Date: 0\nAge: 9", 0, -50, 9},
      {"RFC 9111 4.2.3: of two Dates the earlier", "Date: -5\nDate: -70", 0, 0, 70},
  });
}

TEST_CASE("policy: Age is its first member, or nothing", "[cache][policy]") {
  check_ages({
      {"RFC 9111 5.1: 0", "Age: 0", 0, 0, 0},
      {"RFC 9111 5.1: no number", "Age: abc", 0, 0, 0},
      {"RFC 9111 5.1: negative", "Age: -7200", 0, 0, 0},
      {"RFC 9111 5.1: signed", "Age: +7200", 0, 0, 0},
      {"RFC 9111 5.1: a fraction", "Age: 7200.0", 0, 0, 0},
      {"RFC 9111 5.1: quoted", "Age: \"7200\"", 0, 0, 0},
      {"RFC 9111 5.1: empty", "Age: ", 0, 0, 0},
      {"RFC 9111 5.1: the first of a list, old", "Age: 7200, 0", 0, 0, 7200},
      {"RFC 9111 5.1: the first of a list, without blanks", "Age: 7200,0", 0, 0, 7200},
      {"RFC 9111 5.1: the first of a list, new", "Age: 0, 7200", 0, 0, 0},
      {"RFC 9111 5.1: the first line, old", "Age: 7200\nAge: 0", 0, 0, 7200},
      {"RFC 9111 5.1: the first line, new", "Age: 0\nAge: 7200", 0, 0, 0},
      {"RFC 9111 5.1: twice the same", "Age: 3600\nAge: 3600", 0, 0, 3600},
      {"RFC 9111 5.1: an empty member is none", "Age: , 60", 0, 0, 60},
      {"RFC 9111 5.1: an empty line is none", "Age: \nAge: 60", 0, 0, 60},
      {"RFC 9111 5.1: the first is no number, the second is not used", "Age: x, 60", 0, 0, 0},
      {"RFC 9111 5.1: a parameter", "Age: 7200;foo=bar", 0, 0, 0},
      {"RFC 9111 5.1: an argument", "Age: 7200=1", 0, 0, 0},
      {"RFC 9111 1.2.2: leading zeros", "Age: 0060", 0, 0, 60},
      {"RFC 9111 1.2.2: 2147483647", "Age: 2147483647", 0, 0, 2147483647},
      {"RFC 9111 1.2.2: 2147483648", "Age: 2147483648", 0, 0, 2147483648},
      {"RFC 9111 1.2.2: above", "Age: 2147483649", 0, 0, 2147483648},
      {"RFC 9111 1.2.2: far above", "Age: 99999999999999999999999", 0, 10, 2147483658},
  });
}

TEST_CASE("policy: freshness ends when the age reaches the lifetime", "[cache][policy]") {
  struct Left {
    const char* name;
    const char* response;
    Time later;
    Time left;
  };
  const std::vector<Left> rows = {
      {"RFC 9111 4.2: all of it", "Cache-Control: max-age=60\nDate: 0", 0, 60},
      {"RFC 9111 4.2: the last second", "Cache-Control: max-age=60\nDate: 0", 59, 1},
      {"RFC 9111 4.2: stale at the lifetime", "Cache-Control: max-age=60\nDate: 0", 60, 0},
      {"RFC 9111 4.2: stale for 40", "Cache-Control: max-age=60\nDate: 0", 100, -40},
      {"RFC 9111 4.2: Age takes its part", "Cache-Control: max-age=60\nDate: 0\nAge: 50", 0, 10},
      {"RFC 9111 4.2: stale when it came", "Cache-Control: max-age=60\nAge: 7200", 0, -7140},
      {"RFC 9111 4.2: Expires, and a slow Date", "Date: -10\nExpires: 10\nAge: 25", 0, -5},
      {"RFC 9111 4.2: Expires, and a fast Date", "Date: 10\nExpires: 20\nAge: 15", 0, -5},
      {"RFC 9111 4.2: Expires by the wall clock", "Date: -100\nExpires: 60", 50, 10},
      {"RFC 9111 4.2: a heuristic one", "Date: 0\nLast-Modified: -1000", 30, 70},
  };
  for (const Left& row : rows) {
    INFO(row.name << "\n" << row.response);
    CHECK(freshness_left(judge("", row.response).terms, kNow + row.later) == row.left);
  }
}

}  // namespace sluice::cache
