// SPDX-License-Identifier: MIT
// How long a response is fresh: RFC 9111 4.2, RFC 9213, and the statuses.
#include <catch2/catch.hpp>

#include <string>
#include <vector>

#include "tests/wire/cache/table.h"

using sluice::wire::body_of_step;
using sluice::wire::check_rows;
using sluice::wire::Row;

namespace {

// One answer of the origin: then a second request asks the origin again, or not.
Row once(const std::string& origin) {
  const std::string status = origin.substr(0, 3);
  return {"fresh: " + origin, {{.origin = origin, .see = status}, {.see = status}}};
}

Row each_time(const std::string& origin) {
  const std::string status = origin.substr(0, 3);
  return {"not fresh: " + origin,
          {{.origin = origin, .see = status}, {.origin = origin, .see = status}}};
}

}  // namespace

TEST_CASE("cache: max-age, s-maxage and Expires say what is fresh", "[wire][cache]") {
  check_rows({
      once("200|Cache-Control: max-age=3600"),
      once("200|Cache-Control: MAX-AGE=3600"),
      once("200|Cache-Control: , max-age=3600,,"),
      once("200|Cache-Control: foo, bar=\"a, max-age=0\", max-age=3600"),
      once("200|Cache-Control: foo|Cache-Control: max-age=3600"),
      once("200|Cache-Control: max-age=99999999999999999999"),
      once("200|Cache-Control: max-age=2147483648"),
      once("200|Cache-Control: max-age=\"3600\""),
      once("200|Cache-Control: s-maxage=3600"),
      once("200|Cache-Control: s-maxage=3600, max-age=0"),
      once("200|Cache-Control: max-age=3600|Expires: {-100}"),
      once("200|Cache-Control: s-maxage=3600|Expires: 0"),
      once("200|Expires: {+3600}"),
      once("200|Expires: sun, 06 nov 2150 08:49:37 gmt"),
      once("200|Expires: {+3600}|Date: {+0}"),
      once("200|Expires: {+0}|Date: {-3600}|Cache-Control: max-age=7200"),
      once("200|Cache-Control: max-age=3600|Date: {-1800}"),
      once("200|Cache-Control: max-age=3600, s-maxage=3600|Age: 1800"),
      once("200|Cache-Control: public, max-age=3600|Pragma: no-cache"),
      each_time("200|Cache-Control: max-age=0"),
      each_time("200|Cache-Control: max-age=-1"),
      each_time("200|Cache-Control: max-age=abc"),
      each_time("200|Cache-Control: max-age="),
      each_time("200|Cache-Control: max-age=3600.5"),
      each_time("200|Cache-Control: max-age = 3600"),
      each_time("200|Cache-Control: max-age=0, max-age=3600"),
      each_time("200|Cache-Control: s-maxage=0, max-age=3600"),
      each_time("200|Cache-Control: max-age=0|Expires: {+3600}"),
      each_time("200|Cache-Control: max-age=3600|Age: 3600"),
      each_time("200|Cache-Control: max-age=3600|Date: {-7200}"),
      each_time("200|Cache-Control: foo=\"max-age=3600\""),
      each_time("200|Cache-Control: \"max-age=3600\""),
      each_time("200|Expires: {-3600}"),
      each_time("200|Expires: 0"),
      each_time("200|Expires: -1"),
      each_time("200|Expires: tomorrow"),
      each_time("200|Expires: {+3600}|Date: {+7200}"),
      each_time("200|Expires: {+3600}|Expires: {-3600}"),
      each_time("200|Expires: {+3600}|Age: 7200"),
      each_time("200"),
  });
}

TEST_CASE("cache: an Age is believed, in whatever form it comes, or is none", "[wire][cache]") {
  check_rows({
      {"the Age of the origin is added to ours",
       {{.origin = "200|Cache-Control: max-age=3600|Age: 30", .see = "200|Age: 30+"},
        {.see = "200|Age: 30+"}}},
      {"a Date in the past is an age",
       {{.origin = "200|Cache-Control: max-age=3600|Date: {-100}"}, {.see = "200|Age: 100+"}}},
      {"a stored response always has an Age",
       {{.origin = "200|Cache-Control: max-age=3600", .see = "200|!Age"}, {.see = "200|Age: 0+"}}},
      {"but what the origin has just confirmed has none of ours",
       {{.origin = "200|Cache-Control: no-cache|ETag: \"a\"", .see = "200|!Age"},
        {.origin = "304|ETag: \"a\"", .see = "200|!Age"},
        {.origin = "304|ETag: \"a\"|Age: 7", .see = "200|Age: 7+"}}},
      {"a Date ahead is no negative age",
       {{.origin = "200|Cache-Control: max-age=3600|Date: {+100}"}, {.see = "200|Age: 0+"}}},
      {"of a list the first counts",
       {{.origin = "200|Cache-Control: max-age=3600|Age: 7200, 0"},
        {.origin = "200|Cache-Control: max-age=3600|Age: 0, 7200"},
        {}}},
      {"of two lines the first counts",
       {{.origin = "200|Cache-Control: max-age=3600|Age: 7200|Age: 0"},
        {.origin = "200|Cache-Control: max-age=3600|Age: 0|Age: 7200"},
        {}}},
      {"a large one is old",
       {{.origin = "200|Cache-Control: max-age=3600|Age: 99999999999999999999"},
        {.origin = "200|Cache-Control: max-age=3600|Age: 2147483648"},
        {.origin = "200|Cache-Control: max-age=3600"}}},
      once("200|Cache-Control: max-age=3600|Age: -7200"),
      once("200|Cache-Control: max-age=3600|Age: 7200;foo=bar"),
      once("200|Cache-Control: max-age=3600|Age: 7200.0"),
      once("200|Cache-Control: max-age=3600|Age: \"7200\""),
      once("200|Cache-Control: max-age=3600|Age: abc"),
      each_time("200|Cache-Control: max-age=3600|Age: 07200"),
  });
}

