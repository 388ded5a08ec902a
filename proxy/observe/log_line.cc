// SPDX-License-Identifier: MIT
#include "proxy/observe/log_line.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "proxy/base/check.h"

namespace sluice::observe {

namespace {

constexpr std::string_view kCut = "...";
constexpr std::string_view kReplacement = "\xef\xbf\xbd";  // U+FFFD
constexpr std::string_view kDigits = "0123456789abcdef";

// Printable ASCII but for the two that both formats escape.
constexpr bool is_plain(char c) {
  return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

constexpr std::array<bool, 256> make_plain() {
  std::array<bool, 256> plain{};
  for (unsigned c = 0; c < 0x80; ++c) plain[c] = is_plain(static_cast<char>(c));
  return plain;
}

constexpr std::array<bool, 256> kPlain = make_plain();

std::size_t plain_run(std::string_view text) {
  std::size_t size = 0;
  while (size < text.size() && kPlain[static_cast<unsigned char>(text[size])]) ++size;
  return size;
}

struct CodePoint {
  std::size_t bytes = 0;  // 0: the text does not begin with one
  char32_t value = 0;
};

// RFC 3629 4: no overlong forms, no surrogates, nothing above U+10FFFF.
CodePoint decode(std::string_view text) {
  const auto byte = [text](std::size_t at) { return static_cast<unsigned char>(text[at]); };
  const unsigned lead = byte(0);
  if (lead < 0x80) return {1, lead};
  const std::size_t bytes = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || text.size() < bytes) return {};
  char32_t value = lead & (0x7fU >> bytes);
  for (std::size_t at = 1; at < bytes; ++at) {
    if ((byte(at) & 0xc0U) != 0x80) return {};
    value = (value << 6) | (byte(at) & 0x3fU);
  }
  constexpr std::array<char32_t, 5> kSmallest{0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = value >= 0xd800 && value < 0xe000;
  if (value < kSmallest[bytes] || surrogate || value > 0x10ffff) return {};
  return {bytes, value};
}

// Controls, among them those of Latin-1, and the line and paragraph separators of Unicode.
bool ends_lines(char32_t c) {
  return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x2028 || c == 0x2029;
}

}  // namespace

// What a value begins with, ready to be written.
struct LogLine::Escape {
  std::array<char, 6> bytes{};
  std::size_t size = 0;
  std::size_t consumed = 1;  // bytes of the value

  void put(char c) { bytes[size++] = c; }
  void put(std::string_view text) {
    for (const char c : text) put(c);
  }
  void put_hex(unsigned value, int digits) {
    for (int shift = (digits - 1) * 4; shift >= 0; shift -= 4) put(kDigits[(value >> shift) & 15]);
  }

  static Escape json(std::string_view value) {
    Escape escape;
    const CodePoint point = decode(value);
    if (point.bytes == 0) {
      escape.put(kReplacement);
      return escape;
    }
    escape.consumed = point.bytes;
    if (ends_lines(point.value)) {
      escape.put("\\u");
      escape.put_hex(point.value, 4);
    } else {
      if (point.value == '"' || point.value == '\\') escape.put('\\');
      escape.put(value.substr(0, point.bytes));
    }
    return escape;
  }

  static Escape quoted(std::string_view value) {
    constexpr std::string_view kNamed = "\"\\\b\n\r\t\v";
    constexpr std::string_view kNames = "\"\\bnrtv";
    Escape escape;
    escape.put('\\');
    const std::size_t named = kNamed.find(value.front());
    if (named != std::string_view::npos) {
      escape.put(kNames[named]);
    } else {
      escape.put('x');
      escape.put_hex(static_cast<unsigned char>(value.front()), 2);
    }
    return escape;
  }
};

char* LogLine::room(std::size_t bytes) {
  CHECK(bytes <= kBytesMax - size_);
  char* at = bytes_ + size_;
  size_ += bytes;
  return at;
}

void LogLine::text(std::string_view text) {
  std::memcpy(room(text.size()), text.data(), text.size());
}

void LogLine::number(std::uint64_t number) {
  const fmt::format_int digits(number);
  text({digits.data(), digits.size()});
}

void LogLine::address(const IpAddress& address) {
  CHECK(IpAddress::kMaxText <= kBytesMax - size_);
  size_ += address.to_text(bytes_ + size_);
}

void LogLine::milliseconds(std::optional<std::chrono::microseconds> duration) {
  if (!duration) return text("null");
  const auto us = static_cast<std::uint64_t>(std::max<std::int64_t>(duration->count(), 0));
  number(us / 1000);
  const unsigned rest = static_cast<unsigned>(us % 1000);
  char* out = room(4);
  out[0] = '.';
  out[1] = static_cast<char>('0' + rest / 100);
  out[2] = static_cast<char>('0' + rest / 10 % 10);
  out[3] = static_cast<char>('0' + rest % 10);
}

void LogLine::json(std::string_view value, std::size_t bytes_max) {
  escaped(value, bytes_max, &Escape::json);
}

void LogLine::quoted(std::string_view value, std::size_t bytes_max) {
  escaped(value, bytes_max, &Escape::quoted);
}

void LogLine::escaped(std::string_view value, std::size_t bytes_max, Escaper escape) {
  std::size_t left = bytes_max - kCut.size();
  while (!value.empty()) {
    const std::size_t plain = std::min(plain_run(value), left);
    text(value.substr(0, plain));
    value.remove_prefix(plain);
    left -= plain;
    if (value.empty()) return;
    if (left == 0) break;
    if (kPlain[static_cast<unsigned char>(value.front())]) continue;
    const Escape piece = escape(value);
    if (piece.size > left) break;
    text({piece.bytes.data(), piece.size});
    value.remove_prefix(piece.consumed);
    left -= piece.size;
  }
  if (!value.empty()) text(kCut);
}

}  // namespace sluice::observe
