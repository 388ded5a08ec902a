// SPDX-License-Identifier: MIT
// Heads written again and read once more: what a parser accepts, a writer must be able to say so
// that the next recipient understands the same. For unit tests and fuzzers.
#pragma once

#include <string>
#include <string_view>

#include "proxy/http/message.h"

namespace sluice::support {

// Everything that a parsed head says, as text to compare.
std::string text_of(const http::RequestHead& head);
std::string text_of(const http::ResponseHead& head);

// Parses `bytes` with the default limits, writes what was accepted with http/head_writer, and
// parses that again. Answers what became different, or nothing; nothing, too, when `bytes` is not a
// whole head that is accepted.
std::string request_round_trip(std::string_view bytes);
std::string response_round_trip(std::string_view bytes, http::Method request_method);

}  // namespace sluice::support
