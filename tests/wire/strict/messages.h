// SPDX-License-Identifier: MIT
// Messages of the strictness tables as text: read off a connection byte for byte, and with what
// differs from run to run replaced once it has been judged.
#pragma once

#include <ctime>
#include <string>
#include <string_view>

#include "tests/support/connection.h"

namespace sluice::wire {

// The next request or response with its body, as it came. Only the borders between the chunks of a
// body, which are nobody's promise, are not kept: its payload is shown as one chunk. Throws Failure
// on what RFC 9112 forbids a sender, and when the stream ends within the message.
std::string take_request(support::Connection& from);
// With the interim responses before it. `to_head`: it answers HEAD, so it has no body.
std::string take_response(support::Connection& from, bool to_head);

// The request's own answer of the tables' backend, and what the client gets of it.
inline constexpr std::string_view kOk = "HTTP/1.1 200 OK\r\nDate: 1\r\nContent-Length: 2\r\n\r\nok";
inline constexpr std::string_view kOkHead =
    "HTTP/1.1 200 OK\r\nDate: 1\r\nContent-Length: 2\r\n\r\n";
inline constexpr std::string_view kOkClose =
    "HTTP/1.1 200 OK\r\nDate: 1\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok";
inline constexpr std::string_view kOkKeep =
    "HTTP/1.1 200 OK\r\nDate: 1\r\nContent-Length: 2\r\nConnection: keep-alive\r\n\r\nok";

std::string many(std::size_t count, std::string_view text);

// The proxy's own answer: its whole text, with {date} and {id}. `word` as in the access log.
// `closes`: the connection ends behind it.
std::string error_page(int status, std::string_view word, bool closes);

// Replaces a Date within [since, now] by {date}, and a well-formed request id by {id}, which it
// appends to `ids`.
std::string pin(std::string text, std::time_t since, std::string& ids);

}  // namespace sluice::wire
