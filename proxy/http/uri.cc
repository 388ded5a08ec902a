// SPDX-License-Identifier: MIT
#include "proxy/http/uri.h"

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

bool is_host_name(std::string_view host) {
  if (host.empty() || host.size() > kMaxHost) return false;
  char previous = '.';
  for (const char c : host) {
    if (!is_class(c, char_class::kHostName) || (c == '.' && previous == '.')) return false;
    previous = c;
  }
  return true;
}

bool is_bracketed_v6(std::string_view host) {
  if (host.size() < 4 || host.front() != '[' || host.back() != ']') return false;
  const std::string_view address = host.substr(1, host.size() - 2);
  return address.find(':') != std::string_view::npos && IpAddress::parse(address).has_value();
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

std::optional<Authority> parse_authority(std::string_view text) {
  const bool bracketed = !text.empty() && text.front() == '[';
  std::size_t host_end = bracketed ? text.find(']') : text.find(':');
  if (bracketed && host_end != std::string_view::npos) ++host_end;
  if (host_end == std::string_view::npos) host_end = text.size();

  Authority authority;
  authority.host = text.substr(0, host_end);
  if (bracketed ? !is_bracketed_v6(authority.host) : !is_host_name(authority.host)) {
    return std::nullopt;
  }
  if (host_end == text.size()) return authority;
  if (text[host_end] != ':') return std::nullopt;
  authority.port = parse_port(text.substr(host_end + 1));
  if (!authority.port) return std::nullopt;
  return authority;
}

std::size_t canonical_host(std::string_view host, char* out) {
  if (host.size() > 1 && host.back() == '.') host.remove_suffix(1);
  for (std::size_t i = 0; i < host.size(); ++i) out[i] = to_lower(host[i]);
  return host.size();
}

}  // namespace sluice::http
