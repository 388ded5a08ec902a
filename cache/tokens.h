// SPDX-License-Identifier: MIT
// The few rules that all lists of words in fields have in common (RFC 9110 5.6). ASCII only.
#pragma once

#include <algorithm>
#include <string_view>

namespace sluice::cache {

inline bool is_blank(char c) {
  return c == ' ' || c == '\t';
}

inline char to_lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
}

inline std::string_view trim(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

inline bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// RFC 9110 5.6.2.
inline bool is_token(std::string_view text) {
  constexpr std::string_view kOthers = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::all_of(text.begin(), text.end(), [kOthers](char c) {
    return (to_lower(c) >= 'a' && to_lower(c) <= 'z') || is_digit(c) ||
           kOthers.find(c) != std::string_view::npos;
  });
}

inline bool same_name(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return to_lower(x) == to_lower(y); });
}

}  // namespace sluice::cache
