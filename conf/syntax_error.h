// SPDX-License-Identifier: MIT
// Explains why a text is no JSON, from the last place where it still was: the parser's own words
// ("unexpected ','; expected string literal") say little and its positions are off by a token.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "conf/problems.h"

namespace sluice::conf {

// What the parser had accepted when it gave up.
struct Accepted {
  enum class Last { Nothing, OpenBracket, Key, Value };

  Last last = Last::Nothing;
  std::size_t end = 0;                // offset behind it
  std::vector<std::size_t> brackets;  // offsets of the open { and [, the innermost last
  Path path;                          // of the innermost
};

Problem explain_syntax_error(std::string_view text, const Accepted& accepted);

}  // namespace sluice::conf
