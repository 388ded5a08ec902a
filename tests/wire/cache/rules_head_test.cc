// SPDX-License-Identifier: MIT
// What a HEAD that the cache does not answer says of the stored response to GET: RFC 9111 4.3.5.
#include <catch2/catch.hpp>

#include <string>
#include <utility>

#include "tests/wire/cache/table.h"
#include "tests/wire/cache_rig.h"

using sluice::support::BackendConnection;
using sluice::support::ScriptedBackend;
using sluice::support::SluiceProcess;
using sluice::wire::ask;
using sluice::wire::caching;
using sluice::wire::check_rows;
using sluice::wire::get;
using sluice::wire::kFresh;

namespace {

const std::string kGetAlone = R"("methods": ["GET"])";
const std::string kOld = "0:abcdefghij";
const std::string kDate = "|Last-Modified: Mon, 06 Jul 2020 10:00:00 GMT";
const std::string kAged = kFresh + "|Age: 3000";

}  // namespace

TEST_CASE("cache: a HEAD that passes freshens the response to GET whose validators it has",
          "[wire][cache]") {
  const std::string dated = "200|Cache-Control: max-age=3600|Age: 3000" + kDate;
  check_rows(
      {
          {"by its tag",
           {{.origin = kAged + "|X: 1|Y: 1", .see = "200|Age: 3000+"},
            {.ask = "HEAD", .origin = kFresh + "|X: 2"},
            {.see = "200|X: 2|Y: 1|Age: 0+", .body = kOld}}},
          {"by its date",
           {{.origin = dated + "|X: 1"},
            {.ask = "HEAD", .origin = "200|Cache-Control: max-age=3600|X: 2" + kDate},
            {.see = "200|X: 2|Age: 0+", .body = kOld}}},
          {"not what forbids to be stored",
           {{.origin = kAged},
            {.ask = "HEAD", .origin = "200|Cache-Control: no-store|ETag: \"a\""},
            {.see = "200|Cache-Control: max-age=3600|Age: 3000+", .body = kOld}}},
          {"not for who asks to store nothing",
           {{.origin = kAged + "|X: 1"},
            {.ask = "HEAD|Cache-Control: no-store", .origin = kFresh + "|X: 2"},
            {.see = "200|X: 1", .body = kOld}}},
          {"not by nothing",
           {{.origin = kAged + "|X: 1"},
            {.ask = "HEAD", .origin = "200|Cache-Control: max-age=3600|ETag: |X: 2"},
            {.see = "200|X: 1|Age: 3000+", .body = kOld}}},
          {"also one without a date of its own",
           {{.origin = kAged + "|Date: {-900}", .see = "200|Age: 3000+"},
            {.ask = "HEAD", .origin = kFresh},
            {.see = "200|Age: 0+|!Date: {-900}", .body = kOld}}},
          {"not with what was said before",
           {{.origin = kFresh + "|Age: 100|X: 1"},
            {.ask = "HEAD", .origin = kAged + "|X: 2"},
            {.see = "200|X: 1|Age: 100+", .body = kOld}}},
          {"nor makes that make a newer one stale, or uncovers an older one",
           {{.ask = "GET|A: 1", .origin = kFresh + "|Vary: A"},
            {.ask = "GET|A: 2", .origin = "200|Cache-Control: max-age=3600|ETag: \"b\"|Age: 500"},
            {.ask = "HEAD|A: 1", .origin = "200|Cache-Control: max-age=3600|ETag: \"b\"|Age: 300"},
            {.ask = "GET|A: 1", .body = kOld}}},
          {"also one that has two dates of its last change",
           {{.origin = kAged + kDate + kDate},
            {.ask = "HEAD", .origin = kFresh + kDate + kDate},
            {.see = "200|Age: 0+", .body = kOld}}},
          {"not what varies by another field that we add",
           {{.origin = kAged + "|Vary: X-Forwarded-Proto|X: 1"},
            {.ask = "HEAD", .origin = kFresh + "|Vary: X-Forwarded-Proto|X: 2"},
            {.see = "200|X: 2", .body = kOld}}},
          {"only the variant that was asked for",
           {{.ask = "GET|V: 1", .origin = kAged + "|Vary: V|X: 1"},
            {.ask = "GET|V: 2", .origin = kAged + "|Vary: V|X: 2"},
            {.ask = "HEAD|V: 2", .origin = kFresh + "|Vary: V|X: 3"},
            {.ask = "GET|V: 1", .see = "200|X: 1", .body = kOld},
            {.ask = "GET|V: 2", .see = "200|X: 3", .body = "1:abcdefghij"}}},
      },
      kGetAlone);
}

