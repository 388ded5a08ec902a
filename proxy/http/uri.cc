// SPDX-License-Identifier: MIT
#include "proxy/http/uri.h"

#include <algorithm>

#include "proxy/base/ip.h"
#include "proxy/http/chars.h"
#include "proxy/http/headers.h"

namespace sluice::http {
namespace {

constexpr std::size_t kMaxPortDigits = 5;
constexpr unsigned kMaxPort = 65535;

// One escape of the path: what it becomes in the canonical spelling.
struct Escape {
  bool ok = false;
  bool decoded = false;
  char byte = '\0';
};

Escape read_escape(std::string_view path, std::size_t at) {
  if (path.size() - at < 3) return {};
  if (!is_class(path[at + 1], char_class::kHex) || !is_class(path[at + 2], char_class::kHex)) {
    return {};
  }
  const unsigned value = hex_value(path[at + 1]) * 16 + hex_value(path[at + 2]);
  if (value == 0) return {};
  const char byte = static_cast<char>(value);
  return {true, is_class(byte, char_class::kUnreserved), byte};
}

char upper_hex(char c) {
  return c >= 'a' && c <= 'f' ? static_cast<char>(c - 0x20) : c;
}

// What stands at that place of a normalised path in its matched spelling, and how many bytes of the
// path that takes. Never fails: a '%' that begins no escape stands for itself.
struct Undone {
  char byte;
  std::size_t bytes;
};

Undone undo_escape(std::string_view path, std::size_t at) {
  if (path[at] != '%') return {path[at], 1};
  const Escape escape = read_escape(path, at);
  const bool stays = !escape.ok || escape.byte == '/' || escape.byte == '%';
  return stays ? Undone{'%', 1} : Undone{escape.byte, 3};
}

// The canonical path under construction. It always begins with '/', never grows beyond what was
// read, and [segment_, size_) is the segment now being written, without its leading '/'.
class PathWriter {
 public:
  explicit PathWriter(char* out) : out_(out) {}

  void put(char c) { out_[size_++] = c; }

  // Ends the segment at a '/' or at the end of the path. False if it climbs above the root.
  bool end_segment(bool at_slash) {
    const std::string_view segment(out_ + segment_, size_ - segment_);
    if (segment == ".") {
      size_ = segment_;
    } else if (segment == "..") {
      if (segment_ == 1) return false;
      size_ = segment_ - 1;  // now behind the parent's last byte
      while (out_[size_ - 1] != '/') --size_;
    } else if (!segment.empty() && at_slash) {
      put('/');
    }
    segment_ = size_;
    return true;
  }

  std::size_t size() const { return size_; }

 private:
  char* out_;
  std::size_t size_ = 0;
  std::size_t segment_ = 1;
};

// The host name at the front of `text`: nothing where there is none, or one that is no name.
std::string_view leading_name(std::string_view text) {
  std::size_t size = 0;
  char previous = '.';
  for (const char c : text.substr(0, kMaxHost + 1)) {
    if (!is_class(c, char_class::kHostName)) break;
    if (c == '.' && previous == '.') return {};
    previous = c;
    ++size;
  }
  return size <= kMaxHost ? text.substr(0, size) : std::string_view();
}

// Likewise the IPv6 address in brackets.
std::string_view leading_v6(std::string_view text) {
  const std::size_t end = text.find(']');
  if (end == std::string_view::npos) return {};
  const std::string_view address = text.substr(1, end - 1);
  const bool is_v6 =
      address.find(':') != std::string_view::npos && IpAddress::parse(address).has_value();
  return is_v6 ? text.substr(0, end + 1) : std::string_view();
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
  if (text.empty() || text.size() > kMaxPortDigits) return std::nullopt;
  unsigned port = 0;
  for (const char c : text) {
    if (!is_class(c, char_class::kDigit)) return std::nullopt;
    port = port * 10 + static_cast<unsigned>(c - '0');
  }
  if (port > kMaxPort) return std::nullopt;
  return static_cast<std::uint16_t>(port);
}

// "%C3"
char* put_escape(char* out, char c) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  const auto byte = static_cast<unsigned char>(c);
  *out++ = '%';
  *out++ = kDigits[byte >> 4];
  *out++ = kDigits[byte & 0xf];
  return out;
}

}  // namespace

