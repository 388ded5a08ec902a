// SPDX-License-Identifier: MIT
#include "conf/syntax.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <vector>

#include "conf/letters.h"
#include "conf/path.h"
#include "conf/suggest.h"

namespace sluice::conf {
namespace {

// Fields that belong to one connection or frame a message: the proxy writes them itself.
constexpr std::array<std::string_view, 9> kOwnFields{
    "connection", "content-length", "http2-settings",    "keep-alive", "proxy-connection",
    "te",         "trailer",        "transfer-encoding", "upgrade"};

// Besides those: what the proxy tells of the client, and what decides where a request goes or what
// it may do.
constexpr std::array<std::string_view, 12> kManagedFields{
    "authorization", "cookie",       "expect",       "forwarded",
    "host",          "max-forwards", "proxy-status", "proxy-authorization",
    "via",           "x-real-ip",    "x-request-id", "date"};
constexpr std::string_view kManagedPrefix = "x-forwarded-";

const std::vector<std::string_view>& redirect_variables() {
  static const std::vector<std::string_view> kNames{"scheme", "host", "path", "query", "uri"};
  return kNames;
}

bool is_alnum(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool is_hex_pair(std::string_view text) {
  return text.size() >= 2 &&
         text.substr(0, 2).find_first_not_of("0123456789abcdefABCDEF") == std::string_view::npos;
}

// The first character that a URI path cannot hold as it stands (RFC 3986, section 3.3), or npos.
std::size_t wrong_in_path(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool fine = c == '%' ? is_hex_pair(text.substr(i + 1))
                               : is_alnum(c) || std::string_view("-._~!$&'()*+,;=:@/").find(c) !=
                                                    std::string_view::npos;
    if (!fine) return i;
  }
  return std::string_view::npos;
}

// As a request's path is spelt before it is matched: unreserved characters stand for themselves,
// other escapes have upper-case digits. REQUIRES: every % begins an escape.
std::string with_normal_escapes(std::string_view path) {
  std::string out;
  for (std::size_t i = 0; i < path.size(); ++i) {
    if (path[i] != '%') {
      out += path[i];
      continue;
    }
    unsigned value = 0;
    std::from_chars(path.data() + i + 1, path.data() + i + 3, value, 16);
    const char c = static_cast<char>(value);
    if (is_alnum(c) || std::string_view("-._~").find(c) != std::string_view::npos) {
      out += c;
    } else {
      out += fmt::format("%{:02X}", value);
    }
    i += 2;
  }
  return out;
}

bool has_dot_segment(std::string_view path) {
  std::size_t start = 0;
  while (start <= path.size()) {
    const std::size_t end = std::min(path.find('/', start), path.size());
    const std::string_view segment = path.substr(start, end - start);
    if (segment == "." || segment == "..") return true;
    start = end + 1;
  }
  return false;
}

}  // namespace

std::optional<Fault> path_pattern_fault(std::string_view text) {
  const auto wrong = [text](std::string_view why, std::string hint = {}) {
    return Fault{fmt::format("{} {}", in_quotes(text), why), std::move(hint)};
  };
  if (text.empty() || text.front() != '/') {
    return wrong("does not begin with /",
                 fmt::format("did you mean {}?", in_quotes(fmt::format("/{}", text))));
  }
  const std::size_t star = text.find('*');
  const bool prefix = text.size() >= 2 && text.substr(text.size() - 2) == "/*";
  if (star != std::string_view::npos && (star + 1 != text.size() || !prefix)) {
    return wrong("has a * in a wrong place", "only as the whole last segment: \"/static/*\"");
  }
  if (text.find('?') != std::string_view::npos || text.find('#') != std::string_view::npos) {
    return wrong("goes beyond the path", "only the path is matched, without ? and #");
  }
  if (const std::size_t at = wrong_in_path(text); at != std::string_view::npos) {
    return wrong("holds a character that no path has as it stands",
                 text[at] == '%' ? "% begins an escape of two hexadecimal digits"
                                 : "write it percent-encoded, as %20 for a blank");
  }
  if (has_dot_segment(text) || text.find("//") != std::string_view::npos) {
    return wrong("can never match", "paths are matched without \".\", \"..\" and empty segments");
  }
  const std::string normal = with_normal_escapes(text);
  if (normal == text) return std::nullopt;
  return wrong("can never match: requests are matched in another spelling",
               fmt::format("did you mean {}?", in_quotes(normal)));
}

bool is_token(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return is_alnum(c) || std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
  });
}

