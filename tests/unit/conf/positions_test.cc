// SPDX-License-Identifier: MIT
#include "conf/positions.h"

#include <catch2/catch.hpp>
#include <string>

namespace sluice::conf {
namespace {

TEST_CASE("positions: an offset becomes line and column", "[conf][positions]") {
  struct Row {
    std::string text;
    std::size_t offset;
    Position expected;
  };
  const Row rows[] = {
      {"", 0, {1, 1}},
      {"", 7, {1, 1}},
      {"abc", 0, {1, 1}},
      {"abc", 2, {1, 3}},
      {"abc", 3, {1, 4}},
      {"abc", 99, {1, 4}},
      {"a\nbc", 1, {1, 2}},  // the line feed belongs to the line it ends
      {"a\nbc", 2, {2, 1}},
      {"a\r\nbc", 4, {2, 2}},
      {"a\n\n\nb", 4, {4, 1}},
      {"a\n", 2, {2, 1}},
      {"\xc3\xa4x", 2, {1, 2}},  // two bytes, one column
      {"\xe2\x82\xac\xf0\x9f\x98\x80x", 7, {1, 3}},
      {"\xff\xfex", 2, {1, 3}},       // no UTF-8: a column per byte
      {"\xc3", 1, {1, 2}},            // cut in the middle
      {"\xed\xa0\x80x", 3, {1, 4}},   // a surrogate is no character
      {"\xef\xbb\xbf{}", 3, {1, 1}},  // byte order mark
      {"\xef\xbb\xbf{}", 0, {1, 1}},
      {"\xef\xbb\xbf{\n}", 5, {2, 1}},
      {"\tx", 1, {1, 2}},
  };
  for (const Row& row : rows) {
    CAPTURE(row.text, row.offset);
    const Position at = Positions(row.text).at(row.offset);
    CHECK(at.line == row.expected.line);
    CHECK(at.column == row.expected.column);
  }
}

TEST_CASE("positions: a line is without its end", "[conf][positions]") {
  const std::string text =
      "\xef\xbb\xbf"
      "one\ntwo\r\n\nlast";
  const Positions positions(text);
  REQUIRE(positions.line_count() == 4);
  CHECK(positions.line(1) == "one");
  CHECK(positions.line(2) == "two");
  CHECK(positions.line(3).empty());
  CHECK(positions.line(4) == "last");
}

TEST_CASE("positions: an excerpt shows no control characters", "[conf][positions]") {
  const Excerpt shown = excerpt("\ta\x1b[31m\xff\xc2\x9b", 2, 1, 40);
  CHECK(shown.text == " a\xef\xbf\xbd[31m\xef\xbf\xbd\xef\xbf\xbd");
  CHECK(shown.caret_column == 2);
}

TEST_CASE("positions: a long line is cut around the caret", "[conf][positions]") {
  std::string line;
  for (int i = 0; i < 100; ++i) line += "0123456789";
  const std::size_t width = 40;
  for (std::size_t column = 1; column <= line.size() + 1; ++column) {
    const Excerpt shown = excerpt(line, column, 5, width);
    CAPTURE(column, shown.text);
    REQUIRE(shown.text.size() == width);
    REQUIRE(shown.caret_column >= 1);
    REQUIRE(shown.caret_column <= width + 1);
    REQUIRE(shown.caret_length >= 1);
    REQUIRE(shown.caret_column + shown.caret_length <= width + 2);
    if (column <= line.size()) REQUIRE(shown.text[shown.caret_column - 1] == line[column - 1]);
  }
  CHECK(excerpt(line, 1, 5, width).text == line.substr(0, width - 3) + "...");
  CHECK(excerpt(line, 1000, 1, width).text == "..." + line.substr(1000 - width + 3));
}

TEST_CASE("positions: carets end with the line", "[conf][positions]") {
  CHECK(excerpt("abc", 2, 50, 40).caret_length == 2);
  CHECK(excerpt("abc", 4, 50, 40).caret_length == 1);
  CHECK(excerpt("", 1, 0, 40).caret_length == 1);
}

}  // namespace
}  // namespace sluice::conf
