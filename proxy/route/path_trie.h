// SPDX-License-Identifier: MIT
// PathTrie: from a path to the longest of a set of path patterns that covers it.
//
// A compressed radix tree over bytes in flat arrays: the children of a node are neighbours, and
// their first bytes stand side by side, so a step is one memchr and one memcmp.
//
// Threading: immutable once built; find() allocates nothing and may run on any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "proxy/route/pattern.h"
#include "proxy/route/route.h"

namespace sluice::route {

class PathTrie {
 public:
  using Entry = std::pair<PathPattern, const Route*>;  // the Route is borrowed, and not null

  // REQUIRES: no two patterns are equal.
  explicit PathTrie(std::vector<Entry> entries);

  // The exact pattern if there is one, else the longest prefix that ends where a segment does.
  Match find(std::string_view path) const;

 private:
  struct Node {
    std::uint32_t label_start = 0;  // in labels_; the bytes from the parent to here
    std::uint32_t label_length = 0;
    std::uint32_t first_child = 0;  // in nodes_
    std::uint32_t children = 0;
    const Route* exact = nullptr;
    const Route* prefix = nullptr;
  };
  struct Range;  // entries below one node

  void expand(const Range& range, const std::vector<Entry>& entries, std::vector<Range>& work);
  const Node* child(const Node& node, std::string_view rest) const;

  std::vector<Node> nodes_;  // the root first
  std::string first_bytes_;  // of each node's label, by its index
  std::string labels_;
};

}  // namespace sluice::route
