// SPDX-License-Identifier: MIT
// Responses that are none: a 502 for the client, and the end of the backend's connection (RFC 9112
// 2.2, 4, 5 and 6, RFC 9110 15).
#include <catch2/catch.hpp>
#include <string>

#include "tests/wire/strict/responses.h"

using namespace std::string_view_literals;
using sluice::wire::BadAnswerRow;
using sluice::wire::many;
using sluice::wire::ResponseTable;

namespace {

// Before CRLF, "Content-Length: 2", CRLF, CRLF, "ok".
constexpr BadAnswerRow kBadStatusLines[] = {
    {"HTTP/1.1 000 X", "bad_status"},
    {"HTTP/1.1 099 X", "bad_status"},
    {"HTTP/1.1 600 X", "bad_status"},
    {"HTTP/1.1 999 X", "bad_status"},
    {"HTTP/1.1 1000 X", "bad_status"},
    {"HTTP/1.1 2000 OK", "bad_status"},
    {"HTTP/1.1 20 OK", "bad_status"},
    {"HTTP/1.1 2 OK", "bad_status"},
    {"HTTP/1.1 20x OK", "bad_status"},
    {"HTTP/1.1 +20 OK", "bad_status"},
    {"HTTP/1.1 -20 OK", "bad_status"},
    {"HTTP/1.1 0x2 OK", "bad_status"},
    {"HTTP/1.1 OK", "bad_status"},
    {"HTTP/1.1 ", "bad_status"},
    {"HTTP/1.1  200 OK", "bad_status"},
    {"HTTP/1.1\t200 OK", "bad_status_line"},
    {"HTTP/1.1", "bad_status_line"},
    {"HTTP/1.1 200OK", "bad_status_line"},
    {"HTTP/1.1 200\tOK", "bad_status_line"},
    {"HTTP/1.1 200,OK", "bad_status_line"},
    {"HTTP/1.1 200 O\0K"sv, "bad_status_line"},
    {"HTTP/1.1 200 O\x01K", "bad_status_line"},
    {"HTTP/1.1 200 O\x1b[0m", "bad_status_line"},
    {"HTTP/1.1 200 O\x7fK", "bad_status_line"},
    {"HTTP/1.1 200 OK\rSet-Cookie: a=b", "bare_cr"},
    {"HTTP/1.1 200 OK\r", "bare_cr"},
    {"HTTP/1.1 200\rOK", "bare_cr"},
    {"HTTP/1.1 200 OK\nSet-Cookie: a=b", "bare_lf"},
    {"HTTP/1.1 200\nA: b", "bare_lf"},
    {"HTTP/2 200 OK", "bad_version"},
    {"HTTP/1.10 200 OK", "bad_status_line"},
    {"HTTP/2.0 200 OK", "unsupported_version"},
    {"HTTP/0.9 200 OK", "unsupported_version"},
    {"HTTP/1.2 200 OK", "unsupported_version"},
    {"HTTP/3.0 200 OK", "unsupported_version"},
    {"http/1.1 200 OK", "bad_version"},
    {"HTTPS/1.1 200 OK", "bad_version"},
    {"ICY 200 OK", "bad_version"},
    {" HTTP/1.1 200 OK", "bad_version"},
    {"\r\nHTTP/1.1 200 OK", "bad_version"},
    {"\xef\xbb\xbfHTTP/1.1 200 OK", "bad_version"},
    {"<html>hello</html>", "bad_version"},
    {"\x15\x03\x01\x00\x02\x02\x46"sv, "bad_version"},  // a TLS alert
    {"200 OK", "bad_version"},
};

// Behind "HTTP/1.1 200 OK", before the empty line.
constexpr BadAnswerRow kBadFields[] = {
    {"Content-Length: 5, 5\r\n", "bad_content_length"},
    {"Content-Length: 5,6\r\n", "bad_content_length"},
    {"Content-Length: -1\r\n", "bad_content_length"},
    {"Content-Length: +2\r\n", "bad_content_length"},
    {"Content-Length: 0x2\r\n", "bad_content_length"},
    {"Content-Length: 2.0\r\n", "bad_content_length"},
    {"Content-Length: 2 2\r\n", "bad_content_length"},
    {"Content-Length: two\r\n", "bad_content_length"},
    {"Content-Length:\r\n", "bad_content_length"},
    {"Content-Length: 9223372036854775808\r\n", "bad_content_length"},
    {"Content-Length: 18446744073709551618\r\n", "bad_content_length"},
    {"Content-Length: 2\r\nContent-Length: 2\r\n", "duplicate_content_length"},
    {"Content-Length: 2\r\ncontent-length: 3\r\n", "duplicate_content_length"},
    {"Transfer-Encoding: chunked\r\nContent-Length: 2\r\n", "length_and_encoding"},
    {"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n", "length_and_encoding"},
    {"Content-Length: 2\r\nTransfer-Encoding: identity\r\n", "length_and_encoding"},
    {"Transfer-Encoding: gzip\r\n", "unsupported_transfer_encoding"},
    {"Transfer-Encoding: gzip, chunked\r\n", "unsupported_transfer_encoding"},
    {"Transfer-Encoding: chunked, gzip\r\n", "unsupported_transfer_encoding"},
    {"Transfer-Encoding: identity\r\n", "unsupported_transfer_encoding"},
    {"Transfer-Encoding:\r\n", "unsupported_transfer_encoding"},
    {"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
     "unsupported_transfer_encoding"},
    {"Transfer-Encoding: xchunked\r\n", "unsupported_transfer_encoding"},
    {"Transfer-Encoding\t: chunked\r\n", "space_in_field_name"},
    {"Content-Length : 2\r\n", "space_in_field_name"},
    {"A : b\r\n", "space_in_field_name"},
    {"A: b\r\n c\r\n", "obs_fold"},
    {"A: b\r\n\tc\r\n", "obs_fold"},
    {" A: b\r\n", "obs_fold"},
    {"A\r\n", "bad_field_name"},
    {": b\r\n", "bad_field_name"},
    {"A\0: b\r\n"sv, "bad_field_name"},
    {"A(: b\r\n", "bad_field_name"},
    {"A\x80: b\r\n", "bad_field_name"},
    {"A: \0\r\n"sv, "bad_field_value"},
    {"A: b\x01\r\n", "bad_field_value"},
    {"A: b\x7f\r\n", "bad_field_value"},
    {"Location: /\rSet-Cookie: a=b\r\n", "bare_cr"},
    {"Location: /\nSet-Cookie: a=b\r\n", "bare_lf"},
    {"A: b\n", "bare_lf"},
    {"A: b\r\n\n", "bare_lf"},
    {"\n", "bare_lf"},
    {"A: b\r\r\n", "bare_cr"},
};

constexpr std::string_view kHints = "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n";

// Whole answers.
constexpr BadAnswerRow kBadAnswers[] = {
    {"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
     "encoding_in_http10"},
    {"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
     "encoding_in_http10"},
    {"HTTP/1.1 200 OK\nContent-Length: 2\n\nok", "bare_lf"},
    {"HTTP/1.1 204 No Content\r\nContent-Length: x\r\n\r\n", "bad_content_length"},
    {"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n",
     "duplicate_content_length"},
    {"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
     "length_and_encoding"},
    {"HTTP/1.1 204 No Content\r\nTransfer-Encoding: gzip\r\n\r\n", "unsupported_transfer_encoding"},
    // interim ones that announce a body, which would be taken for the next head
    {"HTTP/1.1 100 Continue\r\nContent-Length: 38\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: "
     "0\r\n\r\n",
     "body_not_allowed"},
    {"HTTP/1.1 103 Early Hints\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "body_not_allowed"},
    {"HTTP/1.1 102 Processing\r\nContent-Length: 5, 5\r\n\r\n", "bad_content_length"},
    {"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 000 X\r\n\r\n", "bad_status", false,
     kHints},
    {"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nhello\r\n\r\n", "bad_version", false, kHints},
    {"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n", "backend_closed_early", true, kHints},
    // an upgrade that nobody asked for, or that was asked for and not passed on
    {"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: foo\r\n\r\nhello",
     "unasked_upgrade"},
    {"HTTP/1.1 101 Switching Protocols\r\n\r\n", "unasked_upgrade"},
    {"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: foo\r\n\r\n",
     "unasked_upgrade",
     false,
     {},
     "GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: foo\r\n\r\n"},
    {"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n",
     "unasked_upgrade",
     false,
     {},
     "GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade, http2-settings\r\nUpgrade: h2c\r\n"
     "HTTP2-Settings: AAMA\r\n\r\n"},
    {"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 101 Switching Protocols\r\n\r\n",
     "unasked_upgrade", false, kHints},
    // cut within the head, or before it
    {"H", "backend_truncated", true},
    {"HTTP/1.1 200 O", "backend_truncated", true},
    {"HTTP/1.1 200 OK\r\n", "backend_truncated", true},
    {"HTTP/1.1 200 OK\r\nContent-Length: 2", "backend_truncated", true},
    {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r", "backend_truncated", true},
    {"", "backend_closed_early", true},
    {"HTTP/1.1 100 Continue\r\n\r\n", "backend_closed_early", true},
};

}  // namespace

TEST_CASE("strict responses: a head that is none is a 502, and its connection is not used again",
          "[wire][strict]") {
  ResponseTable table;
  table.bad(kBadStatusLines, "", "\r\nContent-Length: 2\r\n\r\nok");
  table.bad(kBadFields, "HTTP/1.1 200 OK\r\n", "\r\nok");
  table.bad(kBadAnswers);
  CHECK(table.finish() >= 110);
}

TEST_CASE("strict responses: a backend's head has limits, too", "[wire][strict]") {
  ResponseTable table;
  const std::string head = "HTTP/1.1 200 OK\r\n";
  table.bad({"HTTP/1.1 200 " + std::string(8192, 'x') + "\r\n\r\n", "head_too_large"});
  table.bad({head + "A: " + std::string(16384, 'x') + "\r\n\r\n", "field_too_large"});
  table.bad({head + many(3, "A: " + std::string(12000, 'x') + "\r\n") + "\r\n", "head_too_large"});
  table.bad({head + many(101, "A: b\r\n") + "\r\n", "too_many_fields"});
  table.bad({head + many(5000, "A: b\r\n") + "\r\n", "too_many_fields"});
  table.bad({head + "Connection: " + many(33, "a,") + "\r\n\r\n", "too_many_connection_options"});
  const std::string hint = "HTTP/1.1 103 Early Hints\r\n\r\n";
  table.bad({many(17, hint), "bad_status", false, many(16, hint)});
  CHECK(table.finish() == 7);
}
