// SPDX-License-Identifier: MIT
// Request lines that are refused: RFC 9112 2.2, 2.3 and 3, RFC 9110 7.1 and 9.
#include <catch2/catch.hpp>
#include <string>

#include "tests/wire/strict/requests.h"

using namespace std::string_view_literals;
using sluice::wire::RefusedRow;
using sluice::wire::RequestTable;

namespace {

// Before CRLF, "Host: a", CRLF, CRLF.
constexpr RefusedRow kBadMethods[] = {
    {" GET / HTTP/1.1", 400, "bad_method"},
    {"\tGET / HTTP/1.1", 400, "bad_method"},
    {"/ HTTP/1.1", 400, "bad_method"},
    {" / HTTP/1.1", 400, "bad_method"},
    {"G@T / HTTP/1.1", 400, "bad_method"},
    {"G(T / HTTP/1.1", 400, "bad_method"},
    {"G:T / HTTP/1.1", 400, "bad_method"},
    {"G/T / HTTP/1.1", 400, "bad_method"},
    {"G,T / HTTP/1.1", 400, "bad_method"},
    {"G;x / HTTP/1.1", 400, "bad_method"},
    {"\"GET\" / HTTP/1.1", 400, "bad_method"},
    {"[GET] / HTTP/1.1", 400, "bad_method"},
    {"{GET} / HTTP/1.1", 400, "bad_method"},
    {"<GET> / HTTP/1.1", 400, "bad_method"},
    {"G\0T / HTTP/1.1"sv, 400, "bad_method"},
    {"\0 / HTTP/1.1"sv, 400, "bad_method"},
    {"G\x01T / HTTP/1.1", 400, "bad_method"},
    {"G\x7fT / HTTP/1.1", 400, "bad_method"},
    {"G\xc3\x89T / HTTP/1.1", 400, "bad_method"},
    {"\xef\xbb\xbfGET / HTTP/1.1", 400, "bad_method"},
    {"GET\t/ HTTP/1.1", 400, "bad_method"},
    {"GET\x0b/ HTTP/1.1", 400, "bad_method"},
    {"GET\x0c/ HTTP/1.1", 400, "bad_method"},
    {"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456 / HTTP/1.1", 501, "method_too_long"},
    {"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"sv, 400, "bad_method"},  // TLS, unasked
    {"CONNECT a:443 HTTP/1.1", 405, "method_refused"},
    {"CONNECT [::1]:443 HTTP/1.1", 405, "method_refused"},
    {"CONNECT 127.0.0.1:25 HTTP/1.1", 405, "method_refused"},
    {"TRACE / HTTP/1.1", 405, "method_refused"},
    {"TRACE /a?b HTTP/1.1", 405, "method_refused"},
    {"TRACE http://a/ HTTP/1.1", 405, "method_refused"},
};

constexpr RefusedRow kTargets[] = {
    {"GET  / HTTP/1.1", 400, "bad_target"},
    {"GET  HTTP/1.1", 400, "bad_target"},
    {"GET a HTTP/1.1", 400, "bad_target"},
    {"GET a/b HTTP/1.1", 400, "bad_target"},
    {"GET ?a HTTP/1.1", 400, "bad_target"},
    {"GET \\a HTTP/1.1", 400, "bad_target"},
    {"GET * HTTP/1.1", 400, "bad_target"},
    {"POST * HTTP/1.1", 400, "bad_target"},
    {"options * HTTP/1.1", 400, "bad_target"},
    {"OPTIONS *a HTTP/1.1", 400, "bad_target"},
    {"OPTIONS ** HTTP/1.1", 400, "bad_target"},
    {"GET /a#b HTTP/1.1", 400, "bad_target"},
    {"GET /# HTTP/1.1", 400, "bad_target"},
    {"GET /?a#b HTTP/1.1", 400, "bad_target"},
    {"GET #/ HTTP/1.1", 400, "bad_target"},
    {"GET /a\tb HTTP/1.1", 400, "bad_target"},
    {"GET /\tHTTP/1.1", 400, "bad_target"},
    {"GET /a\0b HTTP/1.1"sv, 400, "bad_target"},
    {"GET /a\x01 HTTP/1.1", 400, "bad_target"},
    {"GET /a\x0b HTTP/1.1", 400, "bad_target"},
    {"GET /a\x1f HTTP/1.1", 400, "bad_target"},
    {"GET /a\x7f HTTP/1.1", 400, "bad_target"},
    {"GET /\xc3\xa9 HTTP/1.1", 400, "bad_target"},
    {"GET /?\xff HTTP/1.1", 400, "bad_target"},
    {"CONNECT a HTTP/1.1", 400, "bad_target"},
    {"CONNECT / HTTP/1.1", 400, "bad_target"},
    {"CONNECT * HTTP/1.1", 400, "bad_target"},
    {"CONNECT http://a/ HTTP/1.1", 400, "bad_target"},
    {"CONNECT u@a:443 HTTP/1.1", 400, "bad_target"},
    {"CONNECT a:443/ HTTP/1.1", 400, "bad_target"},
    {"CONNECT :443 HTTP/1.1", 400, "bad_target"},
    {"CONNECT a:65536 HTTP/1.1", 400, "bad_target"},
    {"GET a:443 HTTP/1.1", 400, "bad_target"},
    // absolute-form: only http and https, and an authority that is one
    {"GET http:// HTTP/1.1", 400, "bad_target"},
    {"GET http:///a HTTP/1.1", 400, "bad_target"},
    {"GET http:/a HTTP/1.1", 400, "bad_target"},
    {"GET http:a HTTP/1.1", 400, "bad_target"},
    {"GET http://u@a/ HTTP/1.1", 400, "bad_target"},
    {"GET http://u:p@a/ HTTP/1.1", 400, "bad_target"},
    {"GET http://a@b@c/ HTTP/1.1", 400, "bad_target"},
    {"GET http://a:b/ HTTP/1.1", 400, "bad_target"},
    {"GET http://a:/ HTTP/1.1", 400, "bad_target"},
    {"GET http://a:80:81/ HTTP/1.1", 400, "bad_target"},
    {"GET http://[::1/ HTTP/1.1", 400, "bad_target"},
    {"GET http://a,b/ HTTP/1.1", 400, "bad_target"},
    {"GET http://a\\b/ HTTP/1.1", 400, "bad_target"},
    {"GET http://a%2fb/ HTTP/1.1", 400, "bad_target"},
    {"GET http://a/b#c HTTP/1.1", 400, "bad_target"},
    {"GET http://a#b/ HTTP/1.1", 400, "bad_target"},
    {"GET ftp://a/ HTTP/1.1", 400, "bad_target"},
    {"GET file:///etc/passwd HTTP/1.1", 400, "bad_target"},
    {"GET javascript://a/ HTTP/1.1", 400, "bad_target"},
    {"GET ://a/ HTTP/1.1", 400, "bad_target"},
    {"GET ws://a/ HTTP/1.1", 400, "bad_target"},
};

constexpr RefusedRow kVersions[] = {
    {"GET /", 400, "bad_request_line"},  // HTTP/0.9
    {"GET", 400, "bad_request_line"},
    {"EHLO a", 400, "bad_request_line"},
    {"SSH-2.0-OpenSSH_9.6", 400, "bad_request_line"},
    {"GET / ", 400, "bad_version"},
    {"GET /  HTTP/1.1", 400, "bad_version"},
    {"GET / a HTTP/1.1", 400, "bad_version"},
    {"GET / HTTP/1.1 ", 400, "bad_version"},
    {"GET / HTTP/1.1\t", 400, "bad_version"},
    {"GET / HTTP/1.1 HTTP/1.1", 400, "bad_version"},
    {"GET / HTTP/1.1\0"sv, 400, "bad_version"},
    {"GET / HTTP/1.1x", 400, "bad_version"},
    {"GET / HTTP/1.10", 400, "bad_version"},
    {"GET / HTTP/01.1", 400, "bad_version"},
    {"GET / HTTP/1", 400, "bad_version"},
    {"GET / HTTP/1.", 400, "bad_version"},
    {"GET / HTTP/.1", 400, "bad_version"},
    {"GET / HTTP/-1.1", 400, "bad_version"},
    {"GET / HTTP/1,1", 400, "bad_version"},
    {"GET / HTTP/A.B", 400, "bad_version"},
    {"GET / http/1.1", 400, "bad_version"},
    {"GET / Http/1.1", 400, "bad_version"},
    {"GET / HTTP /1.1", 400, "bad_version"},
    {"GET / HTTP/ 1.1", 400, "bad_version"},
    {"GET / HTTPS/1.1", 400, "bad_version"},
    {"GET / RTSP/1.0", 400, "bad_version"},
    {"GET / ICY", 400, "bad_version"},
    {"GET / HTTP/0.9", 505, "unsupported_version"},
    {"GET / HTTP/1.2", 505, "unsupported_version"},
    {"GET / HTTP/1.9", 505, "unsupported_version"},
    {"GET / HTTP/2.0", 505, "unsupported_version"},
    {"GET / HTTP/3.0", 505, "unsupported_version"},
    {"GET / HTTP/9.9", 505, "unsupported_version"},
};

// Whole messages.
constexpr RefusedRow kLineEnds[] = {
    {"GET / HTTP/1.1\nHost: a\n\n", 400, "bare_lf"},
    {"GET / HTTP/1.1\nHost: a\r\n\r\n", 400, "bare_lf"},
    {"GET / HTTP/1.1\r\r\nHost: a\r\n\r\n", 400, "bare_cr"},
    {"GET / HTTP/1.1\rHost: a\r\n\r\n", 400, "bare_cr"},
    {"GET / HTTP/1.1\r \nHost: a\r\n\r\n", 400, "bare_cr"},
    {"GET\n/ HTTP/1.1\r\nHost: a\r\n\r\n", 400, "bad_request_line"},
    {"GET\r\n/ HTTP/1.1\r\nHost: a\r\n\r\n", 400, "bad_request_line"},
    {"GET /\nHTTP/1.1\r\nHost: a\r\n\r\n", 400, "bad_request_line"},
    {"GET /\rHTTP/1.1\r\nHost: a\r\n\r\n", 400, "bad_request_line"},
    {"\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", 400, "bare_lf"},
    {"\r\n\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", 400, "bare_lf"},
    {"\r\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", 400, "bare_cr"},
    {"\rGET / HTTP/1.1\r\nHost: a\r\n\r\n", 400, "bare_cr"},
    {"\r\n\r\n\r\n\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", 400, "bad_request_line"},
    {"\r\n GET / HTTP/1.1\r\nHost: a\r\n\r\n", 400, "bad_method"},
    {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505, "unsupported_version"},
};

}  // namespace

TEST_CASE("strict requests: a request line that is none is refused, and reaches nobody",
          "[wire][strict]") {
  RequestTable table;
  table.refused(kBadMethods, {.after = "\r\nHost: a\r\n\r\n"});
  table.refused(kTargets, {.after = "\r\nHost: a\r\n\r\n"});
  table.refused(kVersions, {.after = "\r\nHost: a\r\n\r\n"});
  table.refused(kLineEnds);
  const std::string line(8192, 'x');
  table.refused({"GET /" + line + " HTTP/1.1\r\nHost: a\r\n\r\n", 414, "request_line_too_long"});
  table.refused({"GET /?" + line + " HTTP/1.1\r\nHost: a\r\n\r\n", 414, "request_line_too_long"});
  CHECK(table.finish() >= 130);
}
