// SPDX-License-Identifier: MIT
// Status codes in words: the IANA registry's, and 499 for the log.
#pragma once

#include <string_view>

namespace sluice::http {

// "Not Found"; empty for a code without a registered phrase.
std::string_view reason_phrase(int status);

// "404 Not Found"; empty for a code without a registered phrase.
std::string_view status_text(int status);

// "HTTP/1.1 404 Not Found\r\n", ready to be copied; empty for a code without a registered phrase.
std::string_view status_line(int status);

}  // namespace sluice::http
