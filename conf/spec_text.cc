// SPDX-License-Identifier: MIT
#include "conf/spec_text.h"

#include <fmt/format.h>

#include "conf/path.h"
#include "conf/units.h"

namespace sluice::conf {
namespace {

std::string or_word(std::string_view word) {
  return word.empty() ? std::string() : fmt::format(", or {}", in_quotes(word));
}

}  // namespace

std::string describe(const Text& /*spec*/) {
  return "a string";
}

std::string describe(const Flag& /*spec*/) {
  return "true or false";
}

std::string describe(const Whole& spec) {
  return fmt::format("a whole number from {} to {}{}", spec.min, spec.max, or_word(spec.word));
}

std::string describe(const OneOf& spec) {
  std::string out;
  for (std::size_t i = 0; i < spec.values.size(); ++i) {
    if (i > 0) out += i + 1 < spec.values.size() ? ", " : " or ";
    out += std::to_string(spec.values[i]);
  }
  return out;
}

std::string describe(const Timespan& spec) {
  return fmt::format("a duration from {} to {}{}", print(spec.min), print(spec.max),
                     or_word(spec.word));
}

std::string describe(const Size& spec) {
  return fmt::format("a size from {} to {}{}", print_bytes(spec.min), print_bytes(spec.max),
                     or_word(spec.word));
}

std::string describe(const Frequency& spec) {
  return fmt::format("a rate from 1 to {} a second, minute or hour{}", spec.max,
                     or_word(spec.word));
}

std::string describe(const Strings& spec) {
  return spec.or_one ? "a string or an array of strings" : "an array of strings";
}

std::string describe(const StringMap& /*spec*/) {
  return "an object of strings";
}

std::string describe(const Object& /*spec*/) {
  return "an object";
}

std::string describe(const Objects& spec) {
  return spec.shorthand.empty() ? "an array of objects" : "an array of strings or objects";
}

std::string describe(const NamedObjects& /*spec*/) {
  return "an object of named objects";
}

std::string alternatives(const std::vector<std::string_view>& words) {
  std::string out;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0) out += i + 1 < words.size() ? ", " : " or ";
    out += in_quotes(words[i]);
  }
  return out;
}

std::string literal(const std::string& value, const Text& /*spec*/) {
  return in_quotes(value);
}

std::string literal(const std::optional<std::string>& value, const Text& spec) {
  return value ? literal(*value, spec) : std::string();
}

std::string literal(bool value, const Flag& /*spec*/) {
  return value ? "true" : "false";
}

std::string literal(int value, const Whole& spec) {
  return value == 0 && !spec.word.empty() ? in_quotes(spec.word) : std::to_string(value);
}

std::string literal(int value, const OneOf& /*spec*/) {
  return std::to_string(value);
}

std::string literal(Duration value, const Timespan& spec) {
  const bool none = value == Duration::zero() && !spec.word.empty();
  return in_quotes(none ? std::string(spec.word) : print(value));
}

std::string literal(Bytes value, const Size& spec) {
  return in_quotes(value == 0 && !spec.word.empty() ? std::string(spec.word) : print_bytes(value));
}

std::string literal(const Rate& value, const Frequency& spec) {
  return in_quotes(value.events == 0 && !spec.word.empty() ? std::string(spec.word) : print(value));
}

std::string literal(const std::vector<std::string>& value, const Strings& spec) {
  if (spec.or_one && value.size() == 1) return in_quotes(value.front());
  std::string out;
  for (const std::string& item : value) {
    out += out.empty() ? "[" : ", ";
    out += in_quotes(item);
  }
  return out.empty() ? "[]" : out + "]";
}

std::string literal(const std::map<std::string, std::string>& value, const StringMap& /*spec*/) {
  std::string out;
  for (const auto& [name, text] : value) {
    out += fmt::format("{}{}: {}", out.empty() ? "{ " : ", ", in_quotes(name), in_quotes(text));
  }
  return out.empty() ? "{}" : out + " }";
}

std::string literal_word(std::string_view word) {
  return in_quotes(word);
}

}  // namespace sluice::conf
