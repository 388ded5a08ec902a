// SPDX-License-Identifier: MIT
// Files that a configuration names.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace sluice::conf {

// Why `path` cannot be read as a file, or nothing.
std::optional<std::string> unreadable(const std::string& path);

// What an entry of access.allow or access.deny begins with that names a file.
inline constexpr std::string_view kListFile = "file:";

}  // namespace sluice::conf
