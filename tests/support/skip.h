// SPDX-License-Identifier: MIT
// Leaving a test case that cannot run on this machine.
#pragma once

#include <string_view>

namespace sluice::support {

// What the test program looks for in the message of a SUCCEED to count its case as skipped.
inline constexpr std::string_view kSkipMark = "skipped: ";

// Ends the running test case, which then counts as skipped unless an assertion of it failed. Only
// for what this machine lacks (a kernel feature, a peer that cannot be installed), never for what
// the product lacks. Call it from the thread that runs the test case.
[[noreturn]] void skip(std::string_view why);

}  // namespace sluice::support
