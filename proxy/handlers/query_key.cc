// SPDX-License-Identifier: MIT
#include "proxy/handlers/query_key.h"

#include "proxy/http/chars.h"

namespace sluice::handlers {

namespace {

bool is_hex(char c) {
  return http::is_class(c, http::char_class::kHex);
}

// The name of an argument, a character at a time, as backends read it that are generous: without
// escapes, in one case, and with one character for all that PHP makes an underscore of.
class NameReader {
 public:
  // PHP drops blanks before a name, others brackets.
  explicit NameReader(std::string_view text) : rest_(text) {
    for (NameReader ahead = *this; !ahead.at_end(); *this = ahead) {
      if (std::string_view(" \t\r\n\v\f[]").find(ahead.take()) == std::string_view::npos) break;
    }
  }

  bool at_end() const { return rest_.empty(); }

  // REQUIRES: not at the end.
  char next() {
    const char c = take();
    return c == '.' || c == ' ' || c == '[' ? '_' : http::to_lower(c);
  }

  // Whether a name may end here: what follows is cut off, or an index.
  bool may_end() const {
    NameReader ahead = *this;
    const char c = at_end() ? '\0' : ahead.take();
    return c == '[' || c == ']' || c == '\0';
  }

 private:
  char take() {
    char c = rest_.front();
    const bool escaped = c == '%' && rest_.size() > 2 && is_hex(rest_[1]) && is_hex(rest_[2]);
    if (escaped) {
      c = static_cast<char>(http::hex_value(rest_[1]) * 16 + http::hex_value(rest_[2]));
    } else if (c == '+') {
      c = ' ';
    }
    rest_.remove_prefix(escaped ? 3 : 1);
    return c;
  }

  std::string_view rest_;
};

std::string_view name_of(std::string_view argument) {
  return argument.substr(0, argument.find('='));
}

}  // namespace

bool reads_as(std::string_view text, std::string_view name) {
  if (text == name) return true;
  NameReader given(text);
  NameReader wanted(name);
  while (!wanted.may_end()) {
    if (given.at_end() || given.next() != wanted.next()) return false;
  }
  return given.may_end();
}

bool may_set(std::string_view argument, std::string_view name) {
  // As a whole first: the name may hold a semicolon itself.
  if (reads_as(name_of(argument), name)) return true;
  if (argument.find(';') == std::string_view::npos) return false;
  while (!argument.empty()) {
    const std::string_view piece = argument.substr(0, argument.find(';'));
    argument.remove_prefix(std::min(piece.size() + 1, argument.size()));
    if (reads_as(name_of(piece), name)) return true;
  }
  return false;
}

std::string query_in_key(const CacheRules& rules, std::string_view query) {
  const bool has_query = !query.empty();
  std::string text;
  put_query(rules, query.substr(has_query ? 1 : 0), has_query,
            [&text](std::string_view piece) { text += piece; });
  return text;
}

}  // namespace sluice::handlers
