// SPDX-License-Identifier: MIT
// Targeted cache control (RFC 9213): a field such as CDN-Cache-Control, which speaks to caches like
// this one and is a dictionary of Structured Fields (RFC 8941 3.2). What does not parse is ignored
// as a whole, and Cache-Control counts instead; of that, what can be read does, and what cannot
// forbids to store. Nothing allocates.
#pragma once

#include <span>
#include <string_view>

#include "cache/cache_control.h"

namespace sluice::cache {

// Reads the lines of the field, which are one dictionary, into `out`. False, and `out` is as it
// was, when they are to be ignored: empty, no dictionary, or a number of seconds that is no
// integer. Of a directive that stands twice the last counts (RFC 8941 3.2), and "no-store=?0" says
// nothing.
bool read_targeted_control(std::span<const std::string_view> field_values, ResponseControl& out);

}  // namespace sluice::cache
