// SPDX-License-Identifier: MIT
// What kind of body a head announces, for who changes or keeps bodies.
#pragma once

#include <string_view>

#include "proxy/http/headers.h"

namespace sluice::http {

// The value of Content-Type without its parameters; empty where there is none.
std::string_view media_type(const Fields& fields);

// Each piece is wanted at once, and there may be no end to it: an event stream, or what is marked
// X-Accel-Buffering: no.
bool is_live(const Fields& fields);

}  // namespace sluice::http