bool needs_normalising(std::string_view path) {
  if (path.empty() || path.front() != '/') return true;
  char previous = '\0';
  for (const char c : path) {
    if (c == '%') return true;
    if (previous == '/' && (c == '/' || c == '.')) return true;
    previous = c;
  }
  return false;
}

std::optional<std::size_t> normalise_path(std::string_view path, char* out) {
  if (path.empty() || path.front() != '/') return std::nullopt;
  PathWriter writer(out);
  writer.put('/');
  for (std::size_t at = 1; at < path.size();) {
    const char c = path[at];
    if (c == '/') {
      if (!writer.end_segment(true)) return std::nullopt;
      ++at;
    } else if (c == '%') {
      const Escape escape = read_escape(path, at);
      if (!escape.ok) return std::nullopt;
      if (escape.decoded) {
        writer.put(escape.byte);
      } else {
        // Read before writing: `out` may be the path itself.
        const char high = upper_hex(path[at + 1]);
        const char low = upper_hex(path[at + 2]);
        writer.put('%');
        writer.put(high);
        writer.put(low);
      }
      at += 3;
    } else {
      writer.put(c);
      ++at;
    }
  }
  if (!writer.end_segment(false)) return std::nullopt;
  return writer.size();
}

std::size_t matched_spelling(std::string_view path, char* out) {
  std::size_t size = 0;
  for (std::size_t at = 0; at < path.size();) {
    const Undone undone = undo_escape(path, at);
    out[size++] = undone.byte;
    at += undone.bytes;
  }
  return size;
}

std::size_t normalised_size(std::string_view path, std::size_t size) {
  std::size_t at = 0;
  for (; size > 0 && at < path.size(); --size) at += undo_escape(path, at).bytes;
  return at;
}

bool is_matched_by(std::string_view path, std::string_view prefix) {
  std::size_t at = 0;
  return std::ranges::all_of(prefix, [&](char c) {
    if (at >= path.size()) return false;
    const Undone undone = undo_escape(path, at);
    at += undone.bytes;
    return undone.byte == c;
  });
}

std::optional<Authority> parse_authority(std::string_view text) {
  Authority authority;
  authority.host = text.starts_with('[') ? leading_v6(text) : leading_name(text);
  if (authority.host.empty()) return std::nullopt;
  const std::string_view rest = text.substr(authority.host.size());
  if (rest.empty()) return authority;
  if (rest.front() != ':') return std::nullopt;
  authority.port = parse_port(rest.substr(1));
  if (!authority.port) return std::nullopt;
  return authority;
}

std::size_t canonical_host(std::string_view host, char* out) {
  if (host.starts_with('[') && host.ends_with(']')) {
    const auto address = IpAddress::parse(host.substr(1, host.size() - 2));
    if (address && address->is_v6()) {
      char text[IpAddress::kMaxText];
      const std::size_t size = address->to_text(text);
      *out++ = '[';
      out = std::copy_n(text, size, out);
      *out = ']';
      return size + 2;
    }
  }
  if (host.size() > 1 && host.back() == '.') host.remove_suffix(1);
  for (std::size_t i = 0; i < host.size(); ++i) out[i] = to_lower(host[i]);
  return host.size();
}

std::string_view canonical_port(std::string_view port, bool https) {
  while (port.size() > 1 && port.front() == '0') port.remove_prefix(1);
  return port == (https ? "443" : "80") ? std::string_view() : port;
}

char* put_uri_text(char* out, std::string_view text) {
  constexpr std::string_view kReserved = ":/?#[]@!$&'()*+,;=%";
  for (const char c : text) {
    const bool stands = is_class(c, char_class::kUnreserved) || kReserved.find(c) != kReserved.npos;
    if (stands) {
      *out++ = c;
    } else {
      out = put_escape(out, c);
    }
  }
  return out;
}

std::string percent_encode(std::string_view text, std::uint8_t classes) {
  std::string out;
  char escape[3];
  for (const char c : text) {
    if (is_class(c, classes)) {
      out += c;
    } else {
      out.append(escape, put_escape(escape, c));
    }
  }
  return out;
}

}  // namespace sluice::http
