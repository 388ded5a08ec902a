// SPDX-License-Identifier: MIT
// From a byte offset in a text to what an operator's editor shows: line and column, and an excerpt
// of the line with carets under the place.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::conf {

// Both count from 1. A column is one Unicode code point; a byte that is no part of valid UTF-8
// counts as one too, and so does a tab.
struct Position {
  std::size_t line = 1;
  std::size_t column = 1;

  bool operator==(const Position&) const = default;
};

// An index of the line starts. The text is borrowed and must outlive it. Lines end with LF or CRLF;
// a byte order mark at the very beginning takes no column.
class Positions {
 public:
  explicit Positions(std::string_view text);

  // An offset at or behind the end of the text gives the place just behind its last character.
  Position at(std::size_t offset) const;

  // The line's text without its end. REQUIRES: 1 <= line <= line_count().
  std::string_view line(std::size_t line) const;
  std::size_t line_count() const { return starts_.size(); }

 private:
  std::string_view text_;
  std::vector<std::size_t> starts_;  // byte offset of each line's first character
};

// Code points in `text`, counted as columns are.
std::size_t columns(std::string_view text);

// One source line as a terminal may show it, and the place within it. A tab becomes one blank, so
// that carets stand right; what is no printable text becomes U+FFFD.
struct Excerpt {
  std::string text;
  std::size_t caret_column = 1;  // into `text`
  std::size_t caret_length = 1;  // at least 1, and not beyond the end of `text` by more than 1
};

// At most `width` columns of `line` around the caret, with "..." where something was left out.
// REQUIRES: width >= 20.
Excerpt excerpt(std::string_view line, std::size_t column, std::size_t length, std::size_t width);

}  // namespace sluice::conf
