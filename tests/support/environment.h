// SPDX-License-Identifier: MIT
// What the test program learns from its environment.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace sluice::support {

// Whether the flavour has a sanitizer that changes what memory and system calls a program uses.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool kSanitized = true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
inline constexpr bool kSanitized = true;
#else
inline constexpr bool kSanitized = false;
#endif
#else
inline constexpr bool kSanitized = false;
#endif

// The path of the sluice binary under test: SLUICE_BINARY. Throws Failure when it is not set, as
// when the test program is started by hand without it.
std::string sluice_binary();
// The path of what is built beside it.
std::string beside_sluice(std::string_view name);

// The path of a program in PATH or in the system's sbin directories, where servers live.
std::optional<std::string> find_program(std::string_view name);

}  // namespace sluice::support
