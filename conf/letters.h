// SPDX-License-Identifier: MIT
// Letters in lower case, those of ASCII alone.
#pragma once

#include <string>
#include <string_view>

namespace sluice::conf {

inline char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

inline std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = lower(c);
  return out;
}

}  // namespace sluice::conf
