// SPDX-License-Identifier: MIT
#include "proxy/route/pattern.h"

#include <algorithm>

#include "proxy/http/uri.h"

namespace sluice::route {
namespace {

constexpr std::size_t kHostBytesMax = 253;  // RFC 1035, 2.3.4, written as text

bool is_alnum(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

// Underscores are no host name, but are in use; so they are taken.
bool is_name_char(char c) {
  return is_alnum(c) || c == '-' || c == '_' || c == '.';
}

bool is_literal_char(char c) {
  return is_alnum(c) || c == ':' || c == '.';
}

std::string quoted(std::string_view text) {
  return std::string(1, '"').append(text).append(1, '"');
}

bool valid_literal(std::string_view text) {
  return text.size() > 2 && text.ends_with(']') &&
         std::all_of(text.begin() + 1, text.end() - 1, is_literal_char);
}

// What is wrong with a plain name, or nothing.
std::string name_problem(std::string_view name) {
  if (name.empty()) return "a host name is missing";
  if (name.size() > kHostBytesMax) return "a host name has at most 253 bytes";
  if (name.find('*') != std::string_view::npos) {
    return "the only wildcards are \"*\" and a whole first label: \"*.example.com\"";
  }
  if (name.find(':') != std::string_view::npos) {
    return "a host pattern has no port, and an IPv6 address stands in brackets";
  }
  for (const char c : name) {
    if (!is_name_char(c)) {
      return "a host name holds only letters, digits, \"-\", \"_\" and \".\"; others are written "
             "in punycode";
    }
  }
  if (name.starts_with('.') || name.ends_with('.') || name.find("..") != std::string_view::npos) {
    return "a host name has an empty label";
  }
  return {};
}

// Such a pattern could never match.
bool has_dot_segment(std::string_view path) {
  std::string slashed(path);
  slashed += '/';
  return slashed.find("/./") != std::string::npos || slashed.find("/../") != std::string::npos;
}

}  // namespace

std::string HostPattern::text() const {
  return kind == Kind::Exact ? name : "*" + name;
}

std::string PathPattern::text() const {
  return exact ? path : path + "/*";
}

std::optional<HostPattern> parse_host_pattern(std::string_view text, std::string& why) {
  if (text == "*") return HostPattern{};
  HostPattern pattern;
  pattern.kind = HostPattern::Kind::Exact;
  std::string_view name = text;
  if (name.starts_with('[')) {
    if (!valid_literal(name)) {
      why = quoted(text) + " is not an IPv6 address in brackets";
      return std::nullopt;
    }
  } else {
    if (name.starts_with("*.")) {
      pattern.kind = HostPattern::Kind::Below;
      name.remove_prefix(2);
    }
    if (name.ends_with('.')) name.remove_suffix(1);
    const std::string problem = name_problem(name);
    if (!problem.empty()) {
      why = quoted(text) + ": " + problem;
      return std::nullopt;
    }
  }
  if (pattern.kind == HostPattern::Kind::Below) pattern.name = ".";
  const std::size_t begin = pattern.name.size();
  pattern.name.resize(begin + name.size() + 1);
  pattern.name.resize(begin + http::canonical_host(name, pattern.name.data() + begin));
  return pattern;
}

std::optional<PathPattern> parse_path_pattern(std::string_view text, std::string& why) {
  if (text == "*") return PathPattern{};
  if (!text.starts_with('/')) {
    why = quoted(text) + ": a path pattern starts with \"/\"";
    return std::nullopt;
  }
  if (text.find_first_of("?#") != std::string_view::npos) {
    why = quoted(text) + ": a path pattern holds no query and no fragment";
    return std::nullopt;
  }
  if (has_dot_segment(text)) {
    why = quoted(text) + ": \".\" and \"..\" segments are resolved before a path is matched";
    return std::nullopt;
  }
  PathPattern pattern;
  pattern.exact = !text.ends_with("/*");
  pattern.path = text.substr(0, pattern.exact ? text.size() : text.size() - 2);
  if (pattern.path.find('*') != std::string::npos) {
    why = quoted(text) + ": \"*\" may only be the whole last segment: \"/prefix/*\"";
    return std::nullopt;
  }
  pattern.path.resize(http::matched_spelling(pattern.path, pattern.path.data()));
  return pattern;
}

}  // namespace sluice::route
