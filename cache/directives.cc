// SPDX-License-Identifier: MIT
#include "cache/directives.h"

#include <algorithm>
#include <cstddef>

#include "cache/tokens.h"

namespace sluice::cache {

namespace {

// Behind the quoted string that `text` begins with; npos when it is not closed.
std::size_t end_of_quoted(std::string_view text) {
  for (std::size_t at = 1; at < text.size(); ++at) {
    if (text[at] == '"') return at + 1;
    if (text[at] == '\\') ++at;
  }
  return std::string_view::npos;
}

// An unquoted one may be empty, and "=" be a part of it, as in base64.
bool is_argument(std::string_view text) {
  for (;;) {
    const std::size_t equals = std::min(text.find('='), text.size());
    if (equals != 0 && !is_token(text.substr(0, equals))) return false;
    if (equals == text.size()) return true;
    text.remove_prefix(equals + 1);
  }
}

void read_argument(std::string_view text, Directive& out) {
  out.has_argument = true;
  out.argument = trim(text);
  out.quoted = text.starts_with('"');
  if (!out.quoted) {
    out.well_formed = out.well_formed && is_argument(text);
    return;
  }
  const std::size_t end = end_of_quoted(text);
  out.well_formed = out.well_formed && end == text.size();
  const std::size_t close = std::min(end - 1, text.size());
  out.argument = text.substr(1, close - 1);
}

}  // namespace

// Up to a comma that is not within a quoted string. An open quote takes all that follows: nobody
// can tell what was meant to be outside of it.
std::string_view DirectiveReader::take_element() {
  std::size_t end = 0;
  while (end < rest_.size() && rest_[end] != ',') {
    const std::size_t quoted =
        rest_[end] == '"' ? end_of_quoted(rest_.substr(end)) : std::size_t{1};
    end = quoted == std::string_view::npos ? rest_.size() : end + quoted;
  }
  const std::string_view element = rest_.substr(0, end);
  rest_.remove_prefix(std::min(end + 1, rest_.size()));
  return trim(element);
}

bool DirectiveReader::next(Directive& out) {
  while (!rest_.empty()) {
    const std::string_view element = take_element();
    if (element.empty()) continue;
    const std::size_t equals = std::min(element.find('='), element.size());
    const std::string_view name = element.substr(0, equals);
    out = {};
    out.name = trim(name);
    out.well_formed = is_token(name);
    if (equals < element.size()) read_argument(element.substr(equals + 1), out);
    return true;
  }
  return false;
}

bool is_field_list(std::string_view argument) {
  DirectiveReader reader(argument);
  bool is_list = false;
  for (Directive name; reader.next(name);) {
    if (!name.well_formed || name.has_argument) return false;
    is_list = true;
  }
  return is_list;
}

}  // namespace sluice::cache
