// SPDX-License-Identifier: MIT
// Reads one HTTP/1 response head of a backend in place, as strictly as requests are read (RFC
// 9112): a response that a client could frame differently than we do is refused. Any thread.
#pragma once

#include <string_view>

#include "proxy/http/message.h"
#include "proxy/http/parse_result.h"

namespace sluice::http {

// Parses the head at the front of `bytes`. `request_method` is that of the request answered: it
// decides whether a body follows (RFC 9112 6.3). An interim response (1xx) is a head of its own
// with body None, and refused if it announces one; the caller parses on behind it. Views and `out`
// as for parse_request_head().
//
// A missing space behind the status code is tolerated, as servers that send no reason often drop it
// and nothing can be read into it.
ParseResult parse_response_head(std::string_view bytes, const HeadLimits& limits,
                                Method request_method, ResponseHead& out);

}  // namespace sluice::http
