// SPDX-License-Identifier: MIT
// The page that lists a directory ("files": {"listing": true}): its files and directories by name,
// without what is hidden and links that lead out of the root. Reads the directory, so it blocks as
// reading a file does: for some milliseconds, however large the directory is.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "proxy/handlers/file_lookup.h"

namespace sluice::handlers {

// Of a directory so many entries are read, hidden ones, too, and so many of them looked at, whether
// they are listed or not. What stands behind them is not listed, and the page says so.
inline constexpr std::size_t kReadMax = 10'000;
inline constexpr std::size_t kLookedAtMax = 1'000;

// `directory`: which `lookup` has found. `path`: of the URL, as its heading. HTML; nothing where
// the directory cannot be read.
std::optional<std::string> directory_listing(const FileLookup& lookup, FoundFile directory,
                                             std::string_view path);

}  // namespace sluice::handlers
