// SPDX-License-Identifier: MIT
#include "proxy/route/table.h"

#include <utility>

namespace sluice::route {
namespace {

// Reads all of `texts`, which mean "any" if there are none. Empty after a refusal, with `why`.
template <typename Pattern, typename Parse>
std::vector<Pattern> parse_all(std::span<const std::string> texts, const Parse& parse,
                               std::string& why) {
  std::vector<Pattern> patterns;
  if (texts.empty()) patterns.emplace_back();
  for (const std::string& text : texts) {
    std::optional<Pattern> pattern = parse(text, why);
    if (!pattern) return {};
    for (const Pattern& other : patterns) {
      if (other != *pattern) continue;
      why = "\"" + pattern->text() + "\" stands here twice";
      return {};
    }
    patterns.push_back(std::move(*pattern));
  }
  return patterns;
}

}  // namespace

std::optional<std::string> Table::Builder::add(std::span<const std::string> hosts,
                                               std::span<const std::string> paths,
                                               const Route* route) {
  std::string why;
  const auto host_patterns = parse_all<HostPattern>(hosts, parse_host_pattern, why);
  if (host_patterns.empty()) return why;
  const auto path_patterns = parse_all<PathPattern>(paths, parse_path_pattern, why);
  if (path_patterns.empty()) return why;

  for (const HostPattern& host : host_patterns) {
    const auto known = host_numbers_.find(host.text());
    if (known == host_numbers_.end()) continue;
    for (const PathPattern& path : path_patterns) {
      const auto taken = paths_[known->second].find(path.text());
      if (taken == paths_[known->second].end()) continue;
      return "host \"" + host.text() + "\" with path \"" + path.text() + "\" already leads to \"" +
             taken->second.second->name + "\"";
    }
  }

  for (const HostPattern& host : host_patterns) {
    const auto [number, is_new] = host_numbers_.emplace(host.text(), hosts_.size());
    if (is_new) {
      hosts_.push_back(host);
      paths_.emplace_back();
    }
    for (const PathPattern& path : path_patterns) {
      paths_[number->second].emplace(path.text(), PathTrie::Entry(path, route));
    }
  }
  return std::nullopt;
}

Table Table::Builder::build() {
  std::vector<PathTrie> tries;
  tries.reserve(paths_.size());
  for (const auto& paths : paths_) {
    std::vector<PathTrie::Entry> entries;
    entries.reserve(paths.size());
    for (const auto& [text, entry] : paths) entries.push_back(entry);
    tries.emplace_back(std::move(entries));
  }
  Table table{HostIndex(hosts_), std::move(tries)};
  *this = Builder();
  return table;
}

Table::Table(HostIndex hosts, std::vector<PathTrie> paths)
    : hosts_(std::move(hosts)), paths_(std::move(paths)) {}

Match Table::find(std::string_view host, std::string_view path) const {
  Match match;
  hosts_.visit(host, [this, path, &match](std::uint32_t number) {
    match = paths_[number].find(path);
    return static_cast<bool>(match);
  });
  return match;
}

}  // namespace sluice::route
