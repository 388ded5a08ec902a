// SPDX-License-Identifier: MIT
#include "conf/positions.h"

#include <algorithm>

namespace sluice::conf {
namespace {

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
constexpr std::string_view kReplacement = "\xef\xbf\xbd";
constexpr std::string_view kEllipsis = "...";

unsigned char byte_at(std::string_view text, std::size_t i) {
  return static_cast<unsigned char>(text[i]);
}

bool is_continuation(unsigned char byte) {
  return (byte & 0xc0) == 0x80;
}

// Bytes of the code point at the front of `text`, or 0 when it is not valid UTF-8 (RFC 3629).
std::size_t code_point_size(std::string_view text) {
  const unsigned char lead = byte_at(text, 0);
  std::size_t size = 0;
  if (lead < 0x80) {
    size = 1;
  } else if (lead >= 0xc2 && lead < 0xe0) {
    size = 2;
  } else if (lead >= 0xe0 && lead < 0xf0) {
    size = 3;
  } else if (lead >= 0xf0 && lead < 0xf5) {
    size = 4;
  }
  if (size == 0 || size > text.size()) return 0;
  for (std::size_t i = 1; i < size; ++i) {
    if (!is_continuation(byte_at(text, i))) return 0;
  }
  if (size == 3) {
    const unsigned char second = byte_at(text, 1);
    if ((lead == 0xe0 && second < 0xa0) || (lead == 0xed && second > 0x9f)) return 0;
  }
  if (size == 4) {
    const unsigned char second = byte_at(text, 1);
    if ((lead == 0xf0 && second < 0x90) || (lead == 0xf4 && second > 0x8f)) return 0;
  }
  return size;
}

// The characters of a line, each as it may be shown. C1 controls (U+0080..U+009F) can steer a
// terminal as well as C0 does.
std::vector<std::string_view> printable(std::string_view line) {
  std::vector<std::string_view> cells;
  while (!line.empty()) {
    const std::size_t size = code_point_size(line);
    const unsigned char lead = byte_at(line, 0);
    if (lead == '\t') {
      cells.emplace_back(" ");
    } else if (size == 0 || lead < 0x20 || lead == 0x7f ||
               (size == 2 && lead == 0xc2 && byte_at(line, 1) < 0xa0)) {
      cells.push_back(kReplacement);
    } else {
      cells.push_back(line.substr(0, size));
    }
    line.remove_prefix(std::max<std::size_t>(size, 1));
  }
  return cells;
}

}  // namespace

Positions::Positions(std::string_view text) : text_(text) {
  starts_.push_back(text.substr(0, kByteOrderMark.size()) == kByteOrderMark ? kByteOrderMark.size()
                                                                            : 0);
  for (std::size_t i = text.find('\n'); i != std::string_view::npos; i = text.find('\n', i + 1)) {
    starts_.push_back(i + 1);
  }
}

Position Positions::at(std::size_t offset) const {
  offset = std::clamp(offset, starts_.front(), std::max(starts_.front(), text_.size()));
  const auto after = std::upper_bound(starts_.begin(), starts_.end(), offset);
  const auto index = static_cast<std::size_t>(after - starts_.begin()) - 1;
  const std::size_t start = starts_[index];
  return {index + 1, 1 + columns(text_.substr(start, offset - start))};
}

std::string_view Positions::line(std::size_t line) const {
  const std::size_t start = starts_[line - 1];
  const std::size_t end = line < starts_.size() ? starts_[line] - 1 : text_.size();
  std::string_view text = text_.substr(start, end - start);
  if (!text.empty() && text.back() == '\r') text.remove_suffix(1);
  return text;
}

std::size_t columns(std::string_view text) {
  std::size_t count = 0;
  while (!text.empty()) {
    text.remove_prefix(std::max<std::size_t>(code_point_size(text), 1));
    ++count;
  }
  return count;
}

Excerpt excerpt(std::string_view line, std::size_t column, std::size_t length, std::size_t width) {
  const std::vector<std::string_view> cells = printable(line);
  const std::size_t caret = std::min(column - 1, cells.size());
  std::size_t from = 0;
  std::size_t to = cells.size();
  if (cells.size() > width) {
    // A third of the room goes to what stands before the place, the rest to it and what follows.
    from = caret > width / 3 ? caret - width / 3 : 0;
    from = std::min(from, cells.size() - width);
    to = from + width;
  }
  Excerpt out;
  if (from > 0) {
    out.text += kEllipsis;
    from += kEllipsis.size();
  }
  const bool cut = to < cells.size();
  if (cut) to -= kEllipsis.size();
  for (std::size_t i = from; i < to; ++i) out.text += cells[i];
  out.caret_column = caret - from + 1 + (from > 0 ? kEllipsis.size() : 0);
  out.caret_length = std::max<std::size_t>(1, std::min(length, to > caret ? to - caret : 1));
  if (cut) out.text += kEllipsis;
  return out;
}

}  // namespace sluice::conf
