// SPDX-License-Identifier: MIT
// Conditions and ranges of clients, answered from the store: RFC 9110 13 and 14.
#include <catch2/catch.hpp>

#include <string>
#include <vector>

#include "tests/wire/cache/table.h"

using sluice::wire::check_rows;
using sluice::wire::Row;

namespace {

// The body of the first step is "0:abcdefghij", of 12 bytes.
const std::string kFreshText =
    "200|Cache-Control: max-age=3600|ETag: \"a\"|Content-Type: text/plain";

Row asked(const std::string& origin, const std::string& fields, const std::string& see,
          const std::string& body = {}) {
  return {origin + " then " + fields,
          {{.origin = origin}, {.ask = "GET|" + fields, .see = see, .body = body}}};
}

}  // namespace

TEST_CASE("cache: If-None-Match is answered from the store", "[wire][cache]") {
  const std::string weak = "200|Cache-Control: max-age=3600|ETag: W/\"a\"";
  const std::string bare = "200|Cache-Control: max-age=3600|ETag: a";
  check_rows({
      asked(kFreshText, "If-None-Match: \"a\"",
            "304|ETag: \"a\"|Cache-Control: max-age=3600|Age: 0+"),
      asked(kFreshText, "If-None-Match: \"b\"", "200"),
      asked(kFreshText, "If-None-Match: W/\"a\"", "304"),
      asked(kFreshText, "If-None-Match: \"x\", \"a\"", "304"),
      asked(kFreshText, "If-None-Match: \"x\" ,\t\"y\",\"a\",", "304"),
      asked(kFreshText, "If-None-Match: \"x\"|If-None-Match: \"a\"", "304"),
      asked(kFreshText, "If-None-Match: *", "304"),
      asked(kFreshText, "If-None-Match: \"A\"", "200"),
      asked(kFreshText, "If-None-Match: \"x, \\\"a\\\"\"", "200"),
      asked(kFreshText, "If-None-Match: \"\"", "200"),
      asked(weak, "If-None-Match: W/\"a\"", "304|ETag: W/\"a\""),
      asked(weak, "If-None-Match: \"a\"", "304"),
      asked(bare, "If-None-Match: \"b\"", "200"),
      asked("200|Cache-Control: max-age=3600", "If-None-Match: \"a\"", "200"),
      // It alone decides, whatever date stands beside it.
      asked(kFreshText + "|Last-Modified: {-1000}", "If-None-Match: \"b\"|If-Modified-Since: {+0}",
            "200"),
      asked(kFreshText + "|Last-Modified: {-1000}",
            "If-None-Match: \"a\"|If-Modified-Since: {-5000}", "304"),
  });
}

TEST_CASE("cache: If-Modified-Since is answered from the store", "[wire][cache]") {
  const std::string dated = "200|Cache-Control: max-age=3600|Last-Modified: {-1000}";
  check_rows({
      asked(dated, "If-Modified-Since: {-900}", "304|Age: 0+"),
      asked(dated, "If-Modified-Since: {-1100}", "200"),
      asked(dated, "If-Modified-Since: yesterday", "200"),
      asked(dated, "If-Modified-Since: 0", "200"),
      // Of two nobody knows which: that of the Date counts.
      asked("200|Cache-Control: max-age=3600|Last-Modified: {-50}|Last-Modified: {-100}",
            "If-Modified-Since: {-100}", "200"),
      asked("200|Cache-Control: max-age=3600|Date: {-100}", "If-Modified-Since: {-50}", "304"),
      asked("200|Cache-Control: max-age=3600|Date: {-100}", "If-Modified-Since: {-200}", "200"),
  });
}