TEST_CASE("cache: a HEAD that passes makes a response to GET stale that it differs from",
          "[wire][cache]") {
  const auto row = [](const std::string& claim, const std::string& stored,
                      const std::string& head) -> sluice::wire::Row {
    return {claim, {{.origin = stored}, {.ask = "HEAD", .origin = head}, {.origin = kFresh}, {}}};
  };
  check_rows(
      {
          row("its tag", kFresh, "200|ETag: \"b\""),
          row("its tag, which is strong now", "200|Cache-Control: max-age=3600|ETag: W/\"a\"",
              kFresh),
          row("its date", kFresh + kDate, kFresh + "|Last-Modified: Tue, 07 Jul 2020 10:00:00 GMT"),
          row("its length", kFresh, kFresh + "|Content-Length: 13"),
          row("by a field that we add", kFresh + "|Vary: X-Forwarded-Proto", "200|ETag: \"b\""),
          {"but not one that it agrees with, behind another",
           {{.ask = "GET|A: 1", .origin = kFresh + "|Vary: A"},
            {.ask = "GET|A: 2", .origin = "200|Cache-Control: max-age=3600|ETag: \"b\""},
            {.ask = "HEAD|A: 1", .origin = "200|Cache-Control: max-age=3600|ETag: \"b\"|X: 2"},
            {.ask = "GET|A: 2", .see = "200|X: 2", .body = "1:abcdefghij"},
            {.ask = "GET|A: 1", .body = "1:abcdefghij"}}},
          {"and an older one that would be found in its place",
           {{.origin = kFresh + "|X: 1"},
            {.ask = "GET|Cache-Control: no-cache",
             .origin = "200|Cache-Control: max-age=3600|Vary: V"},
            {.ask = "HEAD", .origin = "200|ETag: \"b\""},
            {.origin = kFresh + "|X: 3", .see = "200|X: 3"},
            {.see = "200|X: 3"}}},
          {"its status",
           {{.origin = "404|Cache-Control: max-age=3600|ETag: \"a\"", .see = "404"},
            {.ask = "HEAD", .origin = kFresh},
            {.origin = kFresh},
            {}}},
          {"an error says nothing of it",
           {{.origin = kFresh},
            {.ask = "HEAD", .origin = "404|ETag: \"b\"", .see = "404"},
            {.body = kOld}}},
      },
      kGetAlone);
}

// What comes in chunks has a length once it is whole; 0 is what some say of it to HEAD.
TEST_CASE("cache: a HEAD that passes is compared with a response whose length nobody announced",
          "[wire][cache]") {
  const auto [length, differs] =
      GENERATE(std::pair("4", false), std::pair("0", false), std::pair("5", true));
  ScriptedBackend backend([length = std::string(length)](BackendConnection& connection) {
    while (const auto request = connection.recv_request()) {
      const std::string head = "HTTP/1.1 200 OK\r\nCache-Control: max-age=3600\r\n";
      connection.send(request->method == "HEAD"
                          ? head + "Content-Length: " + length + "\r\n\r\n"
                          : head + "Transfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n");
    }
  });
  SluiceProcess sluice(caching(backend, kGetAlone));
  CHECK(get(sluice, "/a").body == "body");
  CHECK(ask(sluice, "HEAD", "/a").status == 200);
  CHECK(get(sluice, "/a").body == "body");
  CHECK(backend.request_count() == (differs ? 3 : 2));
}

// Who may not be answered from the cache does not change what others get.
TEST_CASE("cache: a HEAD that is beside the cache changes nothing of it", "[wire][cache]") {
  check_rows({{"a cookie that bypasses",
               {{.origin = kFresh},
                {.ask = "HEAD|Cookie: session=1", .origin = "200|ETag: \"b\""},
                {.body = kOld}}},
              {"a condition for the origin",
               {{.origin = kFresh},
                {.ask = "HEAD|If-Match: \"b\"", .origin = "200|ETag: \"b\""},
                {.body = kOld}}}},
             kGetAlone + R"(, "bypass": {"cookies": ["session"]})");
}
