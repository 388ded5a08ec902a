// SPDX-License-Identifier: MIT
// Paths and authorities. Normalising agrees with a slow and plain reading of its rules, in place or
// not, changes nothing when done twice, and nothing at all where needs_normalising() says so.
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/http/chars.h"
#include "proxy/http/headers.h"
#include "proxy/http/uri.h"
#include "tests/fuzz/must.h"
#include "tests/fuzz/targets.h"
#include "tests/support/exact.h"

namespace sluice::fuzz {
namespace {

using http::is_class;
using support::Exact;

constexpr std::string_view kDigits = "0123456789ABCDEF";

// Above 15 for what is no hexadecimal digit.
std::size_t digit_value(char c) {
  return kDigits.find(c >= 'a' && c <= 'f' ? static_cast<char>(c - 'a' + 'A') : c);
}

// Unreserved characters decoded, other escapes in upper case.
std::optional<std::string> plain_escapes(std::string_view path) {
  std::string out;
  for (std::size_t i = 0; i < path.size(); ++i) {
    if (path[i] != '%') {
      out += path[i];
      continue;
    }
    if (path.size() - i < 3) return std::nullopt;
    const std::size_t high = digit_value(path[i + 1]);
    const std::size_t low = digit_value(path[i + 2]);
    if (high > 15 || low > 15 || high + low == 0) return std::nullopt;
    const char c = static_cast<char>(high * 16 + low);
    if (is_class(c, http::char_class::kUnreserved)) {
      out += c;
    } else {
      out.append("%").append(1, kDigits[high]).append(1, kDigits[low]);
    }
    i += 2;
  }
  return out;
}

// What normalise_path() promises, segment by segment.
std::optional<std::string> reference(std::string_view path) {
  if (!path.starts_with('/')) return std::nullopt;
  const std::optional<std::string> spelt = plain_escapes(path);
  if (!spelt) return std::nullopt;
  std::vector<std::string> segments;
  bool slash_at_end = true;
  for (std::size_t at = 1; at <= spelt->size();) {
    const std::size_t end = std::min(spelt->find('/', at), spelt->size());
    const std::string segment = spelt->substr(at, end - at);
    slash_at_end = segment.empty() || segment == "." || segment == "..";
    if (segment == "..") {
      if (segments.empty()) return std::nullopt;
      segments.pop_back();
    } else if (!slash_at_end) {
      segments.push_back(segment);
    }
    at = end + 1;
  }
  std::string out;
  for (const std::string& segment : segments) out.append("/").append(segment);
  return slash_at_end || out.empty() ? out + "/" : out;
}

std::optional<std::string> normalise(std::string_view path) {
  std::string room(path.size(), '\0');
  const Exact exact(path);
  const std::optional<std::size_t> size = http::normalise_path(exact.view(), room.data());
  if (!size) return std::nullopt;
  MUST(*size <= path.size());
  return room.substr(0, *size);
}

void check_path(std::string_view path) {
  const std::optional<std::string> normal = normalise(path);
  MUST(normal == reference(path));
  if (path.starts_with('/') && !http::needs_normalising(path)) MUST(normal == path);

  std::string in_place(path);
  const std::optional<std::size_t> size = http::normalise_path(in_place, in_place.data());
  MUST(size.has_value() == normal.has_value());
  if (!normal) return;
  MUST(in_place.substr(0, *size) == *normal);
  MUST(normal->starts_with('/'));
  MUST(normal->find("//") == std::string::npos);
  for (const std::string_view segment : {"/./", "/../"}) {
    MUST((*normal + "/").find(segment) == std::string::npos);
  }
  MUST(normalise(*normal) == *normal);
}

void check_authority(std::string_view text) {
  const Exact exact(text);
  const std::optional<http::Authority> authority = http::parse_authority(exact.view());
  if (!authority) return;
  const std::string_view host = authority->host;
  MUST(!host.empty() && host.size() <= http::kMaxHost);
  MUST(exact.view().starts_with(host) && host.data() == exact.view().data());
  MUST(authority->port.has_value() == (host.size() != text.size()));

  const std::string rest = authority->port ? ":" + std::to_string(*authority->port) : "";
  std::string canonical(host.size() + 1, '\0');
  canonical.resize(http::canonical_host(host, canonical.data()));
  MUST(!canonical.empty());
  for (const char c : canonical) {
    MUST(is_class(c, http::char_class::kHostName) || c == '[' || c == ']' || c == ':');
    MUST(http::to_lower(c) == c);
  }
  std::string twice(canonical.size() + 1, '\0');
  twice.resize(http::canonical_host(canonical, twice.data()));
  MUST(twice == canonical);
  const std::string spelt = canonical + rest;
  const std::optional<http::Authority> again = http::parse_authority(spelt);
  MUST(again && again->host == canonical && again->port == authority->port);
}

}  // namespace

void uri(std::string_view bytes) {
  check_path(bytes);
  check_authority(bytes);
}

}  // namespace sluice::fuzz
