// SPDX-License-Identifier: MIT
// The specs of conf/fields.h in words, and members as the JSON text that would set them.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "conf/specs.h"

namespace sluice::conf {

// What may stand there, to follow "must be": "a whole number from 1 to 256".
std::string describe(const Text& spec);
std::string describe(const Flag& spec);
std::string describe(const Whole& spec);
std::string describe(const OneOf& spec);
std::string describe(const Timespan& spec);
std::string describe(const Size& spec);
std::string describe(const Frequency& spec);
std::string describe(const Strings& spec);
std::string describe(const StringMap& spec);
std::string describe(const Object& spec);
std::string describe(const Objects& spec);
std::string describe(const NamedObjects& spec);

// `"a", "b" or "c"`.
std::string alternatives(const std::vector<std::string_view>& words);

template <typename E, std::size_t N>
std::vector<std::string_view> words(const Choice<E, N>& spec) {
  std::vector<std::string_view> out;
  for (const Name<E>& name : spec.names) out.push_back(name.word);
  return out;
}

template <typename E, std::size_t N>
std::string describe(const Choice<E, N>& spec) {
  return alternatives(words(spec));
}

// The member's value as JSON. Empty when there is none.
std::string literal(const std::string& value, const Text& spec);
std::string literal(const std::optional<std::string>& value, const Text& spec);
std::string literal(bool value, const Flag& spec);
std::string literal(int value, const Whole& spec);
std::string literal(int value, const OneOf& spec);
std::string literal(Duration value, const Timespan& spec);
std::string literal(Bytes value, const Size& spec);
std::string literal(const Rate& value, const Frequency& spec);
std::string literal(const std::vector<std::string>& value, const Strings& spec);
std::string literal(const std::map<std::string, std::string>& value, const StringMap& spec);
std::string literal_word(std::string_view word);

template <typename E, std::size_t N>
std::string literal(E value, const Choice<E, N>& spec) {
  for (const Name<E>& name : spec.names) {
    if (name.value == value) return literal_word(name.word);
  }
  return {};
}

}  // namespace sluice::conf