std::optional<Fault> field_name_fault(std::string_view name) {
  if (!is_token(name)) {
    return Fault{fmt::format("{} is no header field name", in_quotes(name)),
                 "names are letters, digits and -"};
  }
  if (std::find(kOwnFields.begin(), kOwnFields.end(), lower(name)) != kOwnFields.end()) {
    return Fault{fmt::format("{} cannot be edited: it belongs to one connection", in_quotes(name)),
                 "the proxy writes it for each side itself"};
  }
  return std::nullopt;
}

std::optional<Fault> protocol_fault(std::string_view text) {
  const std::size_t slash = std::min(text.find('/'), text.size());
  const bool versioned = slash < text.size();
  if (is_token(text.substr(0, slash)) && (!versioned || is_token(text.substr(slash + 1)))) {
    return std::nullopt;
  }
  return Fault{fmt::format("{} is no name of a protocol", in_quotes(text)),
               "as an Upgrade field has it: \"websocket\""};
}

std::string folded_name(std::string_view name) {
  std::string folded = lower(name);
  for (char& c : folded) {
    if (c == '_' || c == '.') c = '-';
  }
  return folded;
}

std::optional<Fault> allowed_name_fault(std::string_view name) {
  if (!is_token(name)) {
    return Fault{fmt::format("{} is no header field name", in_quotes(name)),
                 "names are letters, digits, -, _ and ."};
  }
  if (name.find_first_of("_.") == std::string_view::npos) {
    return Fault{fmt::format("{} passes as it is", in_quotes(name)),
                 "only names with _ or . have to be allowed"};
  }
  const std::string folded = folded_name(name);
  const auto is_folded = [&folded](std::string_view other) { return other == folded; };
  const bool managed = std::any_of(kOwnFields.begin(), kOwnFields.end(), is_folded) ||
                       std::any_of(kManagedFields.begin(), kManagedFields.end(), is_folded) ||
                       folded.compare(0, kManagedPrefix.size(), kManagedPrefix) == 0;
  if (!managed) return std::nullopt;
  return Fault{fmt::format("{} cannot be allowed: a backend may take it for {}", in_quotes(name),
                           in_quotes(folded)),
               "which clients do not write"};
}

std::optional<Fault> field_value_fault(std::string_view value) {
  for (const char c : value) {
    if ((static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f) {
      return Fault{fmt::format("the value {} holds a control character", in_quotes(value)),
                   "a header field is one line"};
    }
  }
  const auto blank = [](char c) { return c == ' ' || c == '\t'; };
  if (!value.empty() && (blank(value.front()) || blank(value.back()))) {
    return Fault{fmt::format("the value {} begins or ends with a blank", in_quotes(value)),
                 "recipients would drop it"};
  }
  return std::nullopt;
}

std::optional<Fault> redirect_target_fault(std::string_view text) {
  for (std::size_t at = text.find("${"); at != std::string_view::npos; at = text.find("${", at)) {
    const std::size_t end = text.find('}', at);
    if (end == std::string_view::npos) {
      return Fault{fmt::format("{} has a ${{ without a }}", in_quotes(text)), {}};
    }
    const std::string_view name = text.substr(at + 2, end - at - 2);
    const std::vector<std::string_view>& known = redirect_variables();
    if (std::find(known.begin(), known.end(), name) == known.end()) {
      const std::string_view meant = nearest(name, known);
      return Fault{fmt::format("unknown variable ${{{}}}", name),
                   meant.empty()
                       ? std::string("known are ${scheme} ${host} ${path} ${query} ${uri}")
                       : fmt::format("did you mean ${{{}}}?", meant)};
    }
    at = end;
  }
  for (const char c : text) {
    if (c <= ' ' || c > '~' || std::string_view("\"<>\\^`|").find(c) != std::string_view::npos) {
      return Fault{
          fmt::format("{} holds a character that no URL has as it stands", in_quotes(text)),
          "write it percent-encoded, as %20 for a blank"};
    }
  }
  const bool absolute = text.substr(0, 7) == "http://" || text.substr(0, 8) == "https://" ||
                        text.substr(0, 12) == "${scheme}://" || text.substr(0, 7) == "${path}" ||
                        text.substr(0, 6) == "${uri}" || text.substr(0, 1) == "/";
  if (absolute) return std::nullopt;
  return Fault{fmt::format("{} is no URL and no absolute path", in_quotes(text)),
               fmt::format("did you mean \"https://{}\"?", text)};
}

std::optional<Fault> token_fault(std::string_view text) {
  const bool sendable =
      std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < '\x7f'; });
  if (sendable) return std::nullopt;
  return Fault{"a token is printable ASCII without spaces", {}};
}

}  // namespace sluice::conf
