// SPDX-License-Identifier: MIT
// What the test program learns from its environment.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace sluice::support {

// The path of the sluice binary under test: SLUICE_BINARY. Throws Failure when it is not set, as
// when the test program is started by hand without it.
std::string sluice_binary();

// The path of a program in PATH or in the system's sbin directories, where servers live.
std::optional<std::string> find_program(std::string_view name);

}  // namespace sluice::support
