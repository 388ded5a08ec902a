// SPDX-License-Identifier: MIT
// What the kernel says of a running process.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <string_view>

namespace sluice::support {

// A figure of /proc/PID/status, in KiB: "VmRSS", resident memory, or "VmHWM", its peak. Throws
// Failure when there is none.
std::size_t status_kib(pid_t process, std::string_view name);

// Open file descriptors.
std::size_t descriptor_count(pid_t process);

}  // namespace sluice::support
