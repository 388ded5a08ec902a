// SPDX-License-Identifier: MIT
// A JSON text (RFC 8259, with // and /* */ comments) as a tree that remembers where in the text
// every key and value stands. Values only: nothing here knows what a configuration means.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "conf/path.h"
#include "conf/problems.h"

namespace sluice::conf {

struct Node {
  // Number: what int64 cannot hold exactly (a fraction, an exponent, too large).
  enum class Kind { Null, Boolean, Integer, Number, String, Array, Object };

  Kind kind = Kind::Null;
  std::size_t offset = 0;  // of the value's first byte
  std::size_t length = 0;  // bytes up to its end, quotes and brackets included
  std::size_t key_offset = 0;
  std::size_t key_length = 0;  // 0: no member of an object
  std::string key;             // decoded
  std::string text;            // String: decoded
  std::int64_t integer = 0;    // Integer
  bool boolean = false;
  std::vector<Node> children;  // in the text's order; of an object, without repeated keys

  // The member called `name`, or null.
  const Node* find(std::string_view name) const;
};

// "an object", "a string": for "... must be an object, not a string".
std::string_view article_and_kind(Node::Kind kind);

// Brackets inside brackets, at most. Keeps every walk over a tree, and its destruction, shallow.
inline constexpr std::size_t kDeepest = 32;

// Reads the whole text. No tree means that the syntax is wrong, which is told as one problem: what
// follows a syntax error cannot be read reliably. Keys that stand twice in one object are problems
// too, but leave a tree, which holds the first.
std::optional<Node> parse_document(std::string_view text, Problems& problems);

// A problem at a value: the whole of it is underlined when it is plain, otherwise its key (or its
// opening bracket). At a key: the key.
Problem problem_at_value(const Node& node, Path path);
Problem problem_at_key(const Node& node, Path path);

// The node at `path`, or the nearest one around it that exists, and how many steps led there.
struct Found {
  const Node& node;
  std::size_t steps;
};
Found nearest(const Node& root, const Path& path);

}  // namespace sluice::conf
