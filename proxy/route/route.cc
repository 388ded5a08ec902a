// SPDX-License-Identifier: MIT
#include "proxy/route/route.h"

#include <algorithm>

#include "proxy/http/uri.h"

namespace sluice::route {
namespace {

// The bytes of `path` that `prefix` is spelled by, if it starts with it and the prefix ends where a
// segment does; else 0.
std::size_t prefix_size(std::string_view path, std::string_view prefix) {
  if (!http::is_matched_by(path, prefix)) return 0;
  const std::size_t size = http::normalised_size(path, prefix.size());
  const bool whole = path.size() == size || prefix.ends_with('/') || path[size] == '/';
  return whole ? size : 0;
}

}  // namespace

RewrittenPath rewrite_path(const Rewrite& rewrite, std::string_view path,
                           std::size_t prefix_length) {
  const std::string_view strip = rewrite.strip_prefix;
  std::size_t cut = 0;
  if (!path.starts_with('/')) return {{}, path};  // "*" of OPTIONS
  if (!strip.empty()) {
    cut = prefix_size(path, strip);
    if (cut == 0) return {{}, path};
    if (strip.ends_with('/')) --cut;
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
