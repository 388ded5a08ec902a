// SPDX-License-Identifier: MIT
#include "proxy/route/path_trie.h"

#include <algorithm>
#include <cstring>

namespace sluice::route {

// Entries [begin, end) of the sorted list share their first `depth` bytes, which lead to `node`.
struct PathTrie::Range {
  std::size_t node;
  std::size_t begin;
  std::size_t end;
  std::size_t depth;
};

PathTrie::PathTrie(std::vector<Entry> entries) {
  std::sort(entries.begin(), entries.end(),
            [](const Entry& a, const Entry& b) { return a.first.path < b.first.path; });
  nodes_.emplace_back();
  first_bytes_.push_back('\0');
  std::vector<Range> work{{0, 0, entries.size(), 0}};
  for (std::size_t i = 0; i < work.size(); ++i) {
    const Range range = work[i];
    expand(range, entries, work);
  }
}

// Fills in the node of `range` and appends its children, to be expanded in their turn.
void PathTrie::expand(const Range& range, const std::vector<Entry>& entries,
                      std::vector<Range>& work) {
  std::size_t begin = range.begin;
  for (; begin < range.end && entries[begin].first.path.size() == range.depth; ++begin) {
    const auto& [pattern, route] = entries[begin];
    (pattern.exact ? nodes_[range.node].exact : nodes_[range.node].prefix) = route;
  }
  nodes_[range.node].first_child = static_cast<std::uint32_t>(nodes_.size());
  while (begin < range.end) {
    const std::string& first = entries[begin].first.path;
    std::size_t end = begin + 1;
    while (end < range.end && entries[end].first.path[range.depth] == first[range.depth]) ++end;
    // Sorted, so what the first and the last share is shared by all between them.
    const std::string& last = entries[end - 1].first.path;
    const std::size_t shorter = std::min(first.size(), last.size());
    std::size_t depth = range.depth + 1;
    while (depth < shorter && first[depth] == last[depth]) ++depth;

    Node node;
    node.label_start = static_cast<std::uint32_t>(labels_.size());
    node.label_length = static_cast<std::uint32_t>(depth - range.depth);
    labels_.append(first, range.depth, depth - range.depth);
    work.push_back({nodes_.size(), begin, end, depth});
    nodes_.push_back(node);
    first_bytes_.push_back(first[range.depth]);
    ++nodes_[range.node].children;
    begin = end;
  }
}

// The child whose whole label `rest` starts with, or null.
const PathTrie::Node* PathTrie::child(const Node& node, std::string_view rest) const {
  if (rest.empty() || node.children == 0) return nullptr;
  const char* first = first_bytes_.data() + node.first_child;
  const void* hit = std::memchr(first, static_cast<unsigned char>(rest.front()), node.children);
  if (hit == nullptr) return nullptr;
  const auto index = static_cast<std::size_t>(static_cast<const char*>(hit) - first);
  const Node& next = nodes_[node.first_child + index];
  const std::string_view label(labels_.data() + next.label_start, next.label_length);
  return rest.starts_with(label) ? &next : nullptr;
}

Match PathTrie::find(std::string_view path) const {
  Match longest;
  std::size_t depth = 0;
  for (const Node* node = &nodes_.front(); node != nullptr;) {
    const bool at_end = depth == path.size();
    if (node->prefix != nullptr && (depth == 0 || at_end || path[depth] == '/')) {
      longest = {node->prefix, depth, false};
    }
    if (at_end && node->exact != nullptr) return {node->exact, depth, true};
    node = child(*node, path.substr(depth));
    if (node != nullptr) depth += node->label_length;
  }
  return longest;
}

}  // namespace sluice::route
