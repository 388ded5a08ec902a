// SPDX-License-Identifier: MIT
#include "cache/directives.h"

#include <algorithm>
#include <cstddef>

namespace sluice::cache {

namespace {

bool is_blank(char c) {
  return c == ' ' || c == '\t';
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
}

// Behind the quoted string that `text` begins with; npos when it is not closed.
std::size_t end_of_quoted(std::string_view text) {
  for (std::size_t at = 1; at < text.size(); ++at) {
    if (text[at] == '"') return at + 1;
    if (text[at] == '\\') ++at;
  }
  return std::string_view::npos;
}

void read_argument(std::string_view text, Directive& out) {
  out.has_argument = true;
  out.argument = trim(text);
  out.well_formed = out.well_formed && out.argument.size() == text.size();
  if (!out.argument.starts_with('"')) return;
  const std::size_t end = end_of_quoted(out.argument);
  out.well_formed = out.well_formed && end == out.argument.size();
  const std::size_t close = std::min(end - 1, out.argument.size());
  out.argument = out.argument.substr(1, close - 1);
}

}  // namespace

bool same_name(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return lower(x) == lower(y); });
}

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
    const std::size_t equals = std::min(element.find('='), element.size());
    const std::string_view name = element.substr(0, equals);
    out = {};
    out.name = trim(name);
    if (out.name.empty()) continue;
    out.well_formed = out.name.size() == name.size();
    if (equals < element.size()) read_argument(element.substr(equals + 1), out);
    return true;
  }
  return false;
}

}  // namespace sluice::cache
