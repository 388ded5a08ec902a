// SPDX-License-Identifier: MIT
// A moment as text: "2026-06-01T12:00:00Z" (RFC 3339, UTC, whole seconds).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "proxy/access/jail_rules.h"

namespace sluice::access {

// Milliseconds are cut off. Years below 0 or above 9999 are printed as the nearest that is not.
std::string print_time(WallTime time);

std::optional<WallTime> parse_time(std::string_view text);

}  // namespace sluice::access
