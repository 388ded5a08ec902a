// SPDX-License-Identifier: MIT
// Where a request ends: RFC 9112 6 and 7, RFC 9110 8.6 and 10.1.1, RFC 1945 8.3.
#include <catch2/catch.hpp>
#include <string>

#include "tests/wire/strict/requests.h"

using namespace std::string_view_literals;
using sluice::wire::RefusedRow;
using sluice::wire::RequestTable;

namespace {

constexpr std::string_view kCoding = "unsupported_transfer_encoding";

// Behind "POST / HTTP/1.1", "Host: a", before the empty line.
constexpr RefusedRow kHeads[] = {
    {"Content-Length:\r\n", 400, "bad_content_length"},
    {"Content-Length: +5\r\n", 400, "bad_content_length"},
    {"Content-Length: -5\r\n", 400, "bad_content_length"},
    {"Content-Length: -0\r\n", 400, "bad_content_length"},
    {"Content-Length: 0x5\r\n", 400, "bad_content_length"},
    {"Content-Length: 5a\r\n", 400, "bad_content_length"},
    {"Content-Length: a\r\n", 400, "bad_content_length"},
    {"Content-Length: 5 5\r\n", 400, "bad_content_length"},
    {"Content-Length: 5_0\r\n", 400, "bad_content_length"},
    {"Content-Length: 5.0\r\n", 400, "bad_content_length"},
    {"Content-Length: 5e1\r\n", 400, "bad_content_length"},
    {"Content-Length: 5;\r\n", 400, "bad_content_length"},
    {"Content-Length: \"5\"\r\n", 400, "bad_content_length"},
    {"Content-Length: 5,5\r\n", 400, "bad_content_length"},
    {"Content-Length: 5, 5\r\n", 400, "bad_content_length"},
    {"Content-Length: 5, 6\r\n", 400, "bad_content_length"},
    {"Content-Length: ,5\r\n", 400, "bad_content_length"},
    {"Content-Length: 5,\r\n", 400, "bad_content_length"},
    {"Content-Length: \xb2\r\n", 400, "bad_content_length"},
    {"Content-Length: \xef\xbc\x95\r\n", 400, "bad_content_length"},
    {"Content-Length: 5\0\r\n"sv, 400, "bad_field_value"},
    {"Content-Length: 9223372036854775808\r\n", 400, "bad_content_length"},
    {"Content-Length: 18446744073709551616\r\n", 400, "bad_content_length"},
    {"Content-Length: 18446744073709551621\r\n", 400, "bad_content_length"},
    {"Content-Length: 00000000000000000005\r\n", 400, "bad_content_length"},
    {"Content-Length: 5\r\nContent-Length: 5\r\n", 400, "duplicate_content_length"},
    {"Content-Length: 5\r\nA: b\r\ncontent-length: 6\r\n", 400, "duplicate_content_length"},
    {"Content-Length: 5\r\nContent-Length:\r\n", 400, "duplicate_content_length"},
    {"Content-Length: 0\r\nContent-Length: 0\r\n", 400, "duplicate_content_length"},
    {"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", 400, "length_and_encoding"},
    {"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", 400, "length_and_encoding"},
    {"Content-Length: 0\r\nTransfer-Encoding: chunked\r\n", 400, "length_and_encoding"},
    {"Content-Length: x\r\nTransfer-Encoding: x\r\n", 400, "length_and_encoding"},
    {"Content-Length: 5\r\nTransfer-Encoding:\r\n", 400, "length_and_encoding"},
    {"Content-Length: 5\r\nTransfer-Encoding: identity\r\n", 400, "length_and_encoding"},
    {"Content-Length: 5\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n", 400,
     "length_and_encoding"},
    {"Transfer-Encoding:\r\n", 501, kCoding},
    {"Transfer-Encoding: identity\r\n", 501, kCoding},
    {"Transfer-Encoding: gzip\r\n", 501, kCoding},
    {"Transfer-Encoding: gzip, chunked\r\n", 501, kCoding},
    {"Transfer-Encoding: chunked, gzip\r\n", 501, kCoding},
    {"Transfer-Encoding: chunked, chunked\r\n", 501, kCoding},
    {"Transfer-Encoding: chunked, identity\r\n", 501, kCoding},
    {"Transfer-Encoding: identity, chunked\r\n", 501, kCoding},
    {"Transfer-Encoding: ,chunked\r\n", 501, kCoding},
    {"Transfer-Encoding: chunked,\r\n", 501, kCoding},
    {"Transfer-Encoding: chunked;q=1\r\n", 501, kCoding},
    {"Transfer-Encoding: \"chunked\"\r\n", 501, kCoding},
    {"Transfer-Encoding: 'chunked'\r\n", 501, kCoding},
    {"Transfer-Encoding: xchunked\r\n", 501, kCoding},
    {"Transfer-Encoding: chunke\r\n", 501, kCoding},
    {"Transfer-Encoding: chunked chunked\r\n", 501, kCoding},
    {"Transfer-Encoding: chunked\xa0\r\n", 501, kCoding},
    {"Transfer-Encoding: \xc5\xbf"
     "chunked\r\n",
     501, kCoding},
    {"Transfer-Encoding: chunked\x0b\r\n", 400, "bad_field_value"},
    {"Transfer-Encoding: \x0b"
     "chunked\r\n",
     400, "bad_field_value"},
    {"Transfer-Encoding: chunked\0\r\n"sv, 400, "bad_field_value"},
    {"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", 501, kCoding},
    {"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", 501, kCoding},
    {"Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n", 501, kCoding},
    {"Content-Length: 1\r\nExpect: 200-ok\r\n", 417, "unknown_expectation"},
    {"Content-Length: 1\r\nExpect:\r\n", 417, "unknown_expectation"},
    {"Content-Length: 1\r\nExpect: 100-continue, a\r\n", 417, "unknown_expectation"},
    {"Content-Length: 1\r\nExpect: 100-continue\r\nExpect: a\r\n", 417, "unknown_expectation"},
};

// Whole heads.
constexpr RefusedRow kVersionsAndMethods[] = {
    {"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400, "encoding_in_http10"},
    {"GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400, "encoding_in_http10"},
    {"POST / HTTP/1.0\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n", 400,
     "encoding_in_http10"},
    {"POST / HTTP/1.0\r\nTransfer-Encoding: identity\r\n\r\n", 400, "encoding_in_http10"},
    {"POST / HTTP/1.0\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n", 400,
     "length_and_encoding"},
    {"POST / HTTP/1.0\r\n\r\n", 411, "length_required"},
    {"PUT / HTTP/1.0\r\nHost: a\r\n\r\n", 411, "length_required"},
    {"PATCH / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", 411, "length_required"},
    {"POST / HTTP/1.0\r\nContent_Length: 5\r\n\r\nhello", 411, "length_required"},
    {"POST / HTTP/1.0\r\nContent-Length: 5, 5\r\n\r\nhello", 400, "bad_content_length"},
    {"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nhello", 400,
     "duplicate_content_length"},
    {"DELETE / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400, "encoding_in_http10"},
    {"HEAD / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400, "encoding_in_http10"},
    {"HEAD / HTTP/1.1\r\n\r\n", 400, "missing_host"},
    {"TRACE / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx", 400, "body_not_allowed"},
    {"TRACE / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", 400, "body_not_allowed"},
    {"CONNECT a:1 HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx", 400, "body_not_allowed"},
    {"CONNECT a:1 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", 400,
     "body_not_allowed"},
    {"OPTIONS / HTTP/1.1\r\nHost: a\r\nMax-Forwards: x\r\n\r\n", 400, "bad_max_forwards"},
    {"OPTIONS * HTTP/1.1\r\nHost: a\r\nMax-Forwards: -1\r\n\r\n", 400, "bad_max_forwards"},
    {"OPTIONS * HTTP/1.1\r\nHost: a\r\nMax-Forwards:\r\n\r\n", 400, "bad_max_forwards"},
    {"OPTIONS * HTTP/1.1\r\nHost: a\r\nMax-Forwards: 1, 2\r\n\r\n", 400, "bad_max_forwards"},
    {"OPTIONS * HTTP/1.1\r\nHost: a\r\nMax-Forwards: 1\r\nMax-Forwards: 0\r\n\r\n", 400,
     "bad_max_forwards"},
};

// A client that leaves within a head was never understood: it gets nothing, and no line in the log.
constexpr std::string_view kHalfHeads[] = {
    "G",
    "GET",
    "GET ",
    "GET /",
    "GET / HTTP/1.1",
    "GET / HTTP/1.1\r",
    "GET / HTTP/1.1\r\n",
    "GET / HTTP/1.1\r\nHost: a",
    "GET / HTTP/1.1\r\nHost: a\r\n",
    "GET / HTTP/1.1\r\nHost: a\r\n\r",
    "\r\n",
    "\r\n\r\n",
};

// Behind a POST with "Content-Length: 10".
constexpr std::string_view kHalfBodies[] = {"", "h", "hello", "123456789"};

// Behind a POST with "Transfer-Encoding: chunked".
constexpr std::string_view kHalfChunks[] = {
    "",
    "5",
    "5\r",
    "5\r\n",
    "5\r\nhel",
    "5\r\nhello",
    "5\r\nhello\r",
    "5\r\nhello\r\n",
    "5\r\nhello\r\n0",
    "5\r\nhello\r\n0\r",
    "5\r\nhello\r\n0\r\n",
    "5\r\nhello\r\n0\r\n\r",
    "5\r\nhello\r\n0\r\nA: b\r\n",
};

}  // namespace

TEST_CASE("strict requests: framing that is ambiguous or unknown is refused, never repaired",
          "[wire][strict]") {
  RequestTable table;
  table.refused(kHeads, {"POST / HTTP/1.1\r\nHost: a\r\n", "\r\n"});
  table.refused(kVersionsAndMethods);
  CHECK(table.finish() >= 80);
}

TEST_CASE("strict requests: a request that is cut short never reaches the backend",
          "[wire][strict]") {
  RequestTable table;
  table.cut(kHalfHeads, "", "");
  table.cut(kHalfBodies, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n",
            "client_aborted");
  table.cut(kHalfChunks, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
            "client_aborted");
  CHECK(table.finish() >= 28);
}
