// SPDX-License-Identifier: MIT
// What commands print. Written at once, and never with an exception: a stderr that is full, closed
// or a pipe that nobody reads must not end a proxy that only wants to say something.
#pragma once

#include <string_view>

namespace sluice {

// False when it could not be written to its end. An answer waits for its reader; an error, which a
// running proxy may have to tell, is given up when there is no room for it in a second.
bool print_out(std::string_view text);
bool print_error(std::string_view text);

}  // namespace sluice
