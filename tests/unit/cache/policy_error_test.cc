// SPDX-License-Identifier: MIT
// Whether a stored response may stand in for an origin that failed (RFC 5861 4), and what an
// operator may say about lifetimes and staleness.
#include <catch2/catch.hpp>

#include "tests/unit/cache/policy_rows.h"

namespace sluice::cache {
namespace {

struct ErrorRow {
  const char* name;
  const char* response;
  const char* request;
  Time later;  // than the response came
  bool allowed;
};

void check_errors(const std::vector<ErrorRow>& rows, bool marked_stale = false,
                  const Options& options = {}) {
  for (const ErrorRow& row : rows) {
    INFO(row.name << "\n" << row.response << "\n" << row.request);
    const Terms terms = judge("", row.response, options).terms;
    const RequestControl request = read_request(row.request).control;
    CHECK(may_serve_on_error(terms, request, kNow + row.later, marked_stale) == row.allowed);
  }
}

constexpr const char* kPlain = "Cache-Control: max-age=60";
constexpr const char* kErrorGrace = "Cache-Control: max-age=60, stale-if-error=30";

}  // namespace

TEST_CASE("policy: stale if error", "[cache][policy]") {
  check_errors({
      {"RFC 5861 4: nobody said so", kPlain, "", 60, false},
      {"RFC 5861 4: what is fresh needs no permission", kPlain, "", 59, true},
      {"RFC 5861 4: what a clock that was set back says nothing of does", kPlain, "", -3, false},
      {"RFC 5861 4: and has it", kErrorGrace, "", -3, true},
      {"RFC 5861 4: from the lifetime on", kErrorGrace, "", 60, true},
      {"RFC 5861 4: to its last second", kErrorGrace, "", 89, true},
      {"RFC 5861 4: not beyond", kErrorGrace, "", 90, false},
      {"RFC 5861 4: Age counts", "Cache-Control: max-age=60, stale-if-error=30\nAge: 85", "", 5,
       false},
      {"RFC 5861 4: 0 is nothing", "Cache-Control: max-age=60, stale-if-error=0", "", 60, false},
      {"RFC 5861 4: unreadable is nothing", "Cache-Control: max-age=60, stale-if-error=x", "", 60,
       false},
      {"RFC 5861 4: behind Expires", "Cache-Control: stale-if-error=30\nDate: 0\nExpires: 60", "",
       89, true},
      {"RFC 5861 4: behind a lifetime of nothing",
       "Cache-Control: max-age=0, stale-if-error=30\nETag: \"a\"", "", 29, true},
      {"RFC 5861 4: the request may say so", kPlain, "Cache-Control: stale-if-error=30", 89, true},
      {"RFC 5861 4: the request's, too, ends", kPlain, "Cache-Control: stale-if-error=30", 90,
       false},
      {"RFC 5861 4: the longer of both, the request's", kErrorGrace,
       "Cache-Control: stale-if-error=40", 99, true},
      {"RFC 5861 4: the longer of both, the response's", kErrorGrace,
       "Cache-Control: stale-if-error=10", 89, true},
      {"RFC 5861 4: a request's that cannot be read", kPlain, "Cache-Control: stale-if-error=x", 60,
       false},
      {"RFC 5861 4: regardless of the request's max-age", kErrorGrace, "Cache-Control: max-age=0",
       60, true},
      {"RFC 5861 4: regardless of the request's min-fresh", kErrorGrace,
       "Cache-Control: min-fresh=10", 60, true},
      {"RFC 5861 4: not for a request with no-cache", kErrorGrace, "Cache-Control: no-cache", 60,
       false},
      {"RFC 5861 4: not for a request with no-cache, even fresh", kErrorGrace,
       "Cache-Control: no-cache", 1, false},
      {"RFC 5861 4: not for a request with Pragma", kErrorGrace, "Pragma: no-cache", 60, false},
      {"RFC 9111 5.2.2.2: must-revalidate forbids it",
       "Cache-Control: max-age=60, must-revalidate, stale-if-error=30", "", 60, false},
      {"RFC 9111 5.2.2.2: also to the request", "Cache-Control: max-age=60, must-revalidate",
       "Cache-Control: stale-if-error=30", 60, false},
      {"RFC 9111 5.2.2.2: but not what is fresh", "Cache-Control: max-age=60, must-revalidate", "",
       59, true},
      {"RFC 9111 5.2.2.8: proxy-revalidate forbids it",
       "Cache-Control: max-age=60, proxy-revalidate, stale-if-error=30", "", 60, false},
      {"RFC 9111 5.2.2.10: s-maxage forbids it", "Cache-Control: s-maxage=60, stale-if-error=30",
       "", 60, false},
      {"RFC 9111 5.2.2.4: no-cache forbids it",
       "Cache-Control: max-age=60, no-cache, stale-if-error=30", "", 1, false},
      {"RFC 9111 5.2.1.2: max-stale is not about errors", kPlain, "Cache-Control: max-stale", 60,
       false},
      {"RFC 5861 3: nor is stale-while-revalidate",
       "Cache-Control: max-age=60, stale-while-revalidate=30", "", 60, false},
  });
}

TEST_CASE("policy: stale if error, of what was marked stale", "[cache][policy]") {
  check_errors(
      {
          {"RFC 5861 4: marked, nobody said so", kPlain, "", 1, false},
          {"RFC 5861 4: marked", kErrorGrace, "", 1, true},
          {"RFC 5861 4: marked, and too old", kErrorGrace, "", 90, false},
          {"RFC 5861 4: marked, the request may say so", kPlain, "Cache-Control: stale-if-error=1",
           1, true},
          {"RFC 9111 5.2.2.2: marked, with must-revalidate",
           "Cache-Control: max-age=60, must-revalidate", "", 1, false},
      },
      true);
}

TEST_CASE("policy: an operator's staleness is for responses that name none", "[cache][policy]") {
  Options options;
  options.stale_if_error = 100;
  options.stale_while_revalidate = 50;
  check_errors(
      {
          {"RFC 5861 4: the operator's", kPlain, "", 159, true},
          {"RFC 5861 4: the operator's ends", kPlain, "", 160, false},
          {"RFC 5861 4: the response's own is kept", kErrorGrace, "", 90, false},
          {"RFC 5861 4: the response's 0 is kept", "Cache-Control: max-age=60, stale-if-error=0",
           "", 60, false},
          {"RFC 9111 5.2.2.2: must-revalidate forbids it",
           "Cache-Control: max-age=60, must-revalidate", "", 60, false},
          {"RFC 9111 5.2.2.10: s-maxage forbids it", "Cache-Control: s-maxage=60", "", 60, false},
          {"RFC 9111 5.2.2.4: no-cache forbids it", "Cache-Control: no-cache\nETag: \"a\"", "", 0,
           false},
          {"RFC 5861 4: after a guess", "Date: 0\nLast-Modified: -1000", "", 199, true},
      },
      false, options);

  struct Grace {
    const char* name;
    const char* response;
    Time while_revalidate;
    Time if_error;
  };
  const std::vector<Grace> rows = {
      {"RFC 5861 3: both of the operator", kPlain, 50, 100},
      {"RFC 5861 3: one of the response", "Cache-Control: max-age=60, stale-while-revalidate=5", 5,
       100},
      {"RFC 5861 4: the other of the response", kErrorGrace, 50, 30},
      {"RFC 5861 3: both forbidden", "Cache-Control: max-age=60, must-revalidate", 0, 0},
      {"RFC 5861 3: what is never fresh is validated", "Cache-Control: max-age=0\nETag: \"a\"", 0,
       100},
      {"RFC 5861 3: so is what has only an ETag", "ETag: \"a\"", 0, 100},
      {"RFC 5861 4: what cannot even be validated is not kept", "Cache-Control: max-age=0", 0, 0},
      {"RFC 5861 4: unless it says so itself",
       "Cache-Control: max-age=0, stale-while-revalidate=1, stale-if-error=2", 1, 2},
      {"RFC 9213 2.2: the targeted field names one",
       "CDN-Cache-Control: max-age=60, stale-if-error=7\nCache-Control: stale-while-revalidate=5",
       50, 7},
  };
  for (const Grace& row : rows) {
    INFO(row.name << "\n" << row.response);
    const Terms terms = judge("", row.response, options).terms;
    CHECK(terms.stale_while_revalidate == row.while_revalidate);
    CHECK(terms.stale_if_error == row.if_error);
  }
  // RFC 9111 4.2.2: a lifetime is not invented for what has neither lifetime nor validator.
  CHECK(judge("", "Date: 0", options).storing == Storing::NoLifetime);
  CHECK(judge("", "Cache-Control: max-age=0", options).storing == Storing::NoLifetime);
}

TEST_CASE("policy: an operator's lifetime stands for the response's", "[cache][policy]") {
  struct Own {
    const char* name;
    const char* response;
    Storing storing;
    Time left;  // when it comes
  };
  const std::vector<Own> rows = {
      {"RFC 9111 4.2.1: nothing named", "", Storing::Allowed, 300},
      {"RFC 9111 4.2.1: a shorter one", "Cache-Control: max-age=60", Storing::Allowed, 300},
      {"RFC 9111 4.2.1: a longer one", "Cache-Control: max-age=6000", Storing::Allowed, 300},
      {"RFC 9111 4.2.1: max-age=0", "Cache-Control: max-age=0", Storing::Allowed, 300},
      {"RFC 9111 4.2.1: s-maxage", "Cache-Control: s-maxage=1", Storing::Allowed, 300},
      {"RFC 9111 4.2.1: a past Expires", "Date: 0\nExpires: -1", Storing::Allowed, 300},
      {"RFC 9111 4.2.1: a guess", "Date: 0\nLast-Modified: -1000", Storing::Allowed, 300},
      {"RFC 9111 4.2.3: counted from its arrival", "Cache-Control: max-age=60\nAge: 1000",
       Storing::Allowed, 300},
      {"RFC 9213 2.2: the targeted field", "CDN-Cache-Control: max-age=1", Storing::Allowed, 300},
      {"RFC 9110 15: a status with a row of its own", "404\nCache-Control: max-age=60",
       Storing::Allowed, 5},
      {"RFC 9110 15: a status without one", "302", Storing::Allowed, 300},
      {"RFC 9110 15.5.5: any is what there is not", "404\nCache-Control: max-age=60",
       Storing::Allowed, 5},
      {"RFC 9110 15.5.11: nor is any more", "410", Storing::Allowed, 300},
      {"RFC 7725 3: nor may be shown", "451", Storing::Allowed, 300},
      {"RFC 9110 15: an unknown status", "599", Storing::Allowed, 300},
      {"RFC 9110 15: 0 seconds", "500\nCache-Control: max-age=60", Storing::NoLifetime, 0},
      {"RFC 9110 15: 0 seconds, to be validated", "500\nETag: \"a\"", Storing::Allowed, 0},
      {"RFC 9110 15: less than that is 0", "501\nETag: \"a\"", Storing::Allowed, 0},
      {"RFC 9111 5.2.2.5: not over no-store", "Cache-Control: no-store", Storing::NoStore, 300},
      {"RFC 9111 5.2.2.7: not over private", "Cache-Control: private", Storing::Private, 300},
      {"RFC 9111 4.1: not over Vary: *", "Vary: *", Storing::VaryAll, 300},
      {"RFC 9111 7.3: not over Set-Cookie", "Set-Cookie: a", Storing::SetCookie, 300},
      {"RFC 9111 3.3: not over 206", "206", Storing::Partial, 300},
      {"RFC 6585 4: not over 429", "429", Storing::Status, 0},
      {"RFC 9110 15.5.2: but what the origin says of it stays",
       "401\nCache-Control: public, max-age=60", Storing::Allowed, 60},
      {"RFC 9111 5.2.2.4: not over no-cache", "Cache-Control: no-cache", Storing::NoLifetime, 300},
  };
  constexpr StatusLifetime kLifetimes[] = {{404, 5}, {0, 300}, {500, 0}, {501, -7}, {0, 1}};
  Options options;
  options.lifetimes = kLifetimes;
  for (const Own& row : rows) {
    INFO(row.name << "\n" << row.response);
    const Judgement judgement = judge("", row.response, options);
    CHECK(to_word(judgement.storing) == to_word(row.storing));
    CHECK(freshness_left(judgement.terms, kNow) == row.left);
  }
  // RFC 9110 15.5: any is nothing by which one client's request is refused.
  for (const char* const status : {"400", "401", "402", "403", "406", "407", "408", "409", "411",
                                   "413", "415", "417", "421", "422", "425", "426", "499"}) {
    CAPTURE(status);
    CHECK(to_word(judge("", status, options).storing) == to_word(Storing::NoLifetime));
  }
  // RFC 9111 3.5: a request with credentials needs the origin's own word.
  CHECK(judge("Authorization: x", "", options).storing == Storing::Authorization);
  // It does not let be used stale what the origin forbids to.
  CHECK(judge("", "Cache-Control: must-revalidate", options).terms.must_revalidate);
  CHECK(judge("", "Cache-Control: no-cache", options).terms.always_validate);
}

TEST_CASE("policy: an operator may guess otherwise", "[cache][policy]") {
  struct Guess {
    const char* name;
    int percent;
    Time longest;
    Time lifetime;  // of what is unchanged since 1099 seconds
  };
  const std::vector<Guess> rows = {
      {"RFC 9111 4.2.2: a fifth", 20, 86400, 219},
      {"RFC 9111 4.2.2: all of it", 100, 86400, 1099},
      {"RFC 9111 4.2.2: at most 50", 10, 50, 50},
      {"RFC 9111 4.2.2: nothing", 0, 86400, 0},
      {"RFC 9111 4.2.2: never negative", -10, 86400, 0},
  };
  for (const Guess& row : rows) {
    INFO(row.name);
    Options options;
    options.heuristic_percent = row.percent;
    options.heuristic_max = row.longest;
    const Judgement judgement = judge("", "Date: 0\nLast-Modified: -1099", options);
    CHECK(judgement.terms.lifetime == row.lifetime);
    CHECK(judgement.storing == Storing::Allowed);
  }
}

TEST_CASE("policy: every reason has a word of its own", "[cache][policy]") {
  CHECK(to_word(Storing::Allowed) == "stored");
  CHECK(to_word(Storing::RequestNoStore) == "request-no-store");
  CHECK(to_word(Storing::NotUnderstood) == "must-understand");
  CHECK(to_word(Storing::Authorization) == "authorization");
  CHECK(to_word(Storing::NoLifetime) == "no-lifetime");
}

}  // namespace sluice::cache
