// SPDX-License-Identifier: MIT
// Request lines, targets and hosts. Fields, framing and limits: request_fields_test.cc.
#include "proxy/http/request_parser.h"

#include <catch2/catch.hpp>
#include <string>
#include <string_view>

#include "tests/unit/proxy/http/head_rows.h"

namespace sluice::http {
namespace {

using rows::HeadRow;
using rows::is_accepted;
using std::string_view_literals::operator""sv;

std::string or_dash(std::string_view text, bool there) {
  return there ? std::string(text) : std::string("-");
}

// "METHOD target path query authority", '-' for what is absent.
std::string parse_line(std::string_view bytes) {
  RequestHead head;
  const ParseResult result = parse_request_head(bytes, HeadLimits(), head);
  return rows::verdict(result, [&head] {
    return std::string(head.method_text) + ' ' + std::string(head.target) + ' ' +
           or_dash(head.path, !head.path.empty()) + ' ' + or_dash(head.query, head.has_query) +
           ' ' + or_dash(head.authority, !head.authority.empty());
  });
}

// Each is followed by CRLF, "Host: h", CRLF, CRLF.
constexpr HeadRow kRequestLines[] = {
    // methods
    {"GET / HTTP/1.1", "GET / / - h"},
    {"HEAD / HTTP/1.1", "HEAD / / - h"},
    {"POST / HTTP/1.1", "POST / / - h"},
    {"PUT / HTTP/1.1", "PUT / / - h"},
    {"DELETE / HTTP/1.1", "DELETE / / - h"},
    {"OPTIONS / HTTP/1.1", "OPTIONS / / - h"},
    {"PATCH / HTTP/1.1", "PATCH / / - h"},
    {"TRACE / HTTP/1.1", "TRACE / / - h"},
    {"PROPFIND / HTTP/1.1", "PROPFIND / / - h"},
    {"M-SEARCH / HTTP/1.1", "M-SEARCH / / - h"},
    {"get / HTTP/1.1", "get / / - h"},
    {"!#$%&'*+-.^_`|~09azAZ / HTTP/1.1", "!#$%&'*+-.^_`|~09azAZ / / - h"},
    {"ABCDEFGHIJKLMNOPQRSTUVWXYZ012345 / HTTP/1.1", "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345 / / - h"},
    {"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456 / HTTP/1.1", "method_too_long"},
    {" GET / HTTP/1.1", "bad_method"},
    {"\tGET / HTTP/1.1", "bad_method"},
    {"G(T / HTTP/1.1", "bad_method"},
    {"G:T / HTTP/1.1", "bad_method"},
    {"G/T / HTTP/1.1", "bad_method"},
    {"G\"T / HTTP/1.1", "bad_method"},
    {"GET\t/ HTTP/1.1", "bad_method"},
    {"G\0T / HTTP/1.1"sv, "bad_method"},
    {"G\x7fT / HTTP/1.1", "bad_method"},
    {"G\xc3\x89T / HTTP/1.1", "bad_method"},
    {"\x16\x03\x01\x02\x00\x01"sv, "bad_method"},  // a TLS hello on a plain port
    {"GET", "bad_request_line"},
    {"GET\r / HTTP/1.1", "bad_request_line"},
    {"GET\n / HTTP/1.1", "bad_request_line"},
    // spaces
    {"GET  / HTTP/1.1", "bad_target"},
    {"GET /  HTTP/1.1", "bad_version"},
    {"GET / HTTP/1.1 ", "bad_version"},
    {"GET / HTTP/1.1\t", "bad_version"},
    {"GET /\tHTTP/1.1", "bad_target"},
    {"GET /a b HTTP/1.1", "bad_version"},
    {"GET /\x0bHTTP/1.1", "bad_target"},
    {"GET /", "bad_request_line"},
    {"GET / ", "bad_version"},
    {"GET ", "bad_request_line"},
    {"GET /\n HTTP/1.1", "bad_request_line"},
    // versions
    {"GET / HTTP/1.0", "GET / / - h"},
    {"GET / HTTP/0.9", "unsupported_version"},
    {"GET / HTTP/1.2", "unsupported_version"},
    {"GET / HTTP/1.9", "unsupported_version"},
    {"GET / HTTP/2.0", "unsupported_version"},
    {"GET / HTTP/3.0", "unsupported_version"},
    {"PRI * HTTP/2.0", "unsupported_version"},
    {"GET / HTTP/2", "bad_version"},
    {"GET / HTTP/1", "bad_version"},
    {"GET / HTTP/1.", "bad_version"},
    {"GET / HTTP/11", "bad_version"},
    {"GET / HTTP/1.10", "bad_version"},
    {"GET / HTTP/1.1a", "bad_version"},
    {"GET / HTTP/11.1", "bad_version"},
    {"GET / HTTP/01.1", "bad_version"},
    {"GET / HTTP/+1.1", "bad_version"},
    {"GET / HTTP/1,1", "bad_version"},
    {"GET / http/1.1", "bad_version"},
    {"GET / Http/1.1", "bad_version"},
    {"GET / HTTP 1.1", "bad_version"},
    {"GET / HTTPS/1.1", "bad_version"},
    {"GET / HTP/1.1", "bad_version"},
    {"GET / ICY/1.1", "bad_version"},
    {"GET / HTTP/1.\xb1", "bad_version"},
    {"GET / HTTP/1.1\r", "bare_cr"},
    {"GET / HTTP/1.1\rX", "bare_cr"},
    {"GET / HTTP/1.1\nHost: h", "bare_lf"},
    // origin-form
    {"GET /a/b HTTP/1.1", "GET /a/b /a/b - h"},
    {"GET /a?b HTTP/1.1", "GET /a?b /a b h"},
    {"GET /a? HTTP/1.1", "GET /a? /a  h"},
    {"GET /a?b?c HTTP/1.1", "GET /a?b?c /a b?c h"},
    {"GET /? HTTP/1.1", "GET /? /  h"},
    {"GET // HTTP/1.1", "GET // // - h"},
    {"GET //a.example/b HTTP/1.1", "GET //a.example/b //a.example/b - h"},
    {"GET /http://a/ HTTP/1.1", "GET /http://a/ /http://a/ - h"},
    {"GET /%00 HTTP/1.1", "GET /%00 /%00 - h"},
    {"GET /a%2fb;c=d HTTP/1.1", "GET /a%2fb;c=d /a%2fb;c=d - h"},
    {"GET /!$&'()*+,;=:@-._~ HTTP/1.1", "GET /!$&'()*+,;=:@-._~ /!$&'()*+,;=:@-._~ - h"},
    {"GET /?q={\"a\":[1]}|^`<>\\ HTTP/1.1", "GET /?q={\"a\":[1]}|^`<>\\ / q={\"a\":[1]}|^`<>\\ h"},
    {"GET /0123456789abcdef0123456789abcdef0123456789abcdef HTTP/1.1",
     "GET /0123456789abcdef0123456789abcdef0123456789abcdef "
     "/0123456789abcdef0123456789abcdef0123456789abcdef - h"},
    {"GET /# HTTP/1.1", "bad_target"},
    {"GET /a#b HTTP/1.1", "bad_target"},
    {"GET /a?b#c HTTP/1.1", "bad_target"},
    {"GET # HTTP/1.1", "bad_target"},
    {"GET /\0 HTTP/1.1"sv, "bad_target"},
    {"GET /\x01 HTTP/1.1", "bad_target"},
    {"GET /\x1f HTTP/1.1", "bad_target"},
    {"GET /\x7f HTTP/1.1", "bad_target"},
    {"GET /\x80 HTTP/1.1", "bad_target"},
    {"GET /\xff HTTP/1.1", "bad_target"},
    {"GET /\xc3\xa9 HTTP/1.1", "bad_target"},
    {"GET /0123456789abcdef0123456789abcdef0123456789abcde\x7f HTTP/1.1", "bad_target"},
    {"GET /0123456789abcdef0123456789abcdef0123456789abcdef0123456789a\xe9 HTTP/1.1", "bad_target"},
    {"GET /\r HTTP/1.1", "bad_request_line"},
    {"GET a HTTP/1.1", "bad_target"},
    {"GET a/b HTTP/1.1", "bad_target"},
    {"GET ?a HTTP/1.1", "bad_target"},
    {"GET . HTTP/1.1", "bad_target"},
    {"GET \\a HTTP/1.1", "bad_target"},
    // absolute-form
    {"GET http://a/ HTTP/1.1", "GET / / - a"},
    {"GET http://a/b?c HTTP/1.1", "GET /b?c /b c a"},
    {"GET http://a HTTP/1.1", "GET / / - a"},
    {"GET http://a?c HTTP/1.1", "GET ?c / c a"},
    {"GET http://a.example:8080/b HTTP/1.1", "GET /b /b - a.example:8080"},
    {"GET HTTP://A/ HTTP/1.1", "GET / / - A"},
    {"GET https://a/ HTTP/1.1", "GET / / - a"},
    {"GET http://[::1]/ HTTP/1.1", "GET / / - [::1]"},
    {"GET http://[::1]:80/ HTTP/1.1", "GET / / - [::1]:80"},
    {"GET http://127.0.0.1/ HTTP/1.0", "GET / / - 127.0.0.1"},
    {"OPTIONS http://a HTTP/1.1", "OPTIONS * * - a"},
    {"OPTIONS http://a/ HTTP/1.1", "OPTIONS / / - a"},
    {"GET http:// HTTP/1.1", "bad_target"},
    {"GET http:///a HTTP/1.1", "bad_target"},
    {"GET http:/a HTTP/1.1", "bad_target"},
    {"GET http:a HTTP/1.1", "bad_target"},
    {"GET http://u@a/ HTTP/1.1", "bad_target"},
    {"GET http://u:p@a/ HTTP/1.1", "bad_target"},
    {"GET http://a:b/ HTTP/1.1", "bad_target"},
    {"GET http://a:/ HTTP/1.1", "bad_target"},
    {"GET http://a:80:81/ HTTP/1.1", "bad_target"},
    {"GET http://[::1/ HTTP/1.1", "bad_target"},
    {"GET http://a,b/ HTTP/1.1", "bad_target"},
    {"GET http://a\\b/ HTTP/1.1", "bad_target"},
    {"GET ftp://a/ HTTP/1.1", "bad_target"},
    {"GET file:///etc/passwd HTTP/1.1", "bad_target"},
    {"GET ://a/ HTTP/1.1", "bad_target"},
    // authority-form
    {"CONNECT a:443 HTTP/1.1", "CONNECT a:443 - - a:443"},
    {"CONNECT [::1]:443 HTTP/1.1", "CONNECT [::1]:443 - - [::1]:443"},
    {"CONNECT a HTTP/1.1", "bad_target"},
    {"CONNECT / HTTP/1.1", "bad_target"},
    {"CONNECT * HTTP/1.1", "bad_target"},
    {"CONNECT http://a/ HTTP/1.1", "bad_target"},
    {"CONNECT u@a:443 HTTP/1.1", "bad_target"},
    {"CONNECT a:443/ HTTP/1.1", "bad_target"},
    {"CONNECT :443 HTTP/1.1", "bad_target"},
    {"GET a:443 HTTP/1.1", "bad_target"},
    // asterisk-form
    {"OPTIONS * HTTP/1.1", "OPTIONS * * - h"},
    {"GET * HTTP/1.1", "bad_target"},
    {"options * HTTP/1.1", "bad_target"},
    {"OPTIONS *a HTTP/1.1", "bad_target"},
    {"OPTIONS ** HTTP/1.1", "bad_target"},
};

// Each stands behind "GET / HTTP/1.1" CRLF and is followed by an empty line.
constexpr HeadRow kHosts[] = {
    {"Host: a\r\n", "GET / / - a"},
    {"host:a\r\n", "GET / / - a"},
    {"HOST:\ta \t\r\n", "GET / / - a"},
    {"X: y\r\nHost: a.example:80\r\n", "GET / / - a.example:80"},
    {"Host: A.Example.\r\n", "GET / / - A.Example."},
    {"Host: 10.0.0.1:65535\r\n", "GET / / - 10.0.0.1:65535"},
    {"Host: my_service-1:0\r\n", "GET / / - my_service-1:0"},
    {"Host: [2001:db8::1]\r\n", "GET / / - [2001:db8::1]"},
    {"Host: [::ffff:10.0.0.1]:8080\r\n", "GET / / - [::ffff:10.0.0.1]:8080"},
    {"", "missing_host"},
    {"X: y\r\n", "missing_host"},
    {"X-Host: a\r\n", "missing_host"},
    {"Host: a\r\nHost: a\r\n", "duplicate_host"},
    {"Host: a\r\nhost: b\r\n", "duplicate_host"},
    {"Host: a\r\nX: y\r\nHOST:\r\n", "duplicate_host"},
    {"Host:\r\n", "bad_host"},
    {"Host: \t \r\n", "bad_host"},
    {"Host: a, b\r\n", "bad_host"},
    {"Host: a,b\r\n", "bad_host"},
    {"Host: a b\r\n", "bad_host"},
    {"Host: user@a\r\n", "bad_host"},
    {"Host: a?x\r\n", "bad_host"},
    {"Host: a/x\r\n", "bad_host"},
    {"Host: a#x\r\n", "bad_host"},
    {"Host: a\\x\r\n", "bad_host"},
    {"Host: http://a\r\n", "bad_host"},
    {"Host: a%2eb\r\n", "bad_host"},
    {"Host: a:\r\n", "bad_host"},
    {"Host: :80\r\n", "bad_host"},
    {"Host: a:80:81\r\n", "bad_host"},
    {"Host: a:b\r\n", "bad_host"},
    {"Host: a:+80\r\n", "bad_host"},
    {"Host: a: 80\r\n", "bad_host"},
    {"Host: a:65536\r\n", "bad_host"},
    {"Host: a:000080\r\n", "bad_host"},
    {"Host: [::1\r\n", "bad_host"},
    {"Host: ::1\r\n", "bad_host"},
    {"Host: []\r\n", "bad_host"},
    {"Host: [a]\r\n", "bad_host"},
    {"Host: [1.2.3.4]\r\n", "bad_host"},
    {"Host: [::1]a\r\n", "bad_host"},
    {"Host: [::1]:\r\n", "bad_host"},
    {"Host: [::1%eth0]\r\n", "bad_host"},
    {"Host: [v1.a]\r\n", "bad_host"},
    {"Host: .a\r\n", "bad_host"},
    {"Host: a..b\r\n", "bad_host"},
    {"Host: .\r\n", "bad_host"},
    {"Host: a\"b\r\n", "bad_host"},
    {"Host: a\x80\r\n", "bad_host"},
    {"Host: *\r\n", "bad_host"},
};

}  // namespace

TEST_CASE("request parser: each request line gets its verdict, whole and cut anywhere",
          "[http][request_parser]") {
  STATIC_REQUIRE(std::size(kRequestLines) >= 130);
  for (const HeadRow& row : kRequestLines) {
    const std::string bytes = std::string(row.bytes) + "\r\nHost: h\r\n\r\n";
    rows::check_row(bytes, row.expected, is_accepted(row.expected), parse_line);
  }
}

TEST_CASE("request parser: each Host gets its verdict, whole and cut anywhere",
          "[http][request_parser]") {
  for (const HeadRow& row : kHosts) {
    const std::string bytes = "GET / HTTP/1.1\r\n" + std::string(row.bytes) + "\r\n";
    rows::check_row(bytes, row.expected, is_accepted(row.expected), parse_line);
  }
}

TEST_CASE("request parser: each accepted line and Host is written and read again as it was",
          "[http][request_parser]") {
  for (const HeadRow& row : kRequestLines) {
    if (!is_accepted(row.expected)) continue;
    rows::check_request_round_trip(std::string(row.bytes) + "\r\nHost: h\r\n\r\n");
  }
  for (const HeadRow& row : kHosts) {
    if (!is_accepted(row.expected)) continue;
    rows::check_request_round_trip("GET / HTTP/1.1\r\n" + std::string(row.bytes) + "\r\n");
  }
}

TEST_CASE("request parser: what Host may be depends on version and target form",
          "[http][request_parser]") {
  constexpr HeadRow kRows[] = {
      {"GET / HTTP/1.0\r\n\r\n", "GET / / - -"},
      {"GET / HTTP/1.0\r\nHost:\r\n\r\n", "bad_host"},
      {"GET http://a/ HTTP/1.0\r\n\r\n", "GET / / - a"},
      {"GET http://a/ HTTP/1.1\r\n\r\n", "missing_host"},
      {"GET http://a/ HTTP/1.1\r\nHost:\r\n\r\n", "GET / / - a"},
      {"GET http://a/ HTTP/1.1\r\nHost: b:81\r\n\r\n", "GET / / - a"},
      {"GET http://a/ HTTP/1.1\r\nHost: u@b\r\n\r\n", "bad_host"},
      {"GET http://a/ HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", "duplicate_host"},
      {"OPTIONS * HTTP/1.1\r\nHost:\r\n\r\n", "OPTIONS * * - -"},
      {"CONNECT a:1 HTTP/1.1\r\nHost:\r\n\r\n", "bad_host"},
      {"CONNECT a:1 HTTP/1.1\r\nHost: b\r\n\r\n", "CONNECT a:1 - - a:1"},
  };
  for (const HeadRow& row : kRows) {
    rows::check_row(row.bytes, row.expected, is_accepted(row.expected), parse_line);
  }
}

TEST_CASE("request parser: an absolute-form target replaces Host in the fields",
          "[http][request_parser]") {
  RequestHead head;
  const std::string_view bytes = "GET http://a:81/x HTTP/1.1\r\nHost: b\r\nX: y\r\n\r\n";
  REQUIRE(parse_request_head(bytes, HeadLimits(), head).status == ParseStatus::Done);
  CHECK(head.form == TargetForm::Absolute);
  CHECK(head.host == "a");
  CHECK(head.fields.value(FieldId::Host) == "a:81");
  CHECK(head.fields.count(FieldId::Host) == 1);
  CHECK(head.fields.size() == 2);
}

TEST_CASE("request parser: hosts and forms are told apart", "[http][request_parser]") {
  RequestHead head;
  const auto parse = [&head](std::string_view bytes) {
    return parse_request_head(bytes, HeadLimits(), head).status == ParseStatus::Done;
  };
  REQUIRE(parse("GET / HTTP/1.1\r\nHost: [::1]:8080\r\n\r\n"));
  CHECK(head.host == "[::1]");
  CHECK(head.form == TargetForm::Origin);
  REQUIRE(parse("OPTIONS * HTTP/1.1\r\nHost: a:1\r\n\r\n"));
  CHECK(head.host == "a");
  CHECK(head.form == TargetForm::Asterisk);
  REQUIRE(parse("CONNECT a:443 HTTP/1.1\r\nHost: b\r\n\r\n"));
  CHECK(head.host == "a");
  CHECK(head.form == TargetForm::Authority);
}

TEST_CASE("request parser: a few empty lines before the request are skipped and counted",
          "[http][request_parser]") {
  constexpr std::string_view kRequest = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
  RequestHead head;
  for (std::size_t lines = 0; lines <= 4; ++lines) {
    std::string bytes;
    for (std::size_t i = 0; i < lines; ++i) bytes += "\r\n";
    bytes += kRequest;
    const ParseResult result = parse_request_head(bytes + "rest", HeadLimits(), head);
    CHECK(result.status == ParseStatus::Done);
    CHECK(result.consumed == bytes.size());
    CHECK(find_head_end(bytes + "rest", 0) == bytes.size());
  }
  for (const std::string_view before : {"\r\n\r\n\r\n\r\n\r\n"sv, "\n"sv, "\r\n\n"sv, "\r\r\n"sv}) {
    const std::string bytes = std::string(before) + std::string(kRequest);
    CHECK(parse_request_head(bytes, HeadLimits(), head).status == ParseStatus::Bad);
  }
  for (const std::string_view only : {""sv, "\r"sv, "\r\n"sv, "\r\n\r"sv, "\r\n\r\n"sv}) {
    CHECK(parse_request_head(only, HeadLimits(), head).status == ParseStatus::NeedMore);
    CHECK(find_head_end(only, 0) == kNoHeadEnd);
    CHECK(only_empty_lines(only));
  }
  CHECK(only_empty_lines("\r\n\r\n\r\n\r\n"));
  for (const std::string_view more :
       {"\r\n\r\n\r\n\r\n\r"sv, "\n"sv, "\r\r"sv, "\r\nG"sv, "GET"sv, " "sv}) {
    CHECK_FALSE(only_empty_lines(more));
  }
}

TEST_CASE("request parser: the end of a head is found wherever the last search stopped",
          "[http][request_parser]") {
  const std::string head = "GET / HTTP/1.1\r\nHost: h\r\nX: \r\r\n\r\n";
  const std::string bytes = head + "body\r\n\r\n";
  for (std::size_t seen = 0; seen < head.size(); ++seen) {
    CHECK(find_head_end(std::string_view(bytes).substr(0, seen), 0) == kNoHeadEnd);
    CHECK(find_head_end(bytes, seen) == head.size());
  }
}

TEST_CASE("request parser: a bare LF ends the search, and the parser refuses it",
          "[http][request_parser]") {
  constexpr std::string_view kHeads[] = {
      "GET / HTTP/1.1\nHost: h\n\n",
      "GET / HTTP/1.1\r\nHost: h\n\r\n",
      "GET / HTTP/1.1\r\nHost: h\r\n\n",
      "GET / HTTP/1.1\r\nHost: h\r\nA: b\n",
      "GET / HTTP/1.1\r\nHost: h\r\n\nrest\r\n\r\n",
  };
  for (const std::string_view bytes : kHeads) {
    INFO(std::string(bytes));
    CHECK(find_head_end(bytes, 0) != kNoHeadEnd);
    CHECK(parse_line(bytes) == "bare_lf");
  }
}

TEST_CASE("request parser: a head moves with its buffer", "[http][request_parser]") {
  const std::string first = "GET /p?q HTTP/1.1\r\nHost: h:1\r\nX: y\r\n\r\n";
  std::string second = first;
  RequestHead head;
  REQUIRE(parse_request_head(first, HeadLimits(), head).status == ParseStatus::Done);
  head.fields.add("Static", "literal");
  head.rebase(first, second.data());
  for (const std::string_view view : {head.method_text, head.target, head.path, head.query,
                                      head.host, head.authority, head.fields.value("X")}) {
    CHECK(view.data() >= second.data());
    CHECK(view.data() < second.data() + second.size());
  }
  CHECK(head.path == "/p");
  CHECK(head.fields.value("X") == "y");
  CHECK(head.fields.value("Static") == "literal");
}

}  // namespace sluice::http
