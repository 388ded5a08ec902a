// SPDX-License-Identifier: MIT
#include "cache/targeted_control.h"

#include <algorithm>
#include <cstddef>

#include "cache/directives.h"
#include "cache/response_flags.h"
#include "cache/tokens.h"

namespace sluice::cache {

namespace {

bool is_lower(char c) {
  return c >= 'a' && c <= 'z';
}

bool is_alpha(char c) {
  return is_lower(c) || (c >= 'A' && c <= 'Z');
}

bool is_key_char(char c) {
  return is_lower(c) || is_digit(c) || c == '_' || c == '-' || c == '.' || c == '*';
}

bool is_token_char(char c) {
  constexpr std::string_view kOthers = "!#$%&'*+-.^_`|~:/";
  return is_alpha(c) || is_digit(c) || kOthers.find(c) != std::string_view::npos;
}

bool is_base64_char(char c) {
  return is_alpha(c) || is_digit(c) || c == '+' || c == '/' || c == '=';
}

// A bare item, as far as a directive can need it: `text` is of a String what is between the quotes.
struct Value {
  enum class Type : unsigned char { True, False, Integer, String, Other };
  Type type = Type::True;
  std::string_view text;
};

// RFC 8941 4.2: each read_*() consumes what it names, or fails and leaves the rest undefined.
class Dictionary {
 public:
  explicit Dictionary(std::string_view line) : rest_(line) { skip(" "); }

  bool at_end() {
    if (!rest_.empty() && rest_.find_first_not_of(' ') == std::string_view::npos) rest_ = {};
    return rest_.empty();
  }

  bool read_member(std::string_view& key, Value& value) {
    value = {};
    return read_key(key) && (!take('=') || read_value(value)) && read_parameters();
  }

  // Between two members; true at the end, too. A comma must have something behind it.
  bool read_comma() {
    skip(" \t");
    if (rest_.empty()) return true;
    if (!take(',')) return false;
    skip(" \t");
    return !rest_.empty();
  }

 private:
  void skip(std::string_view chars) {
    rest_.remove_prefix(std::min(rest_.find_first_not_of(chars), rest_.size()));
  }

  bool take(char c) {
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }

  template <typename Accept>
  std::string_view take_while(Accept accept) {
    const auto end = std::find_if_not(rest_.begin(), rest_.end(), accept);
    const auto size = static_cast<std::size_t>(end - rest_.begin());
    const std::string_view taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return taken;
  }

  bool read_key(std::string_view& key) {
    if (rest_.empty() || (!is_lower(rest_.front()) && rest_.front() != '*')) return false;
    key = take_while(is_key_char);
    return true;
  }

  bool read_parameters() {
    while (take(';')) {
      skip(" ");
      std::string_view key;
      Value ignored;
      if (!read_key(key)) return false;
      if (take('=') && !read_item(ignored)) return false;
    }
    return true;
  }

  bool read_value(Value& value) {
    return rest_.starts_with('(') ? read_inner_list(value) : read_item(value);
  }

  bool read_inner_list(Value& value) {
    value.type = Value::Type::Other;
    take('(');
    while (true) {
      skip(" ");
      if (take(')')) return true;
      Value ignored;
      if (!read_item(ignored) || !read_parameters()) return false;
      if (!rest_.starts_with(' ') && !rest_.starts_with(')')) return false;
    }
  }

  bool read_item(Value& value) {
    if (rest_.empty()) return false;
    const char first = rest_.front();
    if (first == '"') return read_string(value);
    if (first == '?') return read_boolean(value);
    if (first == ':') return read_bytes(value);
    if (first == '-' || is_digit(first)) return read_number(value);
    value.type = Value::Type::Other;
    return (is_alpha(first) || first == '*') && !take_while(is_token_char).empty();
  }

