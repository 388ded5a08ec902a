// SPDX-License-Identifier: MIT
// The page that lists a directory ("files": {"listing": true}): its files and directories by name,
// without what is hidden and links that lead out of the root. Reads the directory, so it blocks as
// reading a file does.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "proxy/handlers/file_lookup.h"

namespace sluice::handlers {

// What stands behind them in a directory is not listed, and the page says so.
inline constexpr std::size_t kListedMax = 10'000;

// `directory`: which `lookup` has found. `path`: of the URL, as its heading. HTML; nothing where
// the directory cannot be read.
std::optional<std::string> directory_listing(const FileLookup& lookup, FoundFile directory,
                                             std::string_view path);

}  // namespace sluice::handlers
