// SPDX-License-Identifier: MIT
// Field lines, framing, persistence and limits of requests.
#include <catch2/catch.hpp>
#include <string>
#include <string_view>

#include "proxy/http/request_parser.h"
#include "tests/unit/proxy/http/head_rows.h"

namespace sluice::http {
namespace {

using rows::HeadRow;
using rows::is_accepted;
using std::string_view_literals::operator""sv;

// "framing close|keep [expect] [upgrade]"
std::string describe_request(const RequestHead& head) {
  std::string text = rows::framing_text(head.body) + (head.keep_alive ? " keep" : " close");
  if (head.expect_continue) text += " expect";
  if (head.upgrade) text += " upgrade";
  return text;
}

std::string parse_request(std::string_view bytes) {
  RequestHead head;
  const ParseResult result = parse_request_head(bytes, HeadLimits(), head);
  return rows::verdict(result, [&head] { return describe_request(head); });
}

void check_request_rows(const HeadRow* begin, const HeadRow* end, const std::string& start_line) {
  for (const HeadRow* row = begin; row != end; ++row) {
    const std::string bytes = start_line + std::string(row->bytes) + "\r\n";
    rows::check_row(bytes, row->expected, is_accepted(row->expected), parse_request);
  }
}

void check_request_round_trips(const HeadRow* begin, const HeadRow* end,
                               const std::string& start_line) {
  for (const HeadRow* row = begin; row != end; ++row) {
    if (!is_accepted(row->expected)) continue;
    rows::check_request_round_trip(start_line + std::string(row->bytes) + "\r\n");
  }
}

// Behind "POST / HTTP/1.1" and "Host: h", before the empty line.
constexpr HeadRow kGrammar[] = {
    {"A: b\r\n", "none keep"},
    {"A:b\r\n", "none keep"},
    {"A:\r\n", "none keep"},
    {"A: \r\n", "none keep"},
    {"A: \t b c \t\r\n", "none keep"},
    {"A: b:c\r\n", "none keep"},
    {"A: \x80\xff\r\n", "none keep"},
    {"A: b\tc\r\n", "none keep"},
    {"!#$%&'*+-.^_`|~09azAZ: b\r\n", "none keep"},
    {"A-Name-Of-More-Than-Thirty-Two-Bytes-Is-Nothing-Special: b\r\n", "none keep"},
    {"A_Name_With_Rarer_Characters_Of_Tokens: b\r\n", "none keep"},
    {"A: 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123\r\n", "none keep"},
    {"A: b\r\nA: c\r\n", "none keep"},
    {"A : b\r\n", "space_in_field_name"},
    {"A\t: b\r\n", "space_in_field_name"},
    {"A b: c\r\n", "space_in_field_name"},
    {"Content-Length : 5\r\n", "space_in_field_name"},
    {"Transfer-Encoding : chunked\r\n", "space_in_field_name"},
    {" A: b\r\n", "obs_fold"},
    {"\tA: b\r\n", "obs_fold"},
    {"A: b\r\n c\r\n", "obs_fold"},
    {"A: b\r\n\tc\r\n", "obs_fold"},
    {"A: b\r\n \r\n", "obs_fold"},
    {"A:\r\n b\r\n", "obs_fold"},
    {": b\r\n", "bad_field_name"},
    {"A\r\n", "bad_field_name"},
    {"A\r\r\n", "bad_field_name"},
    {"A(: b\r\n", "bad_field_name"},
    {"A\0: b\r\n"sv, "bad_field_name"},
    {"\0: b\r\n"sv, "bad_field_name"},
    {"A\x0b: b\r\n", "bad_field_name"},
    {"A\x7f: b\r\n", "bad_field_name"},
    {"A\x80: b\r\n", "bad_field_name"},
    {"\xef\xbb\xbf"
     "A: b\r\n",
     "bad_field_name"},
    {"A/B: c\r\n", "bad_field_name"},
    {"A=B\r\n", "bad_field_name"},
    {"{A}: b\r\n", "bad_field_name"},
    {"\"A\": b\r\n", "bad_field_name"},
    {"A,B: c\r\n", "bad_field_name"},
    {"A;B: c\r\n", "bad_field_name"},
    {"A@B: c\r\n", "bad_field_name"},
    {"A[B]: c\r\n", "bad_field_name"},
    {"Transfer-Encoding\x0d: chunked\r\n", "bad_field_name"},
    {"A: \0\r\n"sv, "bad_field_value"},
    {"A: b\0c\r\n"sv, "bad_field_value"},
    {"A: b\x01\r\n", "bad_field_value"},
    {"A: b\x08\r\n", "bad_field_value"},
    {"A: b\x0b\r\n", "bad_field_value"},
    {"A: b\x0c\r\n", "bad_field_value"},
    {"A: b\x1b[0m\r\n", "bad_field_value"},
    {"A: b\x1f\r\n", "bad_field_value"},
    {"A: b\x7f\r\n", "bad_field_value"},
    {"A: 0123456789abcde\x01\r\n", "bad_field_value"},
    {"A: 0123456789abcdef\x01\r\n", "bad_field_value"},
    {"A: 0123456789abcdef0123456789abcdef\x7f\r\n", "bad_field_value"},
    {"A: 0123456789abcdef0123456789abcdef0123456789abcdef\0\r\n"sv, "bad_field_value"},
    {"A: b\rc\r\n", "bare_cr"},
    {"A: b\r\r\n", "bare_cr"},
    {"A:\rb\r\n", "bare_cr"},
    {"\rA: b\r\n", "bare_cr"},
    {"\r\r\n", "bare_cr"},
    {"A: b\nC: d\r\n", "bare_lf"},
    {"A: b\n", "bare_lf"},
    {"A:\n", "bare_lf"},
    {"A\n", "bare_lf"},
    {"\nA: b\r\n", "bare_lf"},
    {"A: b\n c\r\n", "bare_lf"},
    {"A: b\r\n\n", "bare_lf"},
};

constexpr HeadRow kFraming[] = {
    {"Content-Length: 0\r\n", "length:0 keep"},
    {"Content-Length: 5\r\n", "length:5 keep"},
    {"content-length:5\r\n", "length:5 keep"},
    {"Content-Length: \t5\t \r\n", "length:5 keep"},
    {"Content-Length: 0005\r\n", "length:5 keep"},
    {"Content-Length: 9223372036854775807\r\n", "length:9223372036854775807 keep"},
    {"Content-Length: 9223372036854775808\r\n", "bad_content_length"},
    {"Content-Length: 18446744073709551616\r\n", "bad_content_length"},
    {"Content-Length: 18446744073709551621\r\n", "bad_content_length"},
    {"Content-Length: 99999999999999999999\r\n", "bad_content_length"},
    {"Content-Length: 00000000000000000005\r\n", "bad_content_length"},
    {"Content-Length:\r\n", "bad_content_length"},
    {"Content-Length: +5\r\n", "bad_content_length"},
    {"Content-Length: -5\r\n", "bad_content_length"},
    {"Content-Length: 0x5\r\n", "bad_content_length"},
    {"Content-Length: 5a\r\n", "bad_content_length"},
    {"Content-Length: a\r\n", "bad_content_length"},
    {"Content-Length: 5 5\r\n", "bad_content_length"},
    {"Content-Length: 5_0\r\n", "bad_content_length"},
    {"Content-Length: 5.0\r\n", "bad_content_length"},
    {"Content-Length: 5e1\r\n", "bad_content_length"},
    {"Content-Length: 5;\r\n", "bad_content_length"},
    {"Content-Length: \"5\"\r\n", "bad_content_length"},
    {"Content-Length: 5,5\r\n", "bad_content_length"},
    {"Content-Length: 5, 6\r\n", "bad_content_length"},
    {"Content-Length: ,5\r\n", "bad_content_length"},
    {"Content-Length: \xb2\r\n", "bad_content_length"},
    {"Content-Length: 5\r\nContent-Length: 5\r\n", "duplicate_content_length"},
    {"Content-Length: 5\r\nA: b\r\ncontent-length: 6\r\n", "duplicate_content_length"},
    {"Content-Length: 5\r\nContent-Length:\r\n", "duplicate_content_length"},
    {"Content_Length: 5\r\n", "none keep"},
    {"Transfer-Encoding: chunked\r\n", "chunked keep"},
    {"transfer-encoding:CHUNKED\r\n", "chunked keep"},
    {"Transfer-Encoding: \tchunked \r\n", "chunked keep"},
    {"Transfer-Encoding:\r\n", "unsupported_transfer_encoding"},
    {"Transfer-Encoding: identity\r\n", "unsupported_transfer_encoding"},
    {"Transfer-Encoding: gzip\r\n", "unsupported_transfer_encoding"},
    {"Transfer-Encoding: gzip, chunked\r\n", "unsupported_transfer_encoding"},
    {"Transfer-Encoding: chunked, gzip\r\n", "unsupported_transfer_encoding"},
    {"Transfer-Encoding: chunked, chunked\r\n", "unsupported_transfer_encoding"},
    {"Transfer-Encoding: chunked, identity\r\n", "unsupported_transfer_encoding"},
    {"Transfer-Encoding: ,chunked\r\n", "unsupported_transfer_encoding"},
    {"Transfer-Encoding: chunked,\r\n", "unsupported_transfer_encoding"},
    {"Transfer-Encoding: chunked;q=1\r\n", "unsupported_transfer_encoding"},
    {"Transfer-Encoding: \"chunked\"\r\n", "unsupported_transfer_encoding"},
    {"Transfer-Encoding: xchunked\r\n", "unsupported_transfer_encoding"},
    {"Transfer-Encoding: chunke\r\n", "unsupported_transfer_encoding"},
    {"Transfer-Encoding: chunked\xa0\r\n", "unsupported_transfer_encoding"},
    {"Transfer-Encoding: chunked\x0b\r\n", "bad_field_value"},
    {"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
     "unsupported_transfer_encoding"},
    {"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
     "unsupported_transfer_encoding"},
    {"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", "length_and_encoding"},
    {"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "length_and_encoding"},
    {"Content-Length: 0\r\nTransfer-Encoding: chunked\r\n", "length_and_encoding"},
    {"Content-Length: x\r\nTransfer-Encoding: x\r\n", "length_and_encoding"},
    {"Content-Length: 5\r\nTransfer-Encoding:\r\n", "length_and_encoding"},
};

constexpr HeadRow kPersistence[] = {
    {"Connection: close\r\n", "none close"},
    {"Connection: Close\r\n", "none close"},
    {"connection:CLOSE\r\n", "none close"},
    {"Connection: keep-alive\r\n", "none keep"},
    {"Connection: a, close\r\n", "none close"},
    {"Connection: ,,close,,\r\n", "none close"},
    {"Connection: keep-alive, close\r\n", "none close"},
    {"Connection: keep-alive\r\nConnection: close\r\n", "none close"},
    {"Connection: closed\r\n", "none keep"},
    {"Connection: a close\r\n", "none keep"},
    {"Connection:\r\n", "none keep"},
    {"Proxy-Connection: close\r\n", "none keep"},
    {"Connection: upgrade\r\nUpgrade: websocket\r\n", "none keep upgrade"},
    {"Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n", "none keep upgrade"},
    {"Connection: upgrade\r\n", "none keep"},
    {"Upgrade: websocket\r\n", "none keep"},
    {"Connection: a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q,r,s,t,u,v,w,x,y,z,1,2,3,4,5,6\r\n",
     "none keep"},
    {"Connection: a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q,r,s,t,u,v,w,x,y,z,1,2,3,4,5,6,7\r\n",
     "too_many_connection_options"},
    {"Content-Length: 1\r\nExpect: 100-continue\r\n", "length:1 keep expect"},
    {"Transfer-Encoding: chunked\r\nExpect: 100-Continue\r\n", "chunked keep expect"},
    {"Content-Length: 0\r\nExpect: 100-continue\r\n", "length:0 keep"},
    {"Expect: 100-continue\r\n", "none keep"},
    {"Expect: 200-ok\r\n", "unknown_expectation"},
    {"Expect:\r\n", "unknown_expectation"},
    {"Expect: 100-continue, a\r\n", "unknown_expectation"},
    {"Expect: 100-continue\r\nExpect: a\r\n", "unknown_expectation"},
};

constexpr HeadRow kRequestsOfHttp10[] = {
    {"", "none close"},
    {"Connection: keep-alive\r\n", "none keep"},
    {"Connection: Keep-Alive, a\r\n", "none keep"},
    {"Connection: keep-alive, close\r\n", "none close"},
    {"Content-Length: 5\r\n", "length:5 close"},
    {"Transfer-Encoding: chunked\r\n", "encoding_in_http10"},
    {"Transfer-Encoding: identity\r\n", "encoding_in_http10"},
    {"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", "length_and_encoding"},
    {"Content-Length: 5\r\nExpect: 100-continue\r\n", "length:5 close"},
    {"Expect: a\r\n", "none close"},
    {"Connection: upgrade\r\nUpgrade: websocket\r\n", "none close"},
};

struct LimitRow {
  std::string_view bytes;
  HeadLimits limits;
  std::string_view expected;
};

constexpr HeadLimits limits(std::size_t line, std::size_t field, std::size_t head,
                            std::size_t fields) {
  return {line, field, head, fields};
}

constexpr LimitRow kLimits[] = {
    {"GET /aa HTTP/1.1\r\nHost: h\r\n\r\n", limits(16, 99, 99, 9), "none keep"},
    {"GET /aaa HTTP/1.1\r\nHost: h\r\n\r\n", limits(16, 99, 99, 9), "request_line_too_long"},
    {"GET /aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", limits(16, 99, 99, 9), "request_line_too_long"},
    {"GET / HTTP/1.1\r\nHost: h\r\nA: bbbb\r\n\r\n", limits(99, 7, 99, 9), "none keep"},
    {"GET / HTTP/1.1\r\nHost: h\r\nA: bbbbb\r\n\r\n", limits(99, 7, 99, 9), "field_too_large"},
    {"GET / HTTP/1.1\r\nHost: h\r\nAAAAAAAAAAAAAAAA", limits(99, 7, 99, 9), "field_too_large"},
    {"GET / HTTP/1.1\r\nHost: h\r\nA:               ", limits(99, 7, 99, 9), "field_too_large"},
    {"GET / HTTP/1.1\r\nHost: h\r\n\r\n", limits(99, 99, 27, 9), "none keep"},
    {"GET / HTTP/1.1\r\nHost: h\r\n\r\n", limits(99, 99, 26, 9), "head_too_large"},
    {"GET / HTTP/1.1\r\nHost: h\r\n\r\n", limits(99, 99, 25, 9), "head_too_large"},
    {"GET / HTTP/1.1\r\nHost: h\r\n\r\n", limits(99, 99, 20, 9), "head_too_large"},
    {"GET / HTTP/1.1\r\nHost: h\r\n\r\n", limits(99, 99, 10, 9), "head_too_large"},
    {"\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n", limits(99, 99, 27, 9), "none keep"},
    {"GET / HTTP/1.1\r\nHost: h\r\nA: b\r\n\r\n", limits(99, 99, 99, 2), "none keep"},
    {"GET / HTTP/1.1\r\nHost: h\r\nA: b\r\nC: d\r\n\r\n", limits(99, 99, 99, 2), "too_many_fields"},
};

}  // namespace

TEST_CASE("request parser: each field line gets its verdict, whole and cut anywhere",
          "[http][request_parser]") {
  check_request_rows(std::begin(kGrammar), std::end(kGrammar), "POST / HTTP/1.1\r\nHost: h\r\n");
}

TEST_CASE("request parser: framing is told, and nothing ambiguous is repaired",
          "[http][request_parser]") {
  check_request_rows(std::begin(kFraming), std::end(kFraming), "POST / HTTP/1.1\r\nHost: h\r\n");
}

TEST_CASE("request parser: framing does not depend on the method", "[http][request_parser]") {
  check_request_rows(std::begin(kFraming), std::end(kFraming), "GET / HTTP/1.1\r\nHost: h\r\n");
}

TEST_CASE("request parser: persistence, upgrade and expectation are told",
          "[http][request_parser]") {
  check_request_rows(std::begin(kPersistence), std::end(kPersistence),
                     "PUT / HTTP/1.1\r\nHost: h\r\n");
}

TEST_CASE("request parser: HTTP/1.0 has no transfer coding and asks for persistence",
          "[http][request_parser]") {
  check_request_rows(std::begin(kRequestsOfHttp10), std::end(kRequestsOfHttp10),
                     "GET / HTTP/1.0\r\n");
}

TEST_CASE("request parser: an HTTP/1.0 request that has a body has to say how long it is",
          "[http][request_parser]") {
  constexpr HeadRow kRows[] = {
      {"", "length_required"},
      {"Connection: keep-alive\r\n", "length_required"},
      {"Content-Type: text/plain\r\n", "length_required"},
      {"Content-Length: 0\r\n", "length:0 close"},
      {"Content-Length: 5\r\n", "length:5 close"},
      {"Content-Length: x\r\n", "bad_content_length"},
      {"Transfer-Encoding: chunked\r\n", "encoding_in_http10"},
  };
  for (const char* method : {"POST", "PUT", "PATCH"}) {
    check_request_rows(std::begin(kRows), std::end(kRows), std::string(method) + " / HTTP/1.0\r\n");
  }
  for (const char* line : {"GET / HTTP/1.0", "DELETE / HTTP/1.0", "post / HTTP/1.0"}) {
    CHECK(parse_request(std::string(line) + "\r\n\r\n") == "none close");
  }
  CHECK(parse_request("POST / HTTP/1.1\r\nHost: h\r\n\r\n") == "none keep");
}

TEST_CASE("request parser: CONNECT and TRACE have no body", "[http][request_parser]") {
  constexpr HeadRow kRows[] = {
      {"Content-Length: 0\r\n", "length:0 keep"},
      {"Content-Length: 1\r\n", "body_not_allowed"},
      {"Transfer-Encoding: chunked\r\n", "body_not_allowed"},
  };
  check_request_rows(std::begin(kRows), std::end(kRows), "TRACE / HTTP/1.1\r\nHost: h\r\n");
  check_request_rows(std::begin(kRows), std::end(kRows), "CONNECT h:1 HTTP/1.1\r\nHost: h\r\n");
}

TEST_CASE("request parser: accepted fields and framing are written and read again as they were",
          "[http][request_parser]") {
  constexpr std::string_view k11 = "POST / HTTP/1.1\r\nHost: h\r\n";
  check_request_round_trips(std::begin(kGrammar), std::end(kGrammar), std::string(k11));
  check_request_round_trips(std::begin(kFraming), std::end(kFraming), std::string(k11));
  check_request_round_trips(std::begin(kPersistence), std::end(kPersistence), std::string(k11));
  check_request_round_trips(std::begin(kRequestsOfHttp10), std::end(kRequestsOfHttp10),
                            "GET / HTTP/1.0\r\n");
}

TEST_CASE("request parser: each limit is exact, and met before the message is whole",
          "[http][request_parser]") {
  for (const LimitRow& row : kLimits) {
    const auto parse_limited = [&row](std::string_view bytes) {
      RequestHead head;
      const ParseResult result = parse_request_head(bytes, row.limits, head);
      return rows::verdict(result, [&head] { return describe_request(head); });
    };
    rows::check_row(row.bytes, row.expected, is_accepted(row.expected), parse_limited);
  }
}

TEST_CASE("request parser: an HTTP/1.0 expectation is not carried into HTTP/1.1",
          "[http][request_parser]") {
  RequestHead head;
  const std::string_view bytes =
      "POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n";
  REQUIRE(parse_request_head(bytes, HeadLimits(), head).status == ParseStatus::Done);
  CHECK_FALSE(head.fields.has(FieldId::Expect));
  CHECK(head.fields.size() == 1);
}

TEST_CASE("request parser: the fields are there as sent, in order", "[http][request_parser]") {
  RequestHead head;
  const std::string_view bytes =
      "GET / HTTP/1.1\r\nhOst: h\r\nX-A: \t1 2 \r\nx-a:3\r\nEmpty:\r\n\r\nrest";
  const ParseResult result = parse_request_head(bytes, HeadLimits(), head);
  REQUIRE(result.status == ParseStatus::Done);
  CHECK(result.consumed == bytes.size() - 4);
  REQUIRE(head.fields.size() == 4);
  CHECK(head.fields[0].name == "hOst");
  CHECK(head.fields[0].id == FieldId::Host);
  CHECK(head.fields[1].name == "X-A");
  CHECK(head.fields[1].value == "1 2");
  CHECK(head.fields[2].value == "3");
  CHECK(head.fields[3].value.empty());
}

TEST_CASE("request parser: a refused head leaves the next one clean", "[http][request_parser]") {
  RequestHead head;
  REQUIRE(parse_request_head("POST /a?b HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nA\r\n",
                             HeadLimits(), head)
              .status == ParseStatus::Bad);
  REQUIRE(parse_request_head("GET / HTTP/1.0\r\n\r\n", HeadLimits(), head).status ==
          ParseStatus::Done);
  CHECK(head.fields.empty());
  CHECK_FALSE(head.has_query);
  CHECK(head.host.empty());
  CHECK(head.body == BodyFraming());
}

}  // namespace sluice::http
