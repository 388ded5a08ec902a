// SPDX-License-Identifier: MIT
// Files that a configuration names.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "conf/result.h"

namespace sluice::conf {

// Why `path` cannot be read as a file, or nothing.
std::optional<std::string> unreadable(const std::string& path);

// The token of an admin listener in the first line of a file, without blanks behind it. Waits for
// it where that is a pipe.
Result<std::string> token_in(const std::string& path);

// What an entry of access.allow or access.deny begins with that names a file.
inline constexpr std::string_view kListFile = "file:";

}  // namespace sluice::conf
