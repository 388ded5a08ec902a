// SPDX-License-Identifier: MIT
#include "conf/suggest.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>

#include "conf/letters.h"
#include "conf/path.h"

namespace sluice::conf {
namespace {

constexpr std::size_t kLongestWord = 64;  // longer ones are no slips, and the table is quadratic
constexpr std::size_t kListedAtMost = 24;

// Optimal string alignment distance, ignoring letter case.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before_last(b.size() + 1);
  std::vector<std::size_t> last(b.size() + 1);
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const char x = lower(a[i - 1]);
      const char y = lower(b[j - 1]);
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (x == y ? 0U : 1U)});
      if (i > 1 && j > 1 && x == lower(b[j - 2]) && lower(a[i - 2]) == y) {
        row[j] = std::min(row[j], before_last[j - 2] + 1);
      }
    }
    before_last.swap(last);
    last.swap(row);
  }
  return last[b.size()];
}

}  // namespace

std::string_view nearest(std::string_view word, const std::vector<std::string_view>& candidates) {
  if (word.empty() || word.size() > kLongestWord) return {};
  std::string_view best;
  std::size_t best_distance = std::max<std::size_t>(1, word.size() / 3) + 1;
  for (const std::string_view candidate : candidates) {
    if (candidate.empty() || candidate == word || candidate.size() > kLongestWord) continue;
    const std::size_t d = distance(word, candidate);
    // One changed letter in a word of two says nothing.
    if (d < best_distance && d < std::max(word.size(), candidate.size())) {
      best = candidate;
      best_distance = d;
    }
  }
  return best;
}

std::string did_you_mean(std::string_view word, const std::vector<std::string_view>& candidates) {
  const std::string_view best = nearest(word, candidates);
  return best.empty() ? std::string() : fmt::format("did you mean {}?", in_quotes(best));
}

std::string listed(const std::vector<std::string_view>& words) {
  std::string out;
  const std::size_t shown = std::min(words.size(), kListedAtMost);
  for (std::size_t i = 0; i < shown; ++i) {
    if (i > 0) out += ", ";
    out += in_quotes(words[i]);
  }
  if (shown < words.size()) out += fmt::format(" and {} more", words.size() - shown);
  return out;
}

}  // namespace sluice::conf
