// SPDX-License-Identifier: MIT
#include "proxy/http/response_parser.h"

#include <catch2/catch.hpp>
#include <string>
#include <string_view>

#include "tests/unit/proxy/http/head_rows.h"

namespace sluice::http {
namespace {

using rows::HeadRow;
using rows::is_accepted;
using std::string_view_literals::operator""sv;

// "status framing close|keep [upgrade]"
std::string describe_response(const ResponseHead& head) {
  std::string text = std::to_string(head.status) + ' ' + rows::framing_text(head.body) +
                     (head.keep_alive ? " keep" : " close");
  if (head.upgrade) text += " upgrade";
  return text;
}

void check_response_rows(const HeadRow* begin, const HeadRow* end, Method method,
                         std::string_view before, std::string_view after) {
  const auto parse = [method](std::string_view bytes) {
    ResponseHead head;
    const ParseResult result = parse_response_head(bytes, HeadLimits(), method, head);
    return rows::verdict(result, [&head] { return describe_response(head); });
  };
  for (const HeadRow* row = begin; row != end; ++row) {
    const std::string bytes = std::string(before) + std::string(row->bytes) + std::string(after);
    rows::check_row(bytes, row->expected, is_accepted(row->expected), parse);
  }
}

void check_response_round_trips(const HeadRow* begin, const HeadRow* end, Method method,
                                std::string_view before, std::string_view after) {
  for (const HeadRow* row = begin; row != end; ++row) {
    if (!is_accepted(row->expected)) continue;
    const std::string bytes = std::string(before) + std::string(row->bytes) + std::string(after);
    rows::check_response_round_trip(bytes, method);
  }
}

// Before CRLF, "Content-Length: 0", CRLF, CRLF.
constexpr HeadRow kStatusLines[] = {
    {"HTTP/1.1 200 OK", "200 length:0 keep"},
    {"HTTP/1.1 200 ", "200 length:0 keep"},
    {"HTTP/1.1 200", "200 length:0 keep"},
    {"HTTP/1.0 200 OK", "200 length:0 close"},
    {"HTTP/1.1 200 Any\ttext, \xe9", "200 length:0 keep"},
    {"HTTP/1.1 200  OK", "200 length:0 keep"},
    {"HTTP/1.1 299 OK", "299 length:0 keep"},
    {"HTTP/1.1 404 Not Found", "404 length:0 keep"},
    {"HTTP/1.1 599 X", "599 length:0 keep"},
    {"HTTP/1.1 600 X", "bad_status"},
    {"HTTP/1.1 999 X", "bad_status"},
    {"HTTP/1.1 099 X", "bad_status"},
    {"HTTP/1.1 000 X", "bad_status"},
    {"HTTP/1.1 20 OK", "bad_status"},
    {"HTTP/1.1 2000 OK", "bad_status"},
    {"HTTP/1.1 20x OK", "bad_status"},
    {"HTTP/1.1 +20 OK", "bad_status"},
    {"HTTP/1.1 -20 OK", "bad_status"},
    {"HTTP/1.1 OK", "bad_status"},
    {"HTTP/1.1  200 OK", "bad_status"},
    {"HTTP/1.1\t200 OK", "bad_status_line"},
    {"HTTP/1.1", "bad_status_line"},
    {"HTTP/1.1 ", "bad_status"},
    {"HTTP/1.1 200OK", "bad_status_line"},
    {"HTTP/1.1 200\tOK", "bad_status_line"},
    {"HTTP/1.1 200,OK", "bad_status_line"},
    {"HTTP/1.1 200 O\0K"sv, "bad_status_line"},
    {"HTTP/1.1 200 O\x01K", "bad_status_line"},
    {"HTTP/1.1 200 O\x7fK", "bad_status_line"},
    {"HTTP/1.1 200 O\rK", "bare_cr"},
    {"HTTP/1.1 200 OK\r", "bare_cr"},
    {"HTTP/1.1 200\rOK", "bare_cr"},
    {"HTTP/1.1 200 OK\nA: b", "bare_lf"},
    {"HTTP/1.1 200\nA: b", "bare_lf"},
    {"HTTP/2 200 OK", "bad_version"},
    {"HTTP/2.0 200 OK", "unsupported_version"},
    {"HTTP/0.9 200 OK", "unsupported_version"},
    {"HTTP/1.2 200 OK", "unsupported_version"},
    {"http/1.1 200 OK", "bad_version"},
    {"ICY 200 OK", "bad_version"},
    {" HTTP/1.1 200 OK", "bad_version"},
    {"\r\nHTTP/1.1 200 OK", "bad_version"},
    {"<html>", "bad_version"},
};

// Behind "HTTP/1.1 200 OK" CRLF, before the empty line.
constexpr HeadRow kFields[] = {
    {"", "200 until-close close"},
    {"Connection: keep-alive\r\n", "200 until-close close"},
    {"Content-Length: 5\r\n", "200 length:5 keep"},
    {"Content-Length: 5\r\nConnection: close\r\n", "200 length:5 close"},
    {"Content-Length: 5\r\nConnection: a, CLOSE\r\n", "200 length:5 close"},
    {"Transfer-Encoding: chunked\r\n", "200 chunked keep"},
    {"Transfer-Encoding: Chunked\r\nConnection: close\r\n", "200 chunked close"},
    {"Transfer-Encoding: gzip\r\n", "unsupported_transfer_encoding"},
    {"Transfer-Encoding: gzip, chunked\r\n", "unsupported_transfer_encoding"},
    {"Transfer-Encoding: identity\r\n", "unsupported_transfer_encoding"},
    {"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
     "unsupported_transfer_encoding"},
    {"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", "length_and_encoding"},
    {"Content-Length: 5\r\nContent-Length: 5\r\n", "duplicate_content_length"},
    {"Content-Length: 5, 5\r\n", "bad_content_length"},
    {"Content-Length: -1\r\n", "bad_content_length"},
    {"Content-Length: 5 \r\n", "200 length:5 keep"},
    {"Content-Length: 9223372036854775808\r\n", "bad_content_length"},
    {"Upgrade: websocket\r\nConnection: upgrade\r\n", "200 until-close close"},
    {"Set-Cookie: a=b\r\nSet-Cookie: c=d\r\nContent-Length: 0\r\n", "200 length:0 keep"},
    {"A : b\r\n", "space_in_field_name"},
    {"A: b\r\n c\r\n", "obs_fold"},
    {"A\r\n", "bad_field_name"},
    {"A: \0\r\n"sv, "bad_field_value"},
    {"A: b\rc\r\n", "bare_cr"},
    {"A: b\n", "bare_lf"},
};

constexpr HeadRow kResponsesOfHttp10[] = {
    {"", "200 until-close close"},
    {"Content-Length: 5\r\n", "200 length:5 close"},
    {"Content-Length: 5\r\nConnection: keep-alive\r\n", "200 length:5 keep"},
    {"Content-Length: 5\r\nConnection: keep-alive, close\r\n", "200 length:5 close"},
    {"Transfer-Encoding: chunked\r\n", "encoding_in_http10"},
    {"Transfer-Encoding: identity\r\n", "encoding_in_http10"},
};

// Whole heads, answers to GET.
constexpr HeadRow kBodiless[] = {
    {"HTTP/1.1 100 Continue\r\n\r\n", "100 none keep"},
    {"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n", "103 none keep"},
    {"HTTP/1.1 101 X\r\nUpgrade: a\r\nConnection: upgrade\r\n\r\n", "101 none keep upgrade"},
    {"HTTP/1.1 101 X\r\nUpgrade: a\r\n\r\n", "101 none keep"},
    {"HTTP/1.1 101 X\r\nConnection: upgrade\r\n\r\n", "101 none keep"},
    {"HTTP/1.1 204 No Content\r\n\r\n", "204 none keep"},
    {"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n", "204 none keep"},
    {"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n", "204 none close"},
    {"HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n", "204 none close"},
    {"HTTP/1.1 100 Continue\r\nContent-Length: 0\r\n\r\n", "100 none keep"},
    {"HTTP/1.1 100 Continue\r\nContent-Length: 5\r\n\r\n", "body_not_allowed"},
    {"HTTP/1.1 103 Early Hints\r\nTransfer-Encoding: chunked\r\n\r\n", "body_not_allowed"},
    {"HTTP/1.1 101 X\r\nContent-Length: 1\r\n\r\n", "body_not_allowed"},
    {"HTTP/1.1 304 Not Modified\r\n\r\n", "304 none keep"},
    {"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", "304 announced:5 keep"},
    {"HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\n\r\n", "304 none keep"},
    {"HTTP/1.1 304 Not Modified\r\nContent-Length: x\r\n\r\n", "bad_content_length"},
    {"HTTP/1.1 205 Reset Content\r\nContent-Length: 0\r\n\r\n", "205 length:0 keep"},
};

constexpr HeadRow kToHead[] = {
    {"HTTP/1.1 200 OK\r\n\r\n", "200 none keep"},
    {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", "200 announced:5 keep"},
    {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "200 announced:0 keep"},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "200 none keep"},
    {"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\n", "200 announced:5 close"},
    {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n",
     "duplicate_content_length"},
};

constexpr HeadRow kToConnect[] = {
    {"HTTP/1.1 200 OK\r\n\r\n", "200 none keep"},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "200 none close"},
    {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", "200 none close"},
    {"HTTP/1.1 403 Forbidden\r\nContent-Length: 5\r\n\r\n", "403 length:5 keep"},
    {"HTTP/1.1 403 Forbidden\r\n\r\n", "403 until-close close"},
};

}  // namespace

TEST_CASE("response parser: each status line gets its verdict, whole and cut anywhere",
          "[http][response_parser]") {
  check_response_rows(std::begin(kStatusLines), std::end(kStatusLines), Method::Get, "",
                      "\r\nContent-Length: 0\r\n\r\n");
}

TEST_CASE("response parser: fields and framing are as strict as in requests",
          "[http][response_parser]") {
  check_response_rows(std::begin(kFields), std::end(kFields), Method::Get, "HTTP/1.1 200 OK\r\n",
                      "\r\n");
  check_response_rows(std::begin(kResponsesOfHttp10), std::end(kResponsesOfHttp10), Method::Get,
                      "HTTP/1.0 200 OK\r\n", "\r\n");
}

TEST_CASE("response parser: whether a body follows depends on status and method",
          "[http][response_parser]") {
  check_response_rows(std::begin(kBodiless), std::end(kBodiless), Method::Get, "", "");
  check_response_rows(std::begin(kToHead), std::end(kToHead), Method::Head, "", "");
  check_response_rows(std::begin(kToConnect), std::end(kToConnect), Method::Connect, "", "");
}

TEST_CASE("response parser: each accepted head is written and read again as it was",
          "[http][response_parser]") {
  check_response_round_trips(std::begin(kStatusLines), std::end(kStatusLines), Method::Get, "",
                             "\r\nContent-Length: 0\r\n\r\n");
  check_response_round_trips(std::begin(kFields), std::end(kFields), Method::Get,
                             "HTTP/1.1 200 OK\r\n", "\r\n");
  check_response_round_trips(std::begin(kResponsesOfHttp10), std::end(kResponsesOfHttp10),
                             Method::Get, "HTTP/1.0 200 OK\r\n", "\r\n");
  check_response_round_trips(std::begin(kBodiless), std::end(kBodiless), Method::Get, "", "");
  check_response_round_trips(std::begin(kToHead), std::end(kToHead), Method::Head, "", "");
  check_response_round_trips(std::begin(kToConnect), std::end(kToConnect), Method::Connect, "", "");
}

TEST_CASE("response parser: limits hold for the head of a backend, too",
          "[http][response_parser]") {
  const auto parse = [](std::string_view bytes, const HeadLimits& limits) {
    ResponseHead head;
    const ParseResult result = parse_response_head(bytes, limits, Method::Get, head);
    return rows::verdict(result, [&head] { return describe_response(head); });
  };
  constexpr std::string_view kHead = "HTTP/1.1 200 OK\r\nA: b\r\nContent-Length: 0\r\n\r\n";
  CHECK(parse(kHead, {15, 17, kHead.size(), 2}) == "200 length:0 keep");
  CHECK(parse(kHead, {14, 17, kHead.size(), 2}) == "head_too_large");
  CHECK(parse(kHead, {15, 16, kHead.size(), 2}) == "field_too_large");
  CHECK(parse(kHead, {15, 17, kHead.size() - 1, 2}) == "head_too_large");
  CHECK(parse(kHead, {15, 17, kHead.size(), 1}) == "too_many_fields");
}

TEST_CASE("response parser: the reason is kept", "[http][response_parser]") {
  const std::string bytes = "HTTP/1.1 200 Very well\r\nA: b\r\n\r\n";
  ResponseHead head;
  REQUIRE(parse_response_head(bytes, HeadLimits(), Method::Get, head).consumed == bytes.size());
  CHECK(head.reason == "Very well");
  CHECK_FALSE(head.is_interim());
}

}  // namespace sluice::http
