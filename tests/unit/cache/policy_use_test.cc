// SPDX-License-Identifier: MIT
// Whether a stored response may answer a request (RFC 9111 4, 5.2.1; RFC 5861 3; RFC 8246).
#include <catch2/catch.hpp>

#include "tests/unit/cache/policy_rows.h"

namespace sluice::cache {
namespace {

struct UseRow {
  const char* name;
  const char* response;
  const char* request;
  Time later;  // than the response came
  Use use;
};

std::string_view to_word(Use use) {
  constexpr std::string_view kWords[] = {"fresh", "stale-while-revalidate", "stale", "validate"};
  return kWords[static_cast<std::size_t>(use)];
}

void check_uses(const std::vector<UseRow>& rows, bool marked_stale = false) {
  for (const UseRow& row : rows) {
    INFO(row.name << "\n" << row.response << "\n" << row.request);
    const Terms terms = judge("", row.response).terms;
    const RequestControl request = read_request(row.request).control;
    const Use use = judge_use(terms, request, kNow + row.later, marked_stale);
    CHECK(to_word(use) == to_word(row.use));
  }
}

constexpr const char* kMinute = "Cache-Control: max-age=60\nETag: \"a\"";
constexpr const char* kAged = "Cache-Control: max-age=1500\nAge: 1000";

}  // namespace

TEST_CASE("policy: what is fresh answers, what is stale is validated", "[cache][policy]") {
  check_uses({
      {"RFC 9111 4: fresh at once", kMinute, "", 0, Use::Fresh},
      {"RFC 9111 4: fresh in the last second", kMinute, "", 59, Use::Fresh},
      {"RFC 9111 4: stale at its lifetime", kMinute, "", 60, Use::Validate},
      {"RFC 9111 4: stale since long", kMinute, "", 100000, Use::Validate},
      {"RFC 9111 4: fresh for as long as can be said", "Cache-Control: max-age=2147483648", "",
       2147483647, Use::Fresh},
      {"RFC 9111 4: fresh though our clock trembles", kMinute, "", -2, Use::Fresh},
      {"RFC 9111 4: of what age it is a clock that was set back does not say", kMinute, "", -3,
       Use::Validate},
      {"RFC 5861 3: so it is stale since now",
       "Cache-Control: max-age=60, stale-while-revalidate=30", "", -3, Use::StaleWhileRevalidate},
      {"RFC 9111 5.2.1.2: nor how stale it is", kMinute, "Cache-Control: max-stale=10", -3,
       Use::Validate},
      {"RFC 9111 4.2: an ETag alone is validated", "ETag: \"a\"", "", 0, Use::Validate},
      {"RFC 9111 4.2: max-age=0 is validated", "Cache-Control: max-age=0\nETag: \"a\"", "", 0,
       Use::Validate},
      {"RFC 9111 4.2.2: fresh by guess", "Date: 0\nLast-Modified: -1000", "", 99, Use::Fresh},
      {"RFC 9111 4.2.2: stale by guess", "Date: 0\nLast-Modified: -1000", "", 100, Use::Validate},
      {"RFC 9111 5.2.2.4: no-cache is validated", "Cache-Control: max-age=60, no-cache", "", 0,
       Use::Validate},
      {"RFC 9111 5.2.2.4: No-CaChE, too", "Cache-Control: max-age=60, No-CaChE", "", 0,
       Use::Validate},
      {"RFC 9111 5.2.2.4: whatever the request takes", "Cache-Control: max-age=60, no-cache",
       "Cache-Control: max-stale", 0, Use::Validate},
      {"RFC 9111 5.2.2.4: with fields it is not", "Cache-Control: max-age=60, no-cache=\"a\"", "",
       0, Use::Fresh},
      {"RFC 9111 5.2.2.2: must-revalidate says nothing of what is fresh",
       "Cache-Control: max-age=60, must-revalidate", "", 59, Use::Fresh},
      {"RFC 9111 5.2.2.8: nor does proxy-revalidate", "Cache-Control: max-age=60, proxy-revalidate",
       "", 59, Use::Fresh},
      {"RFC 9111 5.2.2.10: nor does s-maxage", "Cache-Control: s-maxage=60", "", 59, Use::Fresh},
  });
}

TEST_CASE("policy: a request may ask for more than freshness", "[cache][policy]") {
  check_uses({
      {"RFC 9111 5.2.1.4: no-cache", kMinute, "Cache-Control: no-cache", 1, Use::Validate},
      {"RFC 9111 5.2.1.4: NO-CACHE", kMinute, "Cache-Control: NO-CACHE", 1, Use::Validate},
      {"RFC 9111 5.2.1.4: no-cache among others", kMinute, "Cache-Control: max-stale, no-cache", 1,
       Use::Validate},
      {"RFC 9111 5.2.1.5: no-store says nothing of what is stored", kMinute,
       "Cache-Control: no-store", 1, Use::Fresh},
      {"RFC 9111 5.2.1.7: only-if-cached, fresh", kMinute, "Cache-Control: only-if-cached", 1,
       Use::Fresh},
      {"RFC 9111 5.2.1.7: only-if-cached, stale", kMinute, "Cache-Control: only-if-cached", 61,
       Use::Validate},
      {"RFC 9111 5.4: Pragma", kMinute, "Pragma: no-cache", 1, Use::Validate},
      {"RFC 9111 5.4: Pragma: No-Cache among others", kMinute, "Pragma: a=b, No-Cache", 1,
       Use::Validate},
      {"RFC 9111 5.4: Pragma, unknown", kMinute, "Pragma: unknown", 1, Use::Fresh},
      {"RFC 9111 5.4: Pragma beside Cache-Control", kMinute,
       "Pragma: no-cache\nCache-Control: max-age=30", 1, Use::Fresh},
      {"RFC 9111 5.4: Pragma beside an empty Cache-Control", kMinute,
       "Pragma: no-cache\nCache-Control: ", 1, Use::Fresh},
      {"RFC 9111 5.4: Pragma of the response is nothing",
       "Cache-Control: max-age=60\nPragma: "
       "no-cache",
       "", 1, Use::Fresh},
      {"RFC 9111 5.2.1.1: max-age, young enough", kMinute, "Cache-Control: max-age=30", 30,
       Use::Fresh},
      {"RFC 9111 5.2.1.1: max-age, too old", kMinute, "Cache-Control: max-age=30", 31,
       Use::Validate},
      {"RFC 9111 5.2.1.1: max-age above the lifetime adds nothing", kMinute,
       "Cache-Control: max-age=600", 61, Use::Validate},
      {"RFC 9111 5.2.1.1: max-age=0", kMinute, "Cache-Control: max-age=0", 1, Use::Validate},
      {"RFC 9111 5.2.1.1: max-age=0 within the same second", kMinute, "Cache-Control: max-age=0", 0,
       Use::Validate},
      {"RFC 9111 5.2.1.1: max-age that cannot be read", kMinute, "Cache-Control: max-age=x", 1,
       Use::Validate},
      {"RFC 9111 5.2.1.1: max-age counts Age", kAged, "Cache-Control: max-age=600", 0,
       Use::Validate},
      {"RFC 9111 5.2.1.1: max-age above Age", kAged, "Cache-Control: max-age=1000", 0, Use::Fresh},
      {"RFC 9111 5.2.1.3: min-fresh, enough left", kMinute, "Cache-Control: min-fresh=30", 30,
       Use::Fresh},
      {"RFC 9111 5.2.1.3: min-fresh, not enough left", kMinute, "Cache-Control: min-fresh=30", 31,
       Use::Validate},
      {"RFC 9111 5.2.1.3: min-fresh above the lifetime", kMinute, "Cache-Control: min-fresh=61", 0,
       Use::Validate},
      {"RFC 9111 5.2.1.3: min-fresh counts Age", kAged, "Cache-Control: min-fresh=1000", 0,
       Use::Validate},
      {"RFC 9111 5.2.1.3: min-fresh below what Age leaves", kAged, "Cache-Control: min-fresh=500",
       0, Use::Fresh},
      {"RFC 9111 5.2.1.3: min-fresh=0", kMinute, "Cache-Control: min-fresh=0", 59, Use::Fresh},
      {"RFC 9111 5.2.1.3: min-fresh that cannot be read", kMinute, "Cache-Control: min-fresh=x", 59,
       Use::Fresh},
  });
}

TEST_CASE("policy: a request may take what is stale", "[cache][policy]") {
  check_uses({
      {"RFC 9111 5.2.1.2: any staleness", kMinute, "Cache-Control: max-stale", 1000000,
       Use::StaleAllowed},
      {"RFC 9111 5.2.1.2: any, also more than can be said", kMinute, "Cache-Control: max-stale",
       3000000000, Use::StaleAllowed},
      {"RFC 9111 5.2.1.2: just stale", kMinute, "Cache-Control: max-stale=0", 60,
       Use::StaleAllowed},
      {"RFC 9111 5.2.1.2: stale for as long as that", kMinute, "Cache-Control: max-stale=10", 70,
       Use::StaleAllowed},
      {"RFC 9111 5.2.1.2: stale for longer", kMinute, "Cache-Control: max-stale=10", 71,
       Use::Validate},
      {"RFC 9111 5.2.1.2: fresh is fresh", kMinute, "Cache-Control: max-stale=10", 59, Use::Fresh},
      {"RFC 9111 5.2.1.2: stale by its Age", "Cache-Control: max-age=1500\nAge: 2000",
       "Cache-Control: max-stale=1000", 0, Use::StaleAllowed},
      {"RFC 9111 5.2.1.2: a number that cannot be read allows nothing", kMinute,
       "Cache-Control: max-stale=x", 60, Use::Validate},
      {"RFC 9111 5.2.1.2: an empty one neither", kMinute, "Cache-Control: max-stale=", 60,
       Use::Validate},
      {"RFC 9111 5.2.1.2: beside max-age", kMinute, "Cache-Control: max-age=90, max-stale=60", 90,
       Use::StaleAllowed},
      {"RFC 9111 5.2.1.2: older than the max-age beside", kMinute,
       "Cache-Control: max-age=90, max-stale=60", 91, Use::Validate},
      {"RFC 9111 5.2.1.3: min-fresh contradicts", kMinute, "Cache-Control: min-fresh=1, max-stale",
       60, Use::Validate},
      {"RFC 9111 5.2.1.7: with only-if-cached", kMinute, "Cache-Control: only-if-cached, max-stale",
       600, Use::StaleAllowed},
      {"RFC 9111 5.2.2.2: must-revalidate forbids it", "Cache-Control: max-age=60, must-revalidate",
       "Cache-Control: max-stale", 60, Use::Validate},
      {"RFC 9111 5.2.2.8: proxy-revalidate forbids it",
       "Cache-Control: max-age=60, proxy-revalidate", "Cache-Control: max-stale", 60,
       Use::Validate},
      {"RFC 9111 5.2.2.10: s-maxage forbids it", "Cache-Control: s-maxage=60",
       "Cache-Control: max-stale", 60, Use::Validate},
      {"RFC 9111 5.2.2.10: s-maxage that cannot be read forbids it", "Cache-Control: s-maxage=x",
       "Cache-Control: max-stale", 60, Use::Validate},
  });
}

TEST_CASE("policy: stale while it is refreshed", "[cache][policy]") {
  constexpr const char* kGrace = "Cache-Control: max-age=60, stale-while-revalidate=30";
  constexpr auto kStale = Use::StaleWhileRevalidate;
  check_uses({
      {"RFC 5861 3: fresh before", kGrace, "", 59, Use::Fresh},
      {"RFC 5861 3: from the lifetime on", kGrace, "", 60, kStale},
      {"RFC 5861 3: to its last second", kGrace, "", 89, kStale},
      {"RFC 5861 3: not beyond", kGrace, "", 90, Use::Validate},
      {"RFC 5861 3: 0 is nothing", "Cache-Control: max-age=60, stale-while-revalidate=0", "", 60,
       Use::Validate},
      {"RFC 5861 3: behind no lifetime", "Cache-Control: max-age=0, stale-while-revalidate=30", "",
       29, kStale},
      {"RFC 5861 3: quoted", "Cache-Control: max-age=60, stale-while-revalidate=\"30\"", "", 60,
       kStale},
      {"RFC 5861 3: unreadable is nothing", "Cache-Control: max-age=60, stale-while-revalidate=x",
       "", 60, Use::Validate},
      {"RFC 5861 3: without a number is nothing",
       "Cache-Control: max-age=60, stale-while-revalidate", "", 60, Use::Validate},
      {"RFC 5861 3: behind Expires",
       "Cache-Control: stale-while-revalidate=30\nDate: 0\nExpires: "
       "60",
       "", 60, kStale},
      {"RFC 5861 3: must-revalidate forbids it",
       "Cache-Control: max-age=60, must-revalidate, stale-while-revalidate=30", "", 60,
       Use::Validate},
      {"RFC 5861 3: proxy-revalidate forbids it",
       "Cache-Control: max-age=60, proxy-revalidate, stale-while-revalidate=30", "", 60,
       Use::Validate},
      {"RFC 5861 3: s-maxage forbids it", "Cache-Control: s-maxage=60, stale-while-revalidate=30",
       "", 60, Use::Validate},
      {"RFC 5861 3: no-cache forbids it",
       "Cache-Control: max-age=60, no-cache, stale-while-revalidate=30", "", 60, Use::Validate},
      {"RFC 5861 3: not for a request with no-cache", kGrace, "Cache-Control: no-cache", 60,
       Use::Validate},
      {"RFC 5861 3: not for a request with max-age", kGrace, "Cache-Control: max-age=600", 60,
       Use::Validate},
      {"RFC 5861 3: not for a request with min-fresh", kGrace, "Cache-Control: min-fresh=1", 60,
       Use::Validate},
      {"RFC 5861 3: refreshed also for a request with max-stale", kGrace,
       "Cache-Control: max-stale", 60, kStale},
      {"RFC 5861 3: max-stale goes further", kGrace, "Cache-Control: max-stale", 90,
       Use::StaleAllowed},
      {"RFC 5861 3: for a request with only-if-cached", kGrace, "Cache-Control: only-if-cached", 60,
       kStale},
      {"RFC 5861 4: stale-if-error alone is not this",
       "Cache-Control: max-age=60, "
       "stale-if-error=30",
       "", 60, Use::Validate},
  });
}

TEST_CASE("policy: what is immutable is not validated for a reload", "[cache][policy]") {
  constexpr const char* kFixed = "Cache-Control: max-age=60, immutable";
  check_uses({
      {"RFC 8246 2: max-age=0", kFixed, "Cache-Control: max-age=0", 10, Use::Fresh},
      {"RFC 8246 2: max-age", kFixed, "Cache-Control: max-age=5", 10, Use::Fresh},
      {"RFC 8246 2: no-cache insists", kFixed, "Cache-Control: no-cache", 10, Use::Validate},
      {"RFC 8246 2: Pragma insists", kFixed, "Pragma: no-cache", 10, Use::Validate},
      {"RFC 8246 2: min-fresh is about the future", kFixed, "Cache-Control: min-fresh=55", 10,
       Use::Validate},
      {"RFC 8246 2: only while it is fresh", kFixed, "Cache-Control: max-age=0", 60, Use::Validate},
      {"RFC 8246 2: stale is stale", kFixed, "", 60, Use::Validate},
      {"RFC 8246 2: an argument is ignored", "Cache-Control: max-age=60, immutable=x",
       "Cache-Control: max-age=0", 10, Use::Fresh},
      {"RFC 8246 2: it gives no lifetime", "Cache-Control: immutable\nETag: \"a\"", "", 0,
       Use::Validate},
  });
}

TEST_CASE("policy: what was marked stale is stale", "[cache][policy]") {
  constexpr const char* kGrace = "Cache-Control: max-age=60, stale-while-revalidate=30";
  check_uses(
      {
          {"RFC 9111 4.2.4: marked", kMinute, "", 1, Use::Validate},
          {"RFC 9111 4.2.4: marked, and immutable", "Cache-Control: max-age=60, immutable", "", 1,
           Use::Validate},
          {"RFC 5861 3: marked, and refreshed", kGrace, "", 1, Use::StaleWhileRevalidate},
          {"RFC 5861 3: marked, to the end of its grace", kGrace, "", 89,
           Use::StaleWhileRevalidate},
          {"RFC 5861 3: marked, and too old", kGrace, "", 90, Use::Validate},
          {"RFC 9111 5.2.1.2: marked, max-stale does not know how old it is", kMinute,
           "Cache-Control: max-stale", 1, Use::Validate},
          {"RFC 9111 5.2.2.2: marked, with must-revalidate",
           "Cache-Control: max-age=60, must-revalidate, stale-while-revalidate=30", "", 1,
           Use::Validate},
      },
      true);
}

}  // namespace sluice::cache
