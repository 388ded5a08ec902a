// SPDX-License-Identifier: MIT
// What a status says about storing (RFC 9110 15.1, RFC 9111 3), and when an answer invalidates.
#include <catch2/catch.hpp>

#include "tests/unit/cache/policy_rows.h"

namespace sluice::cache {

TEST_CASE("policy: each status, with a lifetime and by guess", "[cache][policy]") {
  struct Row {
    const char* name;
    const char* status;
    Storing fresh;     // with max-age
    Storing modified;  // with Last-Modified, a day ago
    Time lifetime;     // then
  };
  constexpr Storing kYes = Storing::Allowed;
  constexpr Storing kNo = Storing::NoLifetime;
  constexpr Storing kNever = Storing::Status;
  const std::vector<Row> rows = {
      {"RFC 9110 15.2: 100", "100", kNever, kNever, 0},
      {"RFC 9110 15.2: 101", "101", kNever, kNever, 0},
      {"RFC 9110 15.2: 103", "103", kNever, kNever, 0},
      {"RFC 9110 15.2: 199", "199", kNever, kNever, 0},
      {"RFC 9110 15.3.1: 200", "200", kYes, kYes, 8640},
      {"RFC 9110 15.3.2: 201", "201", kYes, kNo, 0},
      {"RFC 9110 15.3.3: 202", "202", kYes, kNo, 0},
      {"RFC 9110 15.3.4: 203", "203", kYes, kYes, 8640},
      {"RFC 9110 15.3.5: 204", "204", kYes, kYes, 8640},
      {"RFC 9110 15.3.6: 205", "205", kYes, kNo, 0},
      {"RFC 9110 15.3.7: 206", "206", Storing::Partial, Storing::Partial, 8640},
      {"RFC 9110 15.3: 299", "299", kYes, kNo, 0},
      {"RFC 9110 15.4.1: 300", "300", kYes, kYes, 8640},
      {"RFC 9110 15.4.2: 301", "301", kYes, kYes, 8640},
      {"RFC 9110 15.4.3: 302", "302", kYes, kNo, 0},
      {"RFC 9110 15.4.4: 303", "303", kYes, kNo, 0},
      {"RFC 9110 15.4.5: 304", "304", kNever, kNever, 0},
      {"RFC 9110 15.4.8: 307", "307", kYes, kNo, 0},
      {"RFC 9110 15.4.9: 308", "308", kYes, kYes, 8640},
      {"RFC 9110 15.5.1: 400", "400", kYes, kNo, 0},
      {"RFC 9110 15.5.2: 401", "401", kYes, kNo, 0},
      {"RFC 9110 15.5.4: 403", "403", kYes, kNo, 0},
      {"RFC 9110 15.5.5: 404", "404", kYes, kYes, 8640},
      {"RFC 9110 15.5.6: 405", "405", kYes, kYes, 8640},
      {"RFC 9110 15.5.7: 406", "406", kYes, kNo, 0},
      {"RFC 9110 15.5.11: 410", "410", kYes, kYes, 8640},
      {"RFC 9110 15.5.13: 412 answers a condition", "412", kNever, kNever, 0},
      {"RFC 9110 15.5.15: 414", "414", kYes, kYes, 8640},
      {"RFC 9110 15.5.17: 416 answers a range", "416", kNever, kNever, 0},
      {"RFC 9110 15.5.20: 421", "421", kYes, kNo, 0},
      {"RFC 6585 3: 428", "428", kNever, kNever, 0},
      {"RFC 6585 4: 429", "429", kNever, kNever, 0},
      {"RFC 6585 5: 431", "431", kNever, kNever, 0},
      {"RFC 9110 15.5: 499", "499", kYes, kNo, 0},
      {"RFC 9110 15.6.1: 500", "500", kYes, kNo, 0},
      {"RFC 9110 15.6.2: 501", "501", kYes, kYes, 8640},
      {"RFC 9110 15.6.3: 502", "502", kYes, kNo, 0},
      {"RFC 9110 15.6.4: 503", "503", kYes, kNo, 0},
      {"RFC 9110 15.6.5: 504", "504", kYes, kNo, 0},
      {"RFC 6585 6: 511", "511", kNever, kNever, 0},
      {"RFC 9110 15.6: 599", "599", kYes, kNo, 0},
      {"RFC 9110 15: 600 is none", "600", kNever, kNever, 0},
      {"RFC 9110 15: nor is 0", "0", kNever, kNever, 0},
  };
  for (const Row& row : rows) {
    INFO(row.name);
    const std::string status = row.status;
    const Judgement fresh = judge("", status + "\nCache-Control: max-age=60");
    CHECK(to_word(fresh.storing) == to_word(row.fresh));
    CHECK(fresh.terms.lifetime == 60);
    const Judgement modified = judge("", status + "\nDate: 0\nLast-Modified: -86400");
    CHECK(to_word(modified.storing) == to_word(row.modified));
    CHECK(modified.terms.lifetime == row.lifetime);
  }
}

TEST_CASE("policy: an unsafe request that succeeded invalidates", "[cache][policy]") {
  struct Row {
    const char* name;
    Method method;
    int status;
    bool expected;
  };
  const std::vector<Row> rows = {
      {"RFC 9111 4.4: 200", Method::Unsafe, 200, true},
      {"RFC 9111 4.4: 201", Method::Unsafe, 201, true},
      {"RFC 9111 4.4: 204", Method::Unsafe, 204, true},
      {"RFC 9111 4.4: 299", Method::Unsafe, 299, true},
      {"RFC 9111 4.4: 303", Method::Unsafe, 303, true},
      {"RFC 9111 4.4: 399", Method::Unsafe, 399, true},
      {"RFC 9111 4.4: not an interim one", Method::Unsafe, 103, false},
      {"RFC 9111 4.4: not 400", Method::Unsafe, 400, false},
      {"RFC 9111 4.4: not 404", Method::Unsafe, 404, false},
      {"RFC 9111 4.4: not 500", Method::Unsafe, 500, false},
      {"RFC 9111 4.4: not GET", Method::Get, 200, false},
      {"RFC 9111 4.4: not HEAD", Method::Head, 200, false},
      {"RFC 9111 4.4: not OPTIONS", Method::Safe, 204, false},
  };
  for (const Row& row : rows) {
    INFO(row.name);
    CHECK(invalidates(row.method, row.status) == row.expected);
  }
}

TEST_CASE("policy: which statuses are errors that something stale may stand in for",
          "[cache][policy]") {
  struct Row {
    const char* name;
    int status;
    bool expected;
  };
  const std::vector<Row> rows = {
      {"RFC 5861 4: 500", 500, true},      {"RFC 5861 4: 502", 502, true},
      {"RFC 5861 4: 503", 503, true},      {"RFC 5861 4: 504", 504, true},
      {"RFC 5861 4: not 501", 501, false}, {"RFC 5861 4: not 505", 505, false},
      {"RFC 5861 4: not 404", 404, false}, {"RFC 5861 4: not 429", 429, false},
      {"RFC 5861 4: not 200", 200, false}, {"RFC 5861 4: not 599", 599, false},
  };
  for (const Row& row : rows) {
    INFO(row.name);
    CHECK(is_error_status(row.status) == row.expected);
  }
}

}  // namespace sluice::cache