TEST_CASE("cache: what says nothing of time is as fresh as it was unchanged", "[wire][cache]") {
  check_rows({
      once("200|Last-Modified: {-360000}"),
      once("203|Last-Modified: {-360000}"),
      once("204|Last-Modified: {-360000}"),
      once("300|Last-Modified: {-360000}"),
      once("301|Last-Modified: {-360000}|Location: /x"),
      once("308|Last-Modified: {-360000}|Location: /x"),
      once("404|Last-Modified: {-360000}"),
      once("405|Last-Modified: {-360000}"),
      once("410|Last-Modified: {-360000}"),
      once("414|Last-Modified: {-360000}"),
      once("501|Last-Modified: {-360000}"),
      once("299|Last-Modified: {-360000}|Cache-Control: public"),
      each_time("201|Last-Modified: {-360000}"),
      each_time("202|Last-Modified: {-360000}"),
      each_time("403|Last-Modified: {-360000}"),
      each_time("502|Last-Modified: {-360000}"),
      each_time("503|Last-Modified: {-360000}"),
      each_time("504|Last-Modified: {-360000}"),
      each_time("599|Last-Modified: {-360000}"),
      each_time("200|Last-Modified: yesterday"),
      each_time("200|Last-Modified: {+360000}"),
      each_time("200|Cache-Control: no-cache|Last-Modified: {-360000}"),
  });
}

TEST_CASE("cache: any status that says so is stored, but for those that answer one request",
          "[wire][cache]") {
  std::vector<Row> rows;
  for (const char* status : {"200", "203", "204", "299", "300", "301", "302", "303", "307", "308",
                             "400", "404", "410", "499", "500", "502", "503", "504", "599"}) {
    rows.push_back(once(std::string(status) + "|Cache-Control: max-age=3600"));
    rows.push_back(each_time(std::string(status) + "|Cache-Control: max-age=0"));
  }
  for (const char* status : {"206", "412", "416", "428", "429", "431", "511"}) {
    std::string answer = std::string(status) + "|Cache-Control: max-age=3600";
    if (answer.starts_with("206")) answer += "|Content-Range: bytes 0-11/12";
    Row row = each_time(answer);
    // Whatever a 416 of ours looks like.
    for (std::size_t i = 0; i < row.steps.size(); ++i) row.steps[i].body = body_of_step(i);
    rows.push_back(row);
  }
  rows.push_back(once("200|Cache-Control: max-age=3600|Content-Range: bytes 0-11/12"));
  rows.push_back(each_time("599|Cache-Control: max-age=3600, must-understand"));
  rows.push_back(once("200|Cache-Control: max-age=3600, must-understand, no-store"));
  check_rows(rows);
}

TEST_CASE("cache: CDN-Cache-Control stands for Cache-Control and Expires", "[wire][cache]") {
  check_rows({
      once("200|CDN-Cache-Control: max-age=3600"),
      once("200|CDN-Cache-Control: max-age=3600|Cache-Control: max-age=0"),
      once("200|CDN-Cache-Control: max-age=3600|Cache-Control: no-store"),
      once("200|CDN-Cache-Control: max-age=3600|Expires: {-100}"),
      once("200|CDN-Cache-Control: foo, max-age=3600;bar"),
      once("200|CDN-Cache-Control: max-age=\"0\"|Cache-Control: max-age=3600"),
      once("200|CDN-Cache-Control: max-age = 0|Cache-Control: max-age=3600"),
      once("200|CDN-Cache-Control:|Cache-Control: max-age=3600"),
      each_time("200|CDN-Cache-Control: max-age=0|Cache-Control: max-age=3600"),
      each_time("200|CDN-Cache-Control: no-store|Cache-Control: max-age=3600"),
      each_time("200|CDN-Cache-Control: private|Cache-Control: max-age=3600"),
      // RFC 9110 7.6.1: no origin may name it there.
      each_time("200|CDN-Cache-Control: no-store|Connection: CDN-Cache-Control"
                "|Cache-Control: max-age=3600"),
      each_time("200|CDN-Cache-Control: no-cache|Cache-Control: max-age=3600"),
      each_time("200|CDN-Cache-Control: max-age=3600|Age: 7200"),
      {"it goes to the client as it came",
       {{.origin = "200|CDN-Cache-Control: max-age=3600|Cache-Control: no-store",
         .see = "200|CDN-Cache-Control: max-age=3600|Cache-Control: no-store"},
        {.see = "200|CDN-Cache-Control: max-age=3600|Cache-Control: no-store"}}},
  });
}
