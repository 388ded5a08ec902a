// SPDX-License-Identifier: MIT
#include "conf/tokens.h"

#include <algorithm>

namespace sluice::conf {
namespace {

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '+' ||
         c == '-' || c == '.' || c == '_' || c == '$';
}

bool starts_with(std::string_view text, std::size_t offset, std::string_view what) {
  return text.substr(offset, what.size()) == what;
}

// Behind blanks and whole comments. As the parser does, a line comment also ends at CR and NUL, and
// no comment holds NUL, so that both agree on where the next token stands.
std::size_t skip_blanks(std::string_view text, std::size_t offset) {
  if (offset == 0 && starts_with(text, 0, "\xef\xbb\xbf")) offset = 3;
  while (offset < text.size()) {
    if (starts_with(text, offset, "//")) {
      offset = std::min(text.find_first_of(std::string_view("\n\r\0", 3), offset), text.size());
    } else if (starts_with(text, offset, "/*")) {
      const std::size_t end = text.find("*/", offset + 2);
      if (end == std::string_view::npos || text.find('\0', offset) < end) return offset;
      offset = end + 2;
    } else if (std::string_view(" \t\r\n").find(text[offset]) != std::string_view::npos) {
      ++offset;
    } else {
      return offset;
    }
  }
  return offset;
}

Token string_token(std::string_view text, std::size_t offset) {
  std::size_t end = offset + 1;
  while (end < text.size() && text[end] != '"' && text[end] != '\n') {
    end += text[end] == '\\' && end + 1 < text.size() && text[end + 1] != '\n' ? 2U : 1U;
  }
  if (end < text.size() && text[end] == '"') {
    return {Token::Kind::String, offset, end + 1 - offset};
  }
  if (end > offset + 1 && text[end - 1] == '\r') --end;
  return {Token::Kind::OpenString, offset, end - offset};
}

}  // namespace

Token next_token(std::string_view text, std::size_t offset) {
  offset = skip_blanks(text, offset);
  if (offset >= text.size()) return {Token::Kind::End, text.size(), 0};
  const char c = text[offset];
  if (c == '"') return string_token(text, offset);
  if (std::string_view("{}[]:,").find(c) != std::string_view::npos) {
    return {Token::Kind::Punctuation, offset, 1};
  }
  if (starts_with(text, offset, "/*")) {
    return {Token::Kind::OpenComment, offset, 2};
  }
  std::size_t end = offset;
  while (end < text.size() && is_word(text[end])) ++end;
  if (end > offset) return {Token::Kind::Word, offset, end - offset};
  end = offset + 1;
  if ((static_cast<unsigned char>(c) & 0x80) != 0) {
    while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) ++end;
  }
  return {Token::Kind::Other, offset, end - offset};
}

}  // namespace sluice::conf
