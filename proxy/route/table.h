// SPDX-License-Identifier: MIT
// Table: from the host and the path of a request to its Route.
//
// The most specific host wins: the name itself, then the longest wildcard, then any host. Within it
// the longest path wins, an exact one before a prefix. If no path of that host fits, the next less
// specific host is asked: a rule for "any host, any path" therefore answers all that no other does.
// The order of the rules never matters, and two rules for the same host and path are refused.
//
// Part of a Snapshot, which makes one per listener if rules name listeners. Immutable; find() may
// run on any thread, allocates nothing and costs well under a microsecond.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/route/host_index.h"
#include "proxy/route/path_trie.h"
#include "proxy/route/pattern.h"
#include "proxy/route/route.h"

namespace sluice::route {

class Table {
 public:
  // Collects the rules of a Table. Start-up and reload only.
  class Builder {
   public:
    // Every host with every path leads to `route`, borrowed, which outlives the Table. No hosts:
    // any host; no paths: any path. Answers nothing, or else a sentence for the operator: a
    // pattern that is none, or one that another rule, or this one, has already; the rule is then
    // not taken at all.
    // REQUIRES: route is not null.
    [[nodiscard]] std::optional<std::string> add(std::span<const std::string> hosts,
                                                 std::span<const std::string> paths,
                                                 const Route* route);

    // Leaves the Builder empty.
    Table build();

   private:
    std::vector<HostPattern> hosts_;
    std::map<std::string, std::size_t, std::less<>> host_numbers_;  // by HostPattern::text()
    // Of each host by its number: PathPattern::text() -> the pattern and its Route.
    std::vector<std::map<std::string, PathTrie::Entry, std::less<>>> paths_;
  };

  Table() = default;  // matches nothing

  // `host` has no port, and may be of any case, closed by a dot, empty or nonsense; an IPv6 literal
  // has its brackets. `path` is in its matched spelling
  // (http/uri.h) and has no query.
  Match find(std::string_view host, std::string_view path) const;

 private:
  Table(HostIndex hosts, std::vector<PathTrie> paths);

  HostIndex hosts_;
  std::vector<PathTrie> paths_;  // by the number of the host pattern
};

}  // namespace sluice::route
