// SPDX-License-Identifier: MIT
// The character classes of RFC 9110 and RFC 3986 as one constexpr table, and ASCII case.
// ctype.h is not used: it depends on the locale and is undefined for negative chars.
#pragma once

#include <array>
#include <cstdint>

namespace sluice::http {

namespace char_class {
inline constexpr std::uint8_t kToken = 1;   // tchar, RFC 9110 5.6.2
inline constexpr std::uint8_t kValue = 2;   // HTAB, SP, VCHAR, obs-text: RFC 9110 5.5
inline constexpr std::uint8_t kTarget = 4;  // VCHAR but '#': what may stand in a target
inline constexpr std::uint8_t kDigit = 8;
inline constexpr std::uint8_t kHex = 16;
inline constexpr std::uint8_t kUnreserved = 32;  // RFC 3986 2.3
inline constexpr std::uint8_t kHostName = 64;    // what a host name may hold here, see uri.h
inline constexpr std::uint8_t kFolded = 128;     // what backends fold into '-': '_' and '.'
}  // namespace char_class

namespace char_class_detail {

constexpr bool is_any_of(unsigned c, const char* set) {
  for (; *set != '\0'; ++set) {
    if (static_cast<unsigned char>(*set) == c) return true;
  }
  return false;
}

constexpr std::uint8_t classify(unsigned c) {
  const bool digit = c >= '0' && c <= '9';
  const bool alpha = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  const bool hex = digit || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
  unsigned classes = 0;
  if (alpha || digit || is_any_of(c, "!#$%&'*+-.^_`|~")) classes |= char_class::kToken;
  if (c == '\t' || (c >= 0x20 && c != 0x7f)) classes |= char_class::kValue;
  if (c > 0x20 && c < 0x7f && c != '#') classes |= char_class::kTarget;
  if (digit) classes |= char_class::kDigit;
  if (hex) classes |= char_class::kHex;
  if (alpha || digit || is_any_of(c, "-._~")) classes |= char_class::kUnreserved;
  if (alpha || digit || is_any_of(c, "-._")) classes |= char_class::kHostName;
  if (c == '_' || c == '.') classes |= char_class::kFolded;
  return static_cast<std::uint8_t>(classes);
}

constexpr std::array<std::uint8_t, 256> make_table() {
  std::array<std::uint8_t, 256> table{};
  for (unsigned c = 0; c < 256; ++c) table[c] = classify(c);
  return table;
}

inline constexpr std::array<std::uint8_t, 256> kTable = make_table();

}  // namespace char_class_detail

constexpr bool is_class(char c, std::uint8_t classes) {
  return (char_class_detail::kTable[static_cast<unsigned char>(c)] & classes) != 0;
}

// Without a branch: the letters of names come in any order.
constexpr char to_lower(char c) {
  const bool upper = static_cast<unsigned char>(c - 'A') < 26;
  return static_cast<char>(c | (upper ? 0x20 : 0));
}

// REQUIRES: c is a hexadecimal digit.
constexpr unsigned hex_value(char c) {
  const unsigned u = static_cast<unsigned char>(c);
  return u <= '9' ? u - '0' : (u | 0x20U) - 'a' + 10;
}

}  // namespace sluice::http
