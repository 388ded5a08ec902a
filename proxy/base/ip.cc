// SPDX-License-Identifier: MIT
#include "proxy/base/ip.h"

#include <arpa/inet.h>

#include <algorithm>
#include <cstring>

namespace sluice {
namespace {

constexpr std::array<std::uint8_t, 12> kMappedPrefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
constexpr unsigned kMappedBits = 96;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// At most `max_digits` decimal digits without a leading zero, not above `max`; takes them off
// `text`.
std::optional<unsigned> take_number(std::string_view& text, std::size_t max_digits, unsigned max) {
  unsigned value = 0;
  std::size_t digits = 0;
  while (digits < text.size() && digits < max_digits && is_digit(text[digits])) {
    value = value * 10 + static_cast<unsigned>(text[digits] - '0');
    ++digits;
  }
  const bool padded = digits > 1 && text[0] == '0';
  if (digits == 0 || padded || value > max) return std::nullopt;
  text.remove_prefix(digits);
  return value;
}

std::optional<IpAddress> parse_v4(std::string_view text) {
  std::array<std::uint8_t, 4> parts{};
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (i != 0) {
      if (text.empty() || text.front() != '.') return std::nullopt;
      text.remove_prefix(1);
    }
    const std::optional<unsigned> part = take_number(text, 3, 255);
    if (!part) return std::nullopt;
    parts[i] = static_cast<std::uint8_t>(*part);
  }
  if (!text.empty()) return std::nullopt;
  return IpAddress::from_v4(parts);
}

std::optional<IpAddress> parse_v6(std::string_view text) {
  std::array<char, INET6_ADDRSTRLEN> terminated{};
  if (text.size() >= terminated.size()) return std::nullopt;
  if (text.find('\0') != std::string_view::npos) return std::nullopt;
  std::copy(text.begin(), text.end(), terminated.begin());
  std::array<std::uint8_t, 16> bytes{};
  if (inet_pton(AF_INET6, terminated.data(), bytes.data()) != 1) return std::nullopt;
  return IpAddress::from_v6(bytes);
}

char* write_decimal(char* out, unsigned value) {
  if (value >= 100) *out++ = static_cast<char>('0' + value / 100);
  if (value >= 10) *out++ = static_cast<char>('0' + value / 10 % 10);
  *out++ = static_cast<char>('0' + value % 10);
  return out;
}

bool same_prefix(const IpAddress& a, const IpAddress& b, unsigned bits) {
  const std::size_t whole = bits / 8;
  if (std::memcmp(a.bytes.data(), b.bytes.data(), whole) != 0) return false;
  const unsigned rest = bits % 8;
  if (rest == 0) return true;
  const unsigned difference = static_cast<unsigned>(a.bytes[whole] ^ b.bytes[whole]);
  return difference >> (8 - rest) == 0;
}

}  // namespace

IpAddress IpAddress::from_v4(std::span<const std::uint8_t, 4> network_order) {
  IpAddress address;
  std::copy(kMappedPrefix.begin(), kMappedPrefix.end(), address.bytes.begin());
  std::copy(network_order.begin(), network_order.end(), address.bytes.begin() + 12);
  address.family = IpFamily::V4;
  return address;
}

IpAddress IpAddress::from_v6(std::span<const std::uint8_t, 16> network_order) {
  IpAddress address;
  std::copy(network_order.begin(), network_order.end(), address.bytes.begin());
  const bool mapped = std::equal(kMappedPrefix.begin(), kMappedPrefix.end(), address.bytes.begin());
  address.family = mapped ? IpFamily::V4 : IpFamily::V6;
  return address;
}

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
  if (text.find(':') != std::string_view::npos) return parse_v6(text);
  return parse_v4(text);
}

bool IpAddress::is_unspecified() const {
  if (is_none()) return false;
  const std::ptrdiff_t prefix = is_v4() ? 12 : 0;
  return std::all_of(bytes.begin() + prefix, bytes.end(),
                     [](std::uint8_t byte) { return byte == 0; });
}

IpAddress IpAddress::masked(unsigned bits) const {
  if (is_none()) return *this;
  const unsigned keep = is_v4() ? bits + kMappedBits : bits;
  IpAddress out = *this;
  for (unsigned i = 0; i < out.bytes.size(); ++i) {
    const unsigned before = i * 8;
    if (keep >= before + 8) continue;
    const unsigned kept = keep > before ? keep - before : 0;
    out.bytes[i] = static_cast<std::uint8_t>(out.bytes[i] & (0xff00U >> kept));
  }
  return out;
}

std::size_t IpAddress::to_text(char* out) const {
  if (is_v6()) {
    inet_ntop(AF_INET6, bytes.data(), out, kMaxText);
    return std::strlen(out);
  }
  if (is_none()) {
    *out = '-';
    return 1;
  }
  char* at = write_decimal(out, bytes[12]);
  for (std::size_t i = 13; i < 16; ++i) {
    *at++ = '.';
    at = write_decimal(at, bytes[i]);
  }
  return static_cast<std::size_t>(at - out);
}

std::string IpAddress::to_string() const {
  std::array<char, kMaxText> text{};
  return {text.data(), to_text(text.data())};
}

std::optional<Cidr> Cidr::parse(std::string_view text) {
  const std::size_t slash = text.find('/');
  const std::string_view address_text = text.substr(0, slash);
  const std::optional<IpAddress> address = IpAddress::parse(address_text);
  if (!address) return std::nullopt;
  const bool written_as_v6 = address_text.find(':') != std::string_view::npos;
  unsigned bits = 128;
  if (slash != std::string_view::npos) {
    std::string_view digits = text.substr(slash + 1);
    const std::optional<unsigned> prefix = take_number(digits, 3, written_as_v6 ? 128 : 32);
    if (!prefix || !digits.empty()) return std::nullopt;
    bits = written_as_v6 ? *prefix : *prefix + kMappedBits;
  }
  // A block that begins in ::ffff:0:0/96 but is wider would mix the families.
  if (address->is_v4() && bits < kMappedBits) return std::nullopt;
  Cidr block;
  block.base = address->masked(address->is_v4() ? bits - kMappedBits : bits);
  block.bits = static_cast<std::uint8_t>(bits);
  return block;
}

bool Cidr::contains(const IpAddress& address) const {
  return address.family == base.family && !address.is_none() && same_prefix(address, base, bits);
}

std::string Cidr::to_string() const {
  std::string text = base.to_string();
  if (bits == 128) return text;
  return text + "/" + std::to_string(base.is_v4() ? bits - kMappedBits : bits);
}

std::optional<CidrSet> CidrSet::parse(std::span<const std::string> texts, std::size_t* bad_index) {
  std::vector<Cidr> blocks;
  blocks.reserve(texts.size());
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const std::optional<Cidr> block = Cidr::parse(texts[i]);
    if (!block) {
      if (bad_index != nullptr) *bad_index = i;
      return std::nullopt;
    }
    blocks.push_back(*block);
  }
  return CidrSet(std::move(blocks));
}

bool CidrSet::contains(const IpAddress& address) const {
  return std::any_of(blocks_.begin(), blocks_.end(),
                     [&address](const Cidr& block) { return block.contains(address); });
}

}  // namespace sluice
