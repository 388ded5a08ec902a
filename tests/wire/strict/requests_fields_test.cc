// SPDX-License-Identifier: MIT
// Host, field lines and limits: RFC 9112 2.2, 3.2 and 5, RFC 9110 5.5 and 7.2.
#include <catch2/catch.hpp>
#include <string>

#include "tests/wire/strict/requests.h"

using namespace std::string_view_literals;
using sluice::wire::many;
using sluice::wire::RefusedRow;
using sluice::wire::RequestTable;

namespace {

// Behind "GET / HTTP/1.1" CRLF, before the empty line.
constexpr RefusedRow kHosts[] = {
    {"", 400, "missing_host"},
    {"X: y\r\n", 400, "missing_host"},
    {"X-Host: a\r\n", 400, "missing_host"},
    {"Host_: a\r\n", 400, "missing_host"},
    {"Host: a\r\nHost: a\r\n", 400, "duplicate_host"},
    {"Host: a\r\nhost: b\r\n", 400, "duplicate_host"},
    {"Host: a\r\nX: y\r\nHOST:\r\n", 400, "duplicate_host"},
    {"Host:\r\n", 400, "bad_host"},
    {"Host: \t \r\n", 400, "bad_host"},
    {"Host: a, b\r\n", 400, "bad_host"},
    {"Host: a,b\r\n", 400, "bad_host"},
    {"Host: a b\r\n", 400, "bad_host"},
    {"Host: user@a\r\n", 400, "bad_host"},
    {"Host: user:pass@a:80\r\n", 400, "bad_host"},
    {"Host: a?x\r\n", 400, "bad_host"},
    {"Host: a/x\r\n", 400, "bad_host"},
    {"Host: a#x\r\n", 400, "bad_host"},
    {"Host: a\\x\r\n", 400, "bad_host"},
    {"Host: a;x\r\n", 400, "bad_host"},
    {"Host: a'b\r\n", 400, "bad_host"},
    {"Host: a\"b\r\n", 400, "bad_host"},
    {"Host: a<b>\r\n", 400, "bad_host"},
    {"Host: ${a}\r\n", 400, "bad_host"},
    {"Host: http://a\r\n", 400, "bad_host"},
    {"Host: //a\r\n", 400, "bad_host"},
    {"Host: a%2eb\r\n", 400, "bad_host"},
    {"Host: a%00\r\n", 400, "bad_host"},
    {"Host: a:\r\n", 400, "bad_host"},
    {"Host: :80\r\n", 400, "bad_host"},
    {"Host: :\r\n", 400, "bad_host"},
    {"Host: a:80:81\r\n", 400, "bad_host"},
    {"Host: a:b\r\n", 400, "bad_host"},
    {"Host: a:+80\r\n", 400, "bad_host"},
    {"Host: a:-80\r\n", 400, "bad_host"},
    {"Host: a: 80\r\n", 400, "bad_host"},
    {"Host: a :80\r\n", 400, "bad_host"},
    {"Host: a:0x50\r\n", 400, "bad_host"},
    {"Host: a:65536\r\n", 400, "bad_host"},
    {"Host: a:000080\r\n", 400, "bad_host"},
    {"Host: [::1\r\n", 400, "bad_host"},
    {"Host: ::1]\r\n", 400, "bad_host"},
    {"Host: ::1\r\n", 400, "bad_host"},
    {"Host: []\r\n", 400, "bad_host"},
    {"Host: [a]\r\n", 400, "bad_host"},
    {"Host: [1.2.3.4]\r\n", 400, "bad_host"},
    {"Host: [::1]a\r\n", 400, "bad_host"},
    {"Host: [::1]:\r\n", 400, "bad_host"},
    {"Host: [::1]:x\r\n", 400, "bad_host"},
    {"Host: [::1][::1]\r\n", 400, "bad_host"},
    {"Host: [::1%eth0]\r\n", 400, "bad_host"},
    {"Host: [v1.a]\r\n", 400, "bad_host"},
    {"Host: [::12345]\r\n", 400, "bad_host"},
    {"Host: .a\r\n", 400, "bad_host"},
    {"Host: a..b\r\n", 400, "bad_host"},
    {"Host: .\r\n", 400, "bad_host"},
    {"Host: *\r\n", 400, "bad_host"},
    {"Host: a\x80\r\n", 400, "bad_host"},
    {"Host: b\xc3\xbc"
     "cher.example\r\n",
     400, "bad_host"},
    {"Host: a\0b\r\n"sv, 400, "bad_field_value"},
    {"Host : a\r\n", 400, "space_in_field_name"},
    {" Host: a\r\n", 400, "obs_fold"},
    {"Host:\r\n a\r\n", 400, "obs_fold"},
};

// Whole messages: the form of the target, and Host.
constexpr RefusedRow kForms[] = {
    {"GET http://a/ HTTP/1.1\r\n\r\n", 400, "missing_host"},
    {"GET http://a/ HTTP/1.1\r\nHost: u@b\r\n\r\n", 400, "bad_host"},
    {"GET http://a/ HTTP/1.1\r\nHost: b c\r\n\r\n", 400, "bad_host"},
    {"GET http://a/ HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400, "duplicate_host"},
    {"OPTIONS * HTTP/1.1\r\n\r\n", 400, "missing_host"},
    {"GET / HTTP/1.0\r\nHost:\r\n\r\n", 400, "bad_host"},
    {"GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n", 400, "duplicate_host"},
    {"GET / HTTP/1.0\r\nHost: a:80:81\r\n\r\n", 400, "bad_host"},
};

// Behind "GET / HTTP/1.1", "Host: a", before the empty line.
constexpr RefusedRow kLines[] = {
    {"A : b\r\n", 400, "space_in_field_name"},
    {"A\t: b\r\n", 400, "space_in_field_name"},
    {"A b: c\r\n", 400, "space_in_field_name"},
    {"GET /x HTTP/1.1\r\n", 400, "space_in_field_name"},
    {"Content-Length : 5\r\n", 400, "space_in_field_name"},
    {"Transfer-Encoding : chunked\r\n", 400, "space_in_field_name"},
    {" A: b\r\n", 400, "obs_fold"},
    {"\tA: b\r\n", 400, "obs_fold"},
    {"A: b\r\n c\r\n", 400, "obs_fold"},
    {"A: b\r\n\tc\r\n", 400, "obs_fold"},
    {"A: b\r\n \r\n", 400, "obs_fold"},
    {"A:\r\n b\r\n", 400, "obs_fold"},
    {"Transfer-Encoding:\r\n chunked\r\n", 400, "obs_fold"},
    {": b\r\n", 400, "bad_field_name"},
    {":\r\n", 400, "bad_field_name"},
    {"A\r\n", 400, "bad_field_name"},
    {"A\r\r\n", 400, "bad_field_name"},
    {"A\0: b\r\n"sv, 400, "bad_field_name"},
    {"A\x0b: b\r\n", 400, "bad_field_name"},
    {"A\x7f: b\r\n", 400, "bad_field_name"},
    {"A\x80: b\r\n", 400, "bad_field_name"},
    {"A(: b\r\n", 400, "bad_field_name"},
    {"A/B: c\r\n", 400, "bad_field_name"},
    {"A=B\r\n", 400, "bad_field_name"},
    {"{A}: b\r\n", 400, "bad_field_name"},
    {"\"A\": b\r\n", 400, "bad_field_name"},
    {"A,B: c\r\n", 400, "bad_field_name"},
    {"A;B: c\r\n", 400, "bad_field_name"},
    {"A@B: c\r\n", 400, "bad_field_name"},
    {"A[B]: c\r\n", 400, "bad_field_name"},
    {"\xef\xbb\xbf"
     "A: b\r\n",
     400, "bad_field_name"},
    {"Transfer-Encoding\x0d: chunked\r\n", 400, "bad_field_name"},
    {"A: \0\r\n"sv, 400, "bad_field_value"},
    {"A: b\0c\r\n"sv, 400, "bad_field_value"},
    {"A: b\x01\r\n", 400, "bad_field_value"},
    {"A: b\x08\r\n", 400, "bad_field_value"},
    {"A: b\x0b\r\n", 400, "bad_field_value"},
    {"A: b\x0c\r\n", 400, "bad_field_value"},
    {"A: b\x1b[0m\r\n", 400, "bad_field_value"},
    {"A: b\x1f\r\n", 400, "bad_field_value"},
    {"A: b\x7f\r\n", 400, "bad_field_value"},
    {"A: 0123456789abcdef0123456789abcdef0123456789abcdef\0\r\n"sv, 400, "bad_field_value"},
    {"A: b\rc\r\n", 400, "bare_cr"},
    {"A: b\r\r\n", 400, "bare_cr"},
    {"A:\rb\r\n", 400, "bare_cr"},
    {"\rA: b\r\n", 400, "bare_cr"},
    {"\r\r\n", 400, "bare_cr"},
    {"A: b\nC: d\r\n", 400, "bare_lf"},
    {"A: b\n", 400, "bare_lf"},
    {"A:\n", 400, "bare_lf"},
    {"A\n", 400, "bare_lf"},
    {"\nA: b\r\n", 400, "bare_lf"},
    {"A: b\n c\r\n", 400, "bare_lf"},
    {"A: b\r\n\n", 400, "bare_lf"},
    {"A: b\n\nGET /smuggled HTTP/1.1\nHost: a\n", 400, "bare_lf"},
};

}  // namespace

TEST_CASE("strict requests: a Host that is none, or is there twice or not at all, is refused",
          "[wire][strict]") {
  RequestTable table;
  table.refused(kHosts, {"GET / HTTP/1.1\r\n", "\r\n"});
  table.refused(kForms);
  CHECK(table.finish() >= 70);
}

TEST_CASE("strict requests: a field line that two recipients could read differently is refused",
          "[wire][strict]") {
  RequestTable table;
  table.refused(kLines, {"GET / HTTP/1.1\r\nHost: a\r\n", "\r\n"});
  CHECK(table.finish() >= 55);
}

TEST_CASE("strict requests: what is above a limit is refused before it fills memory",
          "[wire][strict]") {
  RequestTable table;
  const std::string head = "GET / HTTP/1.1\r\nHost: a\r\n";
  table.refused({head + "A: " + std::string(16384, 'x') + "\r\n\r\n", 431, "field_too_large"});
  table.refused({head + std::string(16384, 'x') + ": A\r\n\r\n", 431, "field_too_large"});
  table.refused({head + "A:" + std::string(16384, ' ') + "x\r\n\r\n", 431, "field_too_large"});
  table.refused(
      {head + many(3, "A: " + std::string(12000, 'x') + "\r\n") + "\r\n", 431, "head_too_large"});
  table.refused({head + many(100, "A: b\r\n") + "\r\n", 431, "too_many_fields"});
  table.refused({head + many(5000, "A: b\r\n") + "\r\n", 431, "too_many_fields"});
  table.refused({head + many(5000, "Cookie: a=b\r\n") + "\r\n", 431, "too_many_fields"});
  table.refused(
      {head + "Connection: " + many(33, "a,") + "b\r\n\r\n", 400, "too_many_connection_options"});
  table.refused(
      {head + many(17, "Connection: a,b\r\n") + "\r\n", 400, "too_many_connection_options"});
  table.refused(
      {head + "Connection: " + many(4000, ",") + "\r\n\r\n", 400, "too_many_connection_options"});
  table.refused({head + "Content-Length: 1048577\r\n\r\n", 413, "body_too_large"});
  table.refused({head + "Content-Length: 9223372036854775807\r\n\r\n", 413, "body_too_large"});
  CHECK(table.finish() == 12);
}
