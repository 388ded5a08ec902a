// SPDX-License-Identifier: MIT
// Host and path patterns, and the table made of them. The input is lines: "HOST PATH" adds a rule,
// "?HOST PATH" asks; the answer is compared with a search through all rules.
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "conf/syntax.h"
#include "proxy/http/chars.h"
#include "proxy/http/headers.h"
#include "proxy/http/uri.h"
#include "proxy/route/pattern.h"
#include "proxy/route/table.h"
#include "tests/fuzz/must.h"
#include "tests/fuzz/targets.h"

namespace sluice::fuzz {
namespace {

using route::HostPattern;
using route::PathPattern;

constexpr std::size_t kRulesMax = 32;

struct Rule {
  HostPattern host;
  PathPattern path;
  const route::Route* route;
};

std::string lower(std::string_view text) {
  std::string out;
  for (const char c : text) out += http::to_lower(c);
  return out;
}

// How closely a pattern fits; nothing if it does not. More is better.
std::optional<std::size_t> host_fit(const HostPattern& pattern, std::string_view host) {
  std::string name = lower(host);
  if (name.size() > 1 && name.back() == '.') name.pop_back();
  switch (pattern.kind) {
    case HostPattern::Kind::Any:
      return 0;
    case HostPattern::Kind::Below:
      if (name.size() > pattern.name.size() && name.ends_with(pattern.name)) {
        return pattern.name.size();
      }
      return std::nullopt;
    case HostPattern::Kind::Exact:
      break;
  }
  if (name == pattern.name) return std::string::npos;
  return std::nullopt;
}

// Length first, then exact before prefix.
std::optional<std::pair<std::size_t, bool>> path_fit(const PathPattern& pattern,
                                                     std::string_view path) {
  const bool fits = pattern.exact ? path == pattern.path
                                  : path == pattern.path || path.starts_with(pattern.path + "/") ||
                                        pattern.path.empty();
  if (!fits) return std::nullopt;
  return std::pair(pattern.path.size(), pattern.exact);
}

const Rule* search(const std::deque<Rule>& rules, std::string_view host, std::string_view path) {
  const Rule* best = nullptr;
  std::tuple<std::size_t, std::size_t, bool> best_fit;
  for (const Rule& rule : rules) {
    const auto of_host = host_fit(rule.host, host);
    const auto of_path = path_fit(rule.path, path);
    if (!of_host || !of_path) continue;
    const std::tuple fit(*of_host, of_path->first, of_path->second);
    if (best != nullptr && fit <= best_fit) continue;
    best = &rule;
    best_fit = fit;
  }
  return best;
}

// What is read is printed so that it reads as the same pattern; what conf/ lets through is one.
void check_patterns(std::string_view host, std::string_view path) {
  std::string why;
  if (const auto pattern = route::parse_host_pattern(host, why)) {
    MUST(route::parse_host_pattern(pattern->text(), why) == pattern);
  } else {
    MUST(!why.empty() && conf::host_pattern_fault(host).has_value());
  }
  why.clear();
  if (const auto pattern = route::parse_path_pattern(path, why)) {
    MUST(route::parse_path_pattern(pattern->text(), why) == pattern);
  } else {
    MUST(!why.empty() && conf::path_pattern_fault(path).has_value());
  }
}

class Rules {
 public:
  void add(std::string_view host, std::string_view path) {
    if (rules_.size() == kRulesMax) return;
    std::string why;
    const auto host_pattern = route::parse_host_pattern(host, why);
    const auto path_pattern = route::parse_path_pattern(path, why);
    bool is_new = true;
    for (const Rule& rule : rules_) {
      is_new = is_new && !(rule.host == host_pattern && rule.path == path_pattern);
    }
    const std::vector<std::string> hosts{std::string(host)};
    const std::vector<std::string> paths{std::string(path)};
    route::Route& added = routes_.emplace_back();
    const auto problem = builder_.add(hosts, paths, &added);
    MUST(problem.has_value() == !(host_pattern && path_pattern && is_new));
    MUST(!problem || !problem->empty());
    if (!problem) rules_.push_back({*host_pattern, *path_pattern, &added});
  }

  void build() { table_ = builder_.build(); }

  void ask(std::string_view host, std::string_view path) const {
    const route::Match match = table_.find(host, path);
    const Rule* expected = search(rules_, host, path);
    MUST(match.route == (expected != nullptr ? expected->route : nullptr));
    if (expected == nullptr) return;
    MUST(match.prefix_length == expected->path.path.size());
    MUST(match.exact == expected->path.exact);
    MUST(match.prefix_length <= path.size());
    const auto rewritten = route::rewrite_path({"", "/new"}, path, match.prefix_length).text();
    MUST(!path.starts_with('/') || rewritten.starts_with('/'));
  }

 private:
  std::deque<Rule> rules_;
  std::deque<route::Route> routes_;
  route::Table::Builder builder_;
  route::Table table_;
};

template <typename Visit>
void for_each_line(std::string_view text, Visit visit) {
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    const std::size_t space = std::min(line.find(' '), line.size());
    visit(line.substr(0, space), line.substr(std::min(space + 1, line.size())));
  }
}

}  // namespace

void route(std::string_view bytes) {
  Rules rules;
  for_each_line(bytes, [&rules](std::string_view host, std::string_view path) {
    check_patterns(host, path);
    if (!host.starts_with('?')) rules.add(host, path);
  });
  rules.build();
  for_each_line(bytes, [&rules](std::string_view host, std::string_view path) {
    if (host.starts_with('?')) host.remove_prefix(1);
    // Hosts as the request parser lets them through, paths in their normal spelling.
    const auto authority = http::parse_authority(host);
    const bool is_host = host.empty() || (authority && !authority->port);
    std::string normal(path.size(), '\0');
    const auto size = http::normalise_path(path, normal.data());
    if (is_host && size) rules.ask(host, normal.substr(0, *size));
  });
}

}  // namespace sluice::fuzz