TEST_CASE("cache: conditions are for a stored 200 alone, and a 304 has no body's fields",
          "[wire][cache]") {
  const std::string gone = "404|Cache-Control: max-age=3600|ETag: \"a\"";
  check_rows({
      {"404", {{.origin = gone, .see = "404"}, {.ask = "GET|If-None-Match: \"a\"", .see = "404"}}},
      {"fields of the body go, those for caches stay",
       {{.origin =
             kFreshText + "|Content-Language: de|Vary: X|Content-Location: /c|Expires: {+3600}"},
        {.ask = "GET|If-None-Match: \"a\"",
         .see =
             "304|!Content-Type|!Content-Language|!Content-Length|Vary: X|Content-Location: /c"}}},
      {"the conditions of whoever misses are not the origin's to judge",
       {{.ask = "GET|If-None-Match: \"z\"|If-Modified-Since: {+0}",
         .origin = kFreshText,
         .told = "GET|!If-None-Match|!If-Modified-Since"},
        {}}},
      {"whoever misses and has it already gets a 304",
       {{.ask = "GET|If-None-Match: \"a\"", .origin = kFreshText, .see = "304"},
        {.body = "0:abcdefghij"}}},
      {"what may not be stored is asked for with the client's own conditions, once that is known",
       {{.origin = "200|Cache-Control: no-store|ETag: \"a\""},
        {.ask = "GET|If-None-Match: \"a\"",
         .origin = "304|Cache-Control: no-store|ETag: \"a\"",
         .see = "304",
         .told = "GET|If-None-Match: \"a\""}}},
      {"so is a HEAD",
       {{.origin = "200|Cache-Control: no-store"},
        {.ask = "HEAD", .origin = "200|Cache-Control: no-store", .told = "HEAD"}}},
      {"what can be stored after all is, when the next whole GET comes",
       {{.origin = "200|Cache-Control: no-store"},
        {.ask = "GET|If-None-Match: \"a\"", .origin = "304|ETag: \"a\"", .see = "304"},
        {.origin = kFreshText},
        {}}},
      {"If-Match and If-Unmodified-Since go to the origin",
       {{.origin = kFreshText},
        {.ask = "GET|If-Match: \"a\"", .origin = "200|ETag: \"a\"", .told = "GET|If-Match: \"a\""},
        {.ask = "GET|If-Unmodified-Since: Sun, 06 Nov 1994 08:49:37 GMT",
         .origin = "412",
         .see = "412",
         .told = "GET|If-Unmodified-Since: Sun, 06 Nov 1994 08:49:37 GMT"}}},
  });
}

