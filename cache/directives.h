// SPDX-License-Identifier: MIT
// DirectiveReader: the list of a Cache-Control field (RFC 9111 5.2), one directive after the other,
// in both forms of an argument, token and quoted string. Views into the field value; nothing
// allocates, and nothing is refused: what is no directive is there, and not well formed.
#pragma once

#include <string_view>

namespace sluice::cache {

struct Directive {
  std::string_view name;      // as sent; compare without regard to case
  std::string_view argument;  // of a quoted string: what is between the quotes, as sent
  bool has_argument = false;  // "max-age=" has one, which is empty
  bool quoted = false;
  bool well_formed = true;  // false: no token, or no string that is closed behind it
};

class DirectiveReader {
 public:
  explicit DirectiveReader(std::string_view field_value) : rest_(field_value) {}

  // Stores the next directive; false at the end.
  bool next(Directive& out);

 private:
  std::string_view take_element();

  std::string_view rest_;
};

// The argument of no-cache or private that binds fields alone: names and nothing else, one at
// least.
bool is_field_list(std::string_view argument);

}  // namespace sluice::cache
