// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

namespace sluice::wire {

// A cache that keeps little things only: what is larger than that outgrows it.
inline constexpr std::string_view kLittle = R"("max_object": "4KiB")";

}  // namespace sluice::wire