TEST_CASE("cache: ranges are cut out of what is stored", "[wire][cache]") {
  check_rows({
      asked(kFreshText, "Range: bytes=2-4", "206|Content-Range: bytes 2-4/12|Content-Length: 3",
            "abc"),
      asked(kFreshText, "Range: bytes=0-0", "206|Content-Range: bytes 0-0/12", "0"),
      asked(kFreshText, "Range: bytes=10-", "206|Content-Range: bytes 10-11/12", "ij"),
      asked(kFreshText, "Range: bytes=-2", "206|Content-Range: bytes 10-11/12", "ij"),
      asked(kFreshText, "Range: bytes=-100", "206|Content-Range: bytes 0-11/12"),
      asked(kFreshText, "Range: bytes=4-100", "206|Content-Range: bytes 4-11/12", "cdefghij"),
      asked(kFreshText, "Range: BYTES=2-4", "206", "abc"),
      asked(kFreshText + "|Content-Digest: x|Content-MD5: x|Repr-Digest: x|Accept-Ranges: none",
            "Range: bytes=2-4", "206|!Content-Digest|!Content-MD5|Repr-Digest: x|!Accept-Ranges",
            "abc"),
      asked(kFreshText + "|Content-Digest: x|Accept-Ranges: none", "Range: bytes=1-1,5-5",
            "206|!Content-Digest|!Accept-Ranges", "?"),
      asked(kFreshText + "|Content-Digest: x|Accept-Ranges: none", "A: 1",
            "200|Content-Digest: x|Accept-Ranges: none"),
      asked(kFreshText, "Range: bytes=12-",
            "416|Content-Range: bytes */12|Cache-Status: ~sluice; hit|!ETag|!Cache-Control"),
      // A script of another site may read no answer without the first of them.
      asked(kFreshText + "|Access-Control-Allow-Origin: *|Vary: A|Repr-Digest: x"
                         "|Surrogate-Control: max-age=9|Content-Security-Policy: x",
            "Range: bytes=12-",
            "416|Access-Control-Allow-Origin: *|Vary: A|Content-Security-Policy: x|!Repr-Digest"
            "|!Content-Type|!Age|!Surrogate-Control"),
      asked(kFreshText, "Range: bytes=-0", "416"),
      asked(kFreshText, "Range: bytes=4-2", "200"),
      asked(kFreshText, "Range: bytes=a-b", "200"),
      asked(kFreshText, "Range: pages=1-2", "200"),
      asked(kFreshText, "Range: bytes 2-4", "200"),
      asked(kFreshText, "Range: bytes=2-4|If-Range: \"a\"", "206", "abc"),
      asked(kFreshText, "Range: bytes=2-4|If-Range: \"b\"", "200"),
      asked(kFreshText, "Range: bytes=2-4|If-Range: W/\"a\"", "200"),
      asked(kFreshText, "Range: bytes=2-4|If-None-Match: \"a\"", "304"),
      asked(kFreshText, "Range: bytes=20-|If-None-Match: \"a\"", "304"),
      asked("200|Cache-Control: max-age=3600|ETag: W/\"a\"", "Range: bytes=2-4|If-Range: W/\"a\"",
            "200"),
      asked("200|Cache-Control: max-age=3600|Last-Modified: {-100000}",
            "Range: bytes=2-4|If-Range: {-90000}", "200"),
      asked("200|Cache-Control: max-age=3600|Last-Modified: {-100000}",
            "Range: bytes=2-4|If-Range: {-100000}", "206", "abc"),
      asked("200|Cache-Control: max-age=3600|Last-Modified: {-100}|Date: {-100}",
            "Range: bytes=2-4|If-Range: {-100}", "200"),
      asked("200|Cache-Control: max-age=3600|Last-Modified: {-200}|Date: {-100}",
            "Range: bytes=2-4|If-Range: {-200}", "206", "abc"),
      asked(kFreshText + "|Content-Range: bytes 0-1/9", "Range: bytes=2-4",
            "206|Content-Range: bytes 2-4/12", "abc"),
      asked(kFreshText + "|Content-Range: bytes 0-1/9", "Range: bytes=2-3,10-11",
            "206|!Content-Range", "?"),
      {"several",
       {{.origin = kFreshText},
        {.ask = "GET|Range: bytes=2-3,10-11",
         .see = "206|Content-Type: ~multipart/byteranges; boundary=|!Content-Range",
         .body = "?"}}},
      {"of a HEAD no range is taken",
       {{.origin = kFreshText}, {.ask = "HEAD|Range: bytes=2-4", .see = "200|Content-Length: 12"}}},
      {"the whole is fetched, stored, and the part is given",
       {{.ask = "GET|Range: bytes=2-4|If-Range: \"a\"",
         .origin = kFreshText,
         .see = "206",
         .told = "GET|!Range|!If-Range",
         .body = "abc"},
        {}}},
      {"a part that the origin sends unasked is not stored",
       {{.origin = "206|Cache-Control: max-age=3600|Content-Range: bytes 0-11/24", .see = "206"},
        {.origin = kFreshText},
        {}}},
      {"what is known not to be stored is asked for as a part",
       {{.origin = "200|Cache-Control: no-store"},
        {.ask = "GET|Range: bytes=2-4|If-Range: \"a\"",
         .origin = "206|Cache-Control: no-store|Content-Range: bytes 2-13/24",
         .see = "206|Content-Range: bytes 2-13/24",
         .told = "GET|Range: bytes=2-4|If-Range: \"a\""}}},
      {"of a 404 there are no parts",
       {{.origin = "404|Cache-Control: max-age=3600", .see = "404"},
        {.ask = "GET|Range: bytes=2-4", .see = "404"}}},
  });
}
