// SPDX-License-Identifier: MIT
#include "conf/check_compress.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include "conf/syntax.h"

namespace sluice::conf {

namespace {

void check_encodings(const std::vector<std::string>& names, const Path& path, Reporter& reporter) {
  constexpr std::array<std::string_view, 3> kNames = {"br", "zstd", "gzip"};
  if (names.empty()) reporter.at(path, {"nothing could be compressed", "leave it out for all"});
  for (std::size_t i = 0; i < names.size(); ++i) {
    const std::string& name = names[i];
    if (std::find(kNames.begin(), kNames.end(), name) == kNames.end()) {
      reporter.at(path.at(i), {fmt::format("{} is no known encoding", in_quotes(name)),
                               "allowed are \"br\", \"zstd\" and \"gzip\""});
      continue;
    }
    const auto first = std::find(names.begin(), names.end(), name) - names.begin();
    if (static_cast<std::size_t>(first) == i) continue;
    reporter.repeated(path.at(i), path.at(static_cast<std::size_t>(first)),
                      fmt::format("{} stands here twice", in_quotes(name)));
  }
}

// Names of RFC 6838 4.2, and one star that stands for some of the part behind the slash.
bool is_media_pattern(std::string_view text) {
  constexpr std::string_view kMarks = "!#$&-^_.+";
  const std::size_t slash = text.find('/');
  if (slash == 0 || slash == std::string_view::npos || slash + 1 == text.size()) return false;
  int stars = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool star = c == '*' && i > slash;
    const bool alike = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (star && ++stars > 1) return false;
    if (i == slash || star || alike) continue;
    if (kMarks.find(c) == std::string_view::npos) return false;
  }
  return true;
}

void check_types(const std::vector<std::string>& types, const Path& path, Reporter& reporter) {
  if (types.empty()) reporter.at(path, {"nothing could be compressed", "leave it out for all"});
  for (std::size_t i = 0; i < types.size(); ++i) {
    if (is_media_pattern(types[i])) continue;
    reporter.at(path.at(i),
                {fmt::format("{} is no media type", in_quotes(types[i])),
                 "as \"text/html\", \"text/*\" or \"application/*+json\", without parameters"});
  }
}

}  // namespace

void check_compress(const Route& route, const Path& route_path, Reporter& reporter) {
  const Path path = route_path.at("compress");
  if (route.redirect) reporter.at_least(path, {"a redirect has no body", {}});
  check_encodings(route.compress->encodings, path.at("encodings"), reporter);
  check_types(route.compress->types, path.at("types"), reporter);
}

}  // namespace sluice::conf
