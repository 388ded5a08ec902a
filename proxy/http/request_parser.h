// SPDX-License-Identifier: MIT
// Reads one HTTP/1 request head in place (RFC 9112), strictly: whatever two recipients could
// understand differently is refused, never repaired. Stateless, one pass, no allocation once
// out.fields has grown. Any thread.
#pragma once

#include <cstddef>
#include <string_view>

#include "proxy/http/message.h"
#include "proxy/http/parse_result.h"

namespace sluice::http {

// Parses the head at the front of `bytes`; up to four empty lines before it are skipped (RFC 9112
// 2.2) and counted in `consumed`. Done: `out` is complete, its views point into `bytes`, and
// framing, persistence, host and expectation are judged. NeedMore: no limit is passed, no fault
// seen. `out` means something only with Done.
ParseResult parse_request_head(std::string_view bytes, const HeadLimits& limits, RequestHead& out);

// Whether nothing stands there but such lines and perhaps the half of one: no request has begun.
bool only_empty_lines(std::string_view bytes);

inline constexpr std::size_t kNoHeadEnd = std::string_view::npos;

// Where the head in `bytes` ends (one past its empty line), or kNoHeadEnd; for heads that arrive in
// pieces, so that they are parsed once, when complete. `from` is how many bytes an earlier call has
// seen. A bare LF counts as an end: the parser will refuse it. A caller that gets kNoHeadEnd still
// has to refuse a head larger than its limits, by calling the parser once bytes.size() exceeds one.
std::size_t find_head_end(std::string_view bytes, std::size_t from);

}  // namespace sluice::http
