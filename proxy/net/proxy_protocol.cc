// SPDX-License-Identifier: MIT
#include "proxy/net/proxy_protocol.h"

#include <algorithm>
#include <charconv>
#include <span>

namespace sluice::net {

namespace {

using Status = ProxyHeader::Status;

constexpr std::string_view kTextPrefix = "PROXY ";
constexpr std::size_t kTextMax = 107;  // with CR LF
constexpr std::string_view kSignature("\r\n\r\n\0\r\nQUIT\n", 12);
constexpr std::size_t kFixedBytes = 16;  // signature, version and command, family, length

ProxyHeader bad() {
  return {Status::Bad, 0, {}};
}
ProxyHeader need_more() {
  return {Status::NeedMore, 0, {}};
}

// The next word up to a single blank.
std::string_view take_word(std::string_view& rest) {
  const std::size_t blank = std::min(rest.find(' '), rest.size());
  const std::string_view word = rest.substr(0, blank);
  rest.remove_prefix(std::min(blank + 1, rest.size()));
  return word;
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  const bool whole = error == std::errc() && end == text.data() + text.size();
  const bool padded = text.size() > 1 && text.front() == '0';
  if (!whole || padded) return std::nullopt;
  return port;
}

// An address as the protocol that was named writes it. ("::ffff:1.2.3.4" is an IPv4 address in
// base/ip.h, yet TCP6 here.)
std::optional<IpAddress> parse_of_family(std::string_view text, bool v6) {
  const bool written_as_v6 = text.find(':') != std::string_view::npos;
  return written_as_v6 == v6 ? IpAddress::parse(text) : std::nullopt;
}

// "TCP4 192.0.2.1 192.0.2.2 56324 443", without the line's end.
std::optional<Address> parse_text_addresses(std::string_view rest) {
  const std::string_view protocol = take_word(rest);
  const bool v6 = protocol == "TCP6";
  if (!v6 && protocol != "TCP4") return std::nullopt;
  const auto source = parse_of_family(take_word(rest), v6);
  const auto destination = parse_of_family(take_word(rest), v6);
  const auto source_port = parse_port(take_word(rest));
  const bool more = rest.find(' ') != std::string_view::npos;
  const auto destination_port = parse_port(rest);
  if (more || !source || !destination || !source_port || !destination_port) return std::nullopt;
  return Address::of(*source, *source_port);
}

ProxyHeader parse_text(std::string_view bytes) {
  const std::string_view line = bytes.substr(0, kTextMax);
  const std::size_t end = line.find("\r\n");
  if (end == std::string_view::npos) return bytes.size() >= kTextMax ? bad() : need_more();
  const std::string_view rest = line.substr(kTextPrefix.size(), end - kTextPrefix.size());
  ProxyHeader header{Status::Done, end + 2, {}, false};
  if (rest == "UNKNOWN" || rest.starts_with("UNKNOWN ")) return header;
  header.source = parse_text_addresses(rest);
  return header.source ? header : bad();
}

std::uint8_t byte_at(std::string_view bytes, std::size_t at) {
  return static_cast<std::uint8_t>(bytes[at]);
}

std::uint16_t number_at(std::string_view bytes, std::size_t at) {
  return static_cast<std::uint16_t>(byte_at(bytes, at) << 8 | byte_at(bytes, at + 1));
}

template <std::size_t N>
std::span<const std::uint8_t, N> address_at(std::string_view bytes, std::size_t at) {
  return std::span<const std::uint8_t, N>(reinterpret_cast<const std::uint8_t*>(bytes.data()) + at,
                                          N);
}

ProxyHeader parse_binary(std::string_view bytes) {
  if (bytes.size() < kFixedBytes) return need_more();
  const unsigned version = byte_at(bytes, 12) >> 4;
  const unsigned command = byte_at(bytes, 12) & 15;
  const unsigned family = byte_at(bytes, 13) >> 4;
  const unsigned transport = byte_at(bytes, 13) & 15;
  const std::size_t length = number_at(bytes, 14);
  if (version != 2 || command > 1 || family > 3 || transport > 2) return bad();
  if (kFixedBytes + length > kProxyHeaderMax) return bad();
  if (bytes.size() < kFixedBytes + length) return need_more();

  ProxyHeader header{Status::Done, kFixedBytes + length, {}, false};
  header.is_local = command == 0;  // LOCAL: a health check
  if (header.is_local) return header;
  constexpr std::size_t kV4Bytes = 12;
  constexpr std::size_t kV6Bytes = 36;
  if (family == 1) {
    if (length < kV4Bytes) return bad();
    header.source = Address::of(IpAddress::from_v4(address_at<4>(bytes, kFixedBytes)),
                                number_at(bytes, kFixedBytes + 8));
  } else if (family == 2) {
    if (length < kV6Bytes) return bad();
    header.source = Address::of(IpAddress::from_v6(address_at<16>(bytes, kFixedBytes)),
                                number_at(bytes, kFixedBytes + 32));
  }
  return header;
}

// Whether `bytes` begin with `prefix`, as far as they go.
bool may_begin_with(std::string_view bytes, std::string_view prefix) {
  const std::size_t size = std::min(bytes.size(), prefix.size());
  return bytes.substr(0, size) == prefix.substr(0, size);
}

}  // namespace

ProxyHeader parse_proxy_header(std::string_view bytes) {
  if (bytes.starts_with(kSignature)) return parse_binary(bytes);
  if (bytes.starts_with(kTextPrefix)) return parse_text(bytes);
  return may_begin_with(bytes, kSignature) || may_begin_with(bytes, kTextPrefix) ? need_more()
                                                                                 : bad();
}

}  // namespace sluice::net
