// SPDX-License-Identifier: MIT
// The version of Sluice, said here alone.
#pragma once

#include <string_view>

namespace sluice {

inline constexpr std::string_view kVersion = "0.1.0";

}  // namespace sluice
