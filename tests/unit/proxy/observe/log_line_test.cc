// SPDX-License-Identifier: MIT
#include "proxy/observe/log_line.h"

#include <catch2/catch.hpp>
#include <string>
#include <string_view>

namespace sluice::observe {
namespace {

using std::string_view_literals::operator""sv;
using std::chrono::microseconds;

std::string json_string(std::string_view value, std::size_t bytes_max = 1000) {
  LogLine line;
  line.json(value, bytes_max);
  return std::string(line.view());
}

std::string quoted_string(std::string_view value, std::size_t bytes_max = 1000) {
  LogLine line;
  line.quoted(value, bytes_max);
  return std::string(line.view());
}

struct ValueRow {
  std::string_view value;
  std::string_view expected;
};

TEST_CASE("log line: a JSON string is valid UTF-8 in one line, whatever comes in") {
  const ValueRow rows[] = {
      {"", ""},
      {"/plain?a=b&c", "/plain?a=b&c"},
      {"a\"b\\c/", "a\\\"b\\\\c/"},
      {"\r\n\t"sv, "\\u000d\\u000a\\u0009"},
      {"\0\x1f\x7f"sv, "\\u0000\\u001f\\u007f"},
      {"gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f"},
      {"\xe2\x82\xac\xf0\x9f\x98\x80", "\xe2\x82\xac\xf0\x9f\x98\x80"},
      {"\xf4\x8f\xbf\xbf", "\xf4\x8f\xbf\xbf"},
      // What some readers take for the end of a line: NEL, LS, PS; and CSI, which moves cursors.
      {"\xc2\x85\xe2\x80\xa8\xe2\x80\xa9\xc2\x9b", "\\u0085\\u2028\\u2029\\u009b"},
      {"\xc2\xa0", "\xc2\xa0"},
      // No UTF-8: a lone continuation, cut short, overlong, a surrogate, too large, never a byte.
      {"a\x80z", "a\xef\xbf\xbdz"},
      {"\xc3", "\xef\xbf\xbd"},
      {"\xe2\x82", "\xef\xbf\xbd\xef\xbf\xbd"},
      {"\xc3\"", "\xef\xbf\xbd\\\""},
      {"\xc0\x8a", "\xef\xbf\xbd\xef\xbf\xbd"},
      {"\xe0\x80\x8a", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
      {"\xf0\x80\x80\x8a", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
      {"\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
      {"\xf4\x90\x80\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
      {"\xff\xfe", "\xef\xbf\xbd\xef\xbf\xbd"},
  };
  for (const ValueRow& row : rows) {
    INFO(row.expected);
    CHECK(json_string(row.value) == row.expected);
  }
}

TEST_CASE("log line: a quoted value is printable ASCII") {
  const ValueRow rows[] = {
      {"", ""},
      {"Mozilla/5.0 (X11; Linux)", "Mozilla/5.0 (X11; Linux)"},
      {"a\" 200 0 \"-\" \"-", "a\\\" 200 0 \\\"-\\\" \\\"-"},
      {"a\\\"", "a\\\\\\\""},
      {"\b\n\r\t\v"sv, "\\b\\n\\r\\t\\v"},
      {"\0\x01\x1b\x7f"sv, "\\x00\\x01\\x1b\\x7f"},
      {"\xc3\xbc\xff", "\\xc3\\xbc\\xff"},
  };
  for (const ValueRow& row : rows) {
    INFO(row.expected);
    CHECK(quoted_string(row.value) == row.expected);
  }
}

TEST_CASE("log line: every byte alone comes out without a control or a bare quote") {
  for (int c = 0; c < 256; ++c) {
    const std::string value(1, static_cast<char>(c));
    INFO(c);
    for (const std::string& text : {json_string(value), quoted_string(value)}) {
      for (const char out : text) CHECK(static_cast<unsigned char>(out) >= 0x20);
      CHECK(text.find('\x7f') == text.npos);
      if (text.find('"') != text.npos) CHECK(text == "\\\"");
    }
  }
}

TEST_CASE("log line: long values are cut, never within an escape") {
  CHECK(json_string("0123456", 10) == "0123456");
  CHECK(json_string("01234567", 10) == "0123456...");
  CHECK(json_string("012345\"", 10) == "012345...");
  CHECK(json_string("01\n", 10) == "01...");
  CHECK(json_string("0\n", 10) == "0\\u000a");
  CHECK(json_string("01234\xe2\x82\xac", 10) == "01234...");
  CHECK(json_string("0123\xe2\x82\xac", 10) == "0123\xe2\x82\xac");
  CHECK(quoted_string("0123\x01", 10) == "0123...");
  CHECK(quoted_string("012\x01", 10) == "012\\x01");
  CHECK(json_string(std::string(100000, '\n'), 100).size() <= 100);
  CHECK(quoted_string(std::string(100000, 'x'), 100).size() == 100);
}

TEST_CASE("log line: numbers, times and addresses") {
  LogLine line;
  line.number(0);
  line.text(" ");
  line.number(18446744073709551615U);
  line.text(" ");
  line.milliseconds(microseconds(0));
  line.text(" ");
  line.milliseconds(microseconds(1234567));
  line.text(" ");
  line.milliseconds(microseconds(9));
  line.text(" ");
  line.milliseconds(microseconds(-5));
  line.text(" ");
  line.milliseconds(std::nullopt);
  line.text(" ");
  line.address(*IpAddress::parse("2001:db8::1"));
  line.text(" ");
  line.address(IpAddress());
  CHECK(line.view() == "0 18446744073709551615 0.000 1234.567 0.009 0.000 null 2001:db8::1 -");
}

}  // namespace
}  // namespace sluice::observe
