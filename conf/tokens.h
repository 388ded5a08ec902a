// SPDX-License-Identifier: MIT
// The tokens of a JSON text, as far as a good message about a wrong one needs them: strict inside
// nothing, it splits any bytes into tokens. Offsets are bytes.
#pragma once

#include <cstddef>
#include <string_view>

namespace sluice::conf {

struct Token {
  enum class Kind {
    End,          // of the text
    Punctuation,  // one of {}[]:,
    String,       // "..." closed on its line; what is inside may be wrong
    OpenString,   // "... up to the end of the line
    Word,         // a run of letters, digits and + - . _ $
    OpenComment,  // /* up to the end of the text
    Other,        // any other byte, or one whole code point
  };

  Kind kind = Kind::End;
  std::size_t offset = 0;
  std::size_t length = 0;

  std::size_t end() const { return offset + length; }
};

// The first token at or behind `offset`; blanks and comments are skipped.
Token next_token(std::string_view text, std::size_t offset);

}  // namespace sluice::conf
