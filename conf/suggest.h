// SPDX-License-Identifier: MIT
// "Did you mean ...?": the nearest of the words that would have been right.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sluice::conf {

// The candidate with the fewest insertions, deletions, replacements and swaps of neighbours between
// it and `word` (letter case counts little), or empty when none is near enough to be a slip.
std::string_view nearest(std::string_view word, const std::vector<std::string_view>& candidates);

// `did you mean "..."?`, or empty when nothing is near.
std::string did_you_mean(std::string_view word, const std::vector<std::string_view>& candidates);

// `"a", "b", "c"`, shortened with "and N more" when there are many.
std::string listed(const std::vector<std::string_view>& words);

}  // namespace sluice::conf
