// SPDX-License-Identifier: MIT
// Route: what is to happen with the requests that one rule of the configuration matches.
//
// Built by the Snapshot and owned by it, as is everything a Route points to; immutable from then
// on, any thread may read it. The pointers are only carried here: this folder knows no handler.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::exchange {
class AccessCheck;
class Handler;
class ResponseFilter;
}  // namespace sluice::exchange
namespace sluice::observe {
class RouteSeries;
}

namespace sluice::route {

// How the path changes before the handler uses it. Neither set: it does not.
struct Rewrite {
  std::string strip_prefix;  // taken off, if the path has it as whole segments; in its
                             // matched spelling (http/uri.h)
  std::optional<std::string> replacement;  // put where strip_prefix stood, or, without one, where
                                           // the prefix stood that matched ("/api" of "/api/*")
};

struct Route {
  std::string name;  // for logs and metrics: "shop.example.com/static/*"
  const exchange::Handler* handler = nullptr;
  std::vector<const exchange::AccessCheck*> checks;      // in order; after the global ones
  std::vector<const exchange::ResponseFilter*> filters;  // in order
  Rewrite rewrite;
  bool allows_connect = false;
  unsigned cost = 1;                       // tokens that a request takes from its client's buckets
  std::uint64_t bandwidth = 0;             // bytes a second that a connection is sent; 0: no limit
  observe::RouteSeries* series = nullptr;  // what is counted of it; null: nothing
};

// What Table::find() answers.
struct Match {
  const Route* route = nullptr;   // borrowed from the Snapshot; null: nothing matched
  std::size_t prefix_length = 0;  // bytes of the path the pattern spells out: all of an exact one,
                                  // 4 of "/api/*", none of "/*"
  bool exact = false;             // the pattern is that path alone

  explicit operator bool() const { return route != nullptr; }
};

// A path in two pieces, to be written one after the other; they borrow from the Route and from the
// path given.
struct RewrittenPath {
  std::string_view head;
  std::string_view tail;

  std::string text() const { return std::string(head).append(tail); }
};

// The path as `rewrite` wants it. `path` is the one that was matched, without the query, and
// `prefix_length` what the match said. What does not start with "/" (the "*" of OPTIONS) is left
// alone, what does still does, and no "//" appears where the pieces meet.
// REQUIRES: a replacement is empty or starts with "/".
RewrittenPath rewrite_path(const Rewrite& rewrite, std::string_view path,
                           std::size_t prefix_length);

}  // namespace sluice::route
