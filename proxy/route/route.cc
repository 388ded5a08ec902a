// SPDX-License-Identifier: MIT
#include "proxy/route/route.h"

#include <algorithm>

namespace sluice::route {
namespace {

// Whether `path` starts with `prefix` and the prefix ends where a segment does.
bool has_prefix(std::string_view path, std::string_view prefix) {
  if (!path.starts_with(prefix)) return false;
  return path.size() == prefix.size() || prefix.ends_with('/') || path[prefix.size()] == '/';
}

}  // namespace

RewrittenPath rewrite_path(const Rewrite& rewrite, std::string_view path,
                           std::size_t prefix_length) {
  const std::string_view strip = rewrite.strip_prefix;
  std::size_t cut = 0;
  if (!path.starts_with('/')) return {{}, path};  // "*" of OPTIONS
  if (!strip.empty()) {
    if (!has_prefix(path, strip)) return {{}, path};
    cut = strip.ends_with('/') ? strip.size() - 1 : strip.size();
  } else if (rewrite.replacement) {
    cut = std::min(prefix_length, path.size());
  }

  // The tail is now empty or starts with '/'.
  std::string_view head;
  std::string_view tail = path.substr(cut);
  if (rewrite.replacement) head = *rewrite.replacement;
  if (head.ends_with('/') && tail.starts_with('/')) tail.remove_prefix(1);
  if (head.empty() && tail.empty()) head = "/";
  return {head, tail};
}

}  // namespace sluice::route
