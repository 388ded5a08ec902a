// SPDX-License-Identifier: MIT
// The page that lists a directory ("files": {"listing": true}): its files and directories by name,
// without what is hidden. Reads the directory, so it blocks as reading a file does.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "proxy/base/fd.h"

namespace sluice::handlers {

// What stands behind them in a directory is not listed, and the page says so.
inline constexpr std::size_t kListedMax = 10'000;

// `path`: of the URL, as its heading. HTML; nothing where the directory cannot be read.
std::optional<std::string> directory_listing(Fd directory, std::string_view path);

}  // namespace sluice::handlers