  bool read_string(Value& value) {
    value.type = Value::Type::String;
    for (std::size_t at = 1; at < rest_.size(); ++at) {
      const char c = rest_[at];
      if (c < 0x20 || c > 0x7e) return false;
      if (c == '"') {
        value.text = rest_.substr(1, at - 1);
        rest_.remove_prefix(at + 1);
        return true;
      }
      if (c != '\\') continue;
      ++at;
      if (at == rest_.size() || (rest_[at] != '"' && rest_[at] != '\\')) return false;
    }
    return false;
  }

  bool read_boolean(Value& value) {
    value.type = rest_.starts_with("?1") ? Value::Type::True : Value::Type::False;
    if (!rest_.starts_with("?1") && !rest_.starts_with("?0")) return false;
    rest_.remove_prefix(2);
    return true;
  }

  bool read_bytes(Value& value) {
    value.type = Value::Type::Other;
    take(':');
    take_while(is_base64_char);
    return take(':');
  }

  // At most 15 digits, or 12 and 1 to 3 behind a point.
  bool read_number(Value& value) {
    value.type = Value::Type::Integer;
    const std::string_view from = rest_;
    take('-');
    const std::size_t digits = take_while(is_digit).size();
    value.text = from.substr(0, from.size() - rest_.size());
    if (!take('.')) return digits >= 1 && digits <= 15;
    value.type = Value::Type::Other;
    const std::size_t decimals = take_while(is_digit).size();
    return digits >= 1 && digits <= 12 && decimals >= 1 && decimals <= 3;
  }

  std::string_view rest_;
};

struct Fields {
  std::string_view name;
  bool ResponseControl::*whole;
  std::string_view ResponseControl::*fields;
};

constexpr Fields kFields[] = {
    {"no-cache", &ResponseControl::no_cache, &ResponseControl::no_cache_fields},
    {"private", &ResponseControl::is_private, &ResponseControl::private_fields},
};

struct Number {
  std::string_view name;
  std::optional<Seconds> ResponseControl::*member;
};

constexpr Number kNumbers[] = {
    {"max-age", &ResponseControl::max_age},
    {"s-maxage", &ResponseControl::s_maxage},
    {"stale-while-revalidate", &ResponseControl::stale_while_revalidate},
    {"stale-if-error", &ResponseControl::stale_if_error},
};

void note_fields(const Fields& row, const Value& value, ResponseControl& out) {
  const bool named = value.type == Value::Type::String && is_field_list(value.text);
  out.*row.whole = !named && value.type != Value::Type::False;
  out.*row.fields = named ? value.text : std::string_view();
}

// False: the whole field is to be ignored. A flag of another type binds: it was meant to forbid.
bool note(std::string_view key, const Value& value, ResponseControl& out) {
  for (const ResponseFlag& flag : kResponseFlags) {
    if (key == flag.name) out.*flag.member = value.type != Value::Type::False;
  }
  for (const Fields& row : kFields) {
    if (key == row.name) note_fields(row, value, out);
  }
  for (const Number& row : kNumbers) {
    if (key != row.name) continue;
    if (value.type != Value::Type::Integer) return false;
    // A negative one is an integer, and no time is left.
    out.*row.member = parse_delta_seconds(value.text).value_or(Seconds(0));
  }
  return true;
}

// An empty line makes an empty member of the joined list, which no dictionary has.
bool read_line(std::string_view line, ResponseControl& out) {
  Dictionary dictionary(line);
  if (dictionary.at_end()) return false;
  while (!dictionary.at_end()) {
    std::string_view key;
    Value value;
    if (!dictionary.read_member(key, value) || !note(key, value, out)) return false;
    if (!dictionary.read_comma()) return false;
  }
  return true;
}

}  // namespace

bool read_targeted_control(std::span<const std::string_view> field_values, ResponseControl& out) {
  ResponseControl control;
  for (const std::string_view line : field_values) {
    if (!read_line(line, control)) return false;
  }
  if (field_values.empty()) return false;
  out = control;
  return true;
}

}  // namespace sluice::cache
