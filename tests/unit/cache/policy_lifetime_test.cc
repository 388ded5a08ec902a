// SPDX-License-Identifier: MIT
// How long a response is fresh (RFC 9111 4.2.1, 4.2.2).
#include <catch2/catch.hpp>

#include "tests/unit/cache/policy_rows.h"

namespace sluice::cache {
namespace {

struct LifetimeRow {
  const char* name;
  const char* response;
  Time lifetime;
};

void check_lifetimes(const std::vector<LifetimeRow>& rows) {
  for (const LifetimeRow& row : rows) {
    INFO(row.name << "\n" << row.response);
    CHECK(judge("", row.response).terms.lifetime == row.lifetime);
  }
}

}  // namespace

TEST_CASE("policy: max-age and s-maxage are the lifetime", "[cache][policy]") {
  check_lifetimes({
      {"RFC 9111 4.2.1: max-age", "Cache-Control: max-age=60", 60},
      {"RFC 9111 4.2.1: s-maxage", "Cache-Control: s-maxage=60", 60},
      {"RFC 9111 4.2.1: s-maxage before max-age", "Cache-Control: s-maxage=1, max-age=60", 1},
      {"RFC 9111 4.2.1: s-maxage behind max-age", "Cache-Control: max-age=60, s-maxage=1", 1},
      {"RFC 9111 4.2.1: a longer s-maxage", "Cache-Control: max-age=1, s-maxage=60", 60},
      {"RFC 9111 4.2.1: s-maxage on a line of its own",
       "Cache-Control: max-age=60\nCache-Control: s-maxage=1", 1},
      {"RFC 9111 4.2.1: s-maxage=0 beats max-age", "Cache-Control: max-age=60, s-maxage=0", 0},
      {"RFC 9111 5.2.2.1: max-age=0", "Cache-Control: max-age=0", 0},
      {"RFC 9111 5.2: names in any case", "Cache-Control: MaX-aGe=60", 60},
      {"RFC 9111 5.2: S-MAXAGE in any case", "Cache-Control: S-MaxAge=61, max-age=1", 61},
      {"RFC 9111 5.2: a quoted age", "Cache-Control: max-age=\"60\"", 60},
      {"RFC 9111 5.2: a quoted s-maxage", "Cache-Control: s-maxage=\"61\"", 61},
      {"RFC 9111 5.2: an age in single quotes", "Cache-Control: max-age='60'", 0},
      {"RFC 9111 5.2: an unknown directive beside", "Cache-Control: foobar, max-age=60", 60},
      {"RFC 9111 5.2: an unknown directive with a value", "Cache-Control: a=\"b, c\", max-age=60",
       60},
      {"RFC 9111 5.2: max-age within a quoted string before",
       "Cache-Control: ext=\"max-age=3600\", max-age=1", 1},
      {"RFC 9111 5.2: max-age within a quoted string behind",
       "Cache-Control: max-age=1, ext=\"max-age=3600\"", 1},
      {"RFC 9111 5.2: only within a quoted string", "Cache-Control: ext=\"max-age=3600\"", 0},
      {"RFC 9111 5.2: a name that ends in max-age", "Cache-Control: xmax-age=3600", 0},
      {"RFC 9111 5.2: empty members", "Cache-Control: ,, max-age=60 ,", 60},
      {"RFC 9111 5.2: no blank behind the comma", "Cache-Control: public,max-age=60", 60},
      {"RFC 9111 5.2: a tab around the comma", "Cache-Control: public\t,\tmax-age=60", 60},
      {"RFC 9111 4.2.1: of two ages the lesser, last", "Cache-Control: max-age=60, max-age=1", 1},
      {"RFC 9111 4.2.1: of two ages the lesser, first", "Cache-Control: max-age=1, max-age=60", 1},
      {"RFC 9111 4.2.1: of two lines the first",
       "Cache-Control: max-age=2\nCache-Control: max-age=60", 2},
      {"RFC 9111 4.2.1: of two s-maxage the first", "Cache-Control: s-maxage=3, s-maxage=60", 3},
      {"RFC 9111 4.2.1: one of two cannot be read", "Cache-Control: max-age=x, max-age=60", 0},
      {"RFC 9111 1.2.2: leading zeros", "Cache-Control: max-age=000060", 60},
      {"RFC 9111 1.2.2: 2147483647", "Cache-Control: max-age=2147483647", 2147483647},
      {"RFC 9111 1.2.2: 2147483648", "Cache-Control: max-age=2147483648", 2147483648},
      {"RFC 9111 1.2.2: an age above that", "Cache-Control: max-age=99999999999", 2147483648},
      {"RFC 9111 1.2.2: an age that fits nowhere",
       "Cache-Control: max-age=99999999999999999999999999", 2147483648},
      {"RFC 9111 1.2.2: negative", "Cache-Control: max-age=-60", 0},
      {"RFC 9111 1.2.2: with a sign", "Cache-Control: max-age=+60", 0},
      {"RFC 9111 1.2.2: a fraction of nothing", "Cache-Control: max-age=60.0", 0},
      {"RFC 9111 1.2.2: a fraction", "Cache-Control: max-age=60.5", 0},
      {"RFC 9111 1.2.2: letters before", "Cache-Control: max-age=a60", 0},
      {"RFC 9111 1.2.2: letters behind", "Cache-Control: max-age=60s", 0},
      {"RFC 9111 1.2.2: hexadecimal", "Cache-Control: max-age=0x60", 0},
      {"RFC 9111 5.2: a blank before the equals sign", "Cache-Control: max-age =60", 0},
      {"RFC 9111 5.2: a blank behind the equals sign", "Cache-Control: max-age= 60", 0},
      {"RFC 9111 5.2.2.1: no value", "Cache-Control: max-age", 0},
      {"RFC 9111 5.2.2.1: an empty value", "Cache-Control: max-age=", 0},
      {"RFC 9111 5.2.2.10: s-maxage that cannot be read", "Cache-Control: s-maxage=x, max-age=60",
       0},
      {"RFC 9111 4.2.1: what cannot be read is no reason to look at Expires",
       "Cache-Control: max-age=x\nDate: 0\nExpires: 60", 0},
  });
}

TEST_CASE("policy: Expires is the lifetime where Cache-Control names none", "[cache][policy]") {
  check_lifetimes({
      {"RFC 9111 5.3: in the future", "Date: 0\nExpires: 60", 60},
      {"RFC 9111 5.3: now", "Date: 0\nExpires: 0", 0},
      {"RFC 9111 5.3: in the past", "Date: 0\nExpires: -60", 0},
      {"RFC 9111 5.3: max-age wins over a past one",
       "Cache-Control: max-age=60\nDate: 0\nExpires: -10000", 60},
      {"RFC 9111 5.3: max-age wins over an unreadable one",
       "Cache-Control: max-age=60\nDate: 0\nExpires: zero", 60},
      {"RFC 9111 5.3: max-age=0 wins over a future one",
       "Cache-Control: max-age=0\nDate: 0\nExpires: 10000", 0},
      {"RFC 9111 5.3: s-maxage wins", "Cache-Control: s-maxage=5\nDate: 0\nExpires: 10000", 5},
      {"RFC 9111 5.3: other directives leave it", "Cache-Control: public\nDate: 0\nExpires: 60",
       60},
      {"RFC 9111 5.3: what cannot be read is in the past", "Date: 0\nExpires: 0 GMT", 0},
      {"RFC 9111 5.3: and leaves nothing to heuristics",
       "Date: 0\nLast-Modified: -86400\nExpires: never", 0},
      {"RFC 9111 4.2.1: counted from Date, which is slow", "Date: -100\nExpires: 60", 160},
      {"RFC 9111 4.2.1: counted from Date, which is fast", "Date: 40\nExpires: 60", 20},
      {"RFC 9111 4.2.1: before a Date in the future", "Date: 400\nExpires: 300", 0},
      {"RFC 9110 6.6.1: no Date is now", "Expires: 60", 60},
      {"RFC 9110 6.6.1: an unreadable Date is now", "Date: foo\nExpires: 60", 60},
      {"RFC 9111 4.2.1: of several the earliest, which is first",
       "Date: 0\nExpires: 10\nExpires: 60", 10},
      {"RFC 9111 4.2.1: of several the earliest, which is last",
       "Date: 0\nExpires: 60\nExpires: 10", 10},
      {"RFC 9111 4.2.1: of several one cannot be read", "Date: 0\nExpires: 60\nExpires: x", 0},
      {"RFC 9111 5.3: far in the future", "Date: 0\nExpires: 100000000000", 100000000000},
  });
}

TEST_CASE("policy: the time of a date that cannot be read is not looked at", "[cache][policy]") {
  ResponseFacts facts;
  facts.status = 200;
  facts.expires = {true, false, kNow + 60};
  facts.date = {true, false, kNow - 7};
  facts.last_modified = {true, false, kNow - 1000};
  const Terms terms = judge_response({}, facts, {}, kNow, kNow).terms;
  CHECK(terms.lifetime == 0);
  CHECK(terms.initial_age == 0);
  CHECK_FALSE(terms.has_validator);
  facts.expires = {};
  CHECK(judge_response({}, facts, {}, kNow, kNow).terms.lifetime == 0);
}

TEST_CASE("policy: without a lifetime a tenth of the time unchanged is one", "[cache][policy]") {
  check_lifetimes({
      {"RFC 9111 4.2.2: a tenth", "Date: 0\nLast-Modified: -1000", 100},
      {"RFC 9111 4.2.2: rounded down", "Date: 0\nLast-Modified: -1099", 109},
      {"RFC 9111 4.2.2: less than ten seconds", "Date: 0\nLast-Modified: -9", 0},
      {"RFC 9111 4.2.2: a tenth of ten seconds", "Date: 0\nLast-Modified: -10", 1},
      {"RFC 9111 4.2.2: ten days are a day", "Date: 0\nLast-Modified: -864000", 86400},
      {"RFC 9111 4.2.2: a year is a day, too", "Date: 0\nLast-Modified: -31536000", 86400},
      {"RFC 9111 4.2.2: since 1970", "Date: 0\nLast-Modified: -1700000000", 86400},
      {"RFC 9111 4.2.2: no Date is now", "Last-Modified: -1000", 100},
      {"RFC 9111 4.2.2: an unreadable Date is now", "Date: x\nLast-Modified: -1000", 100},
      {"RFC 9111 4.2.2: counted up to Date", "Date: -500\nLast-Modified: -1000", 50},
      {"RFC 9111 4.2.2: a Date ahead adds nothing", "Date: 90000\nLast-Modified: -1000", 100},
      {"RFC 9111 4.2.2: modified in the future", "Date: 0\nLast-Modified: 1000", 0},
      {"RFC 9111 4.2.2: modified now", "Date: 0\nLast-Modified: 0", 0},
      {"RFC 9111 4.2.2: an unreadable Last-Modified", "Date: 0\nLast-Modified: x", 0},
      {"RFC 9111 4.2.2: nothing to go by", "Date: 0", 0},
      {"RFC 9111 4.2.2: an ETag alone is no age", "Date: 0\nETag: \"a\"", 0},
      {"RFC 9111 4.2.2: max-age=0 leaves nothing to guess",
       "Cache-Control: max-age=0\nDate: 0\nLast-Modified: -1000", 0},
      {"RFC 9111 4.2.2: max-age that cannot be read, too",
       "Cache-Control: max-age=x\nDate: 0\nLast-Modified: -1000", 0},
      {"RFC 9111 4.2.2: a past Expires leaves nothing to guess",
       "Date: 0\nExpires: -1\nLast-Modified: -1000", 0},
      {"RFC 9111 4.2.2: not for 201", "201\nDate: 0\nLast-Modified: -86400", 0},
      {"RFC 9111 4.2.2: not for 599", "599\nDate: 0\nLast-Modified: -86400", 0},
      {"RFC 9111 5.2.2.9: for 599 with public",
       "599\nCache-Control: public\nDate: 0\nLast-Modified: -86400", 8640},
      {"RFC 9111 5.2.2.9: for 201 with public",
       "201\nCache-Control: public\nDate: 0\nLast-Modified: -1000", 100},
  });
}

}  // namespace sluice::cache
