// SPDX-License-Identifier: MIT
// Writes heads into memory of the caller, in one pass and without allocation. The writer alone
// decides about framing and persistence: whatever Content-Length, Transfer-Encoding, Connection,
// Keep-Alive or Proxy-Connection the fields hold is left out, and what BodyFraming and
// ConnectionField say is written. The version is always HTTP/1.1, as RFC 9110 2.5 has it for a
// gateway's own messages.
//
// Nothing is checked on the way: names, values, reasons and targets come from the parsers, from
// configuration checked with is_token() and is_field_value(), or from code. None of them can hold
// CR or LF, so none can begin a line of its own.
#pragma once

#include <cstddef>
#include <string_view>

#include "proxy/http/message.h"

namespace sluice::http {

enum class ConnectionField : unsigned char {
  None,       // HTTP/1.1's default: the connection lives on
  Close,      // "close"
  KeepAlive,  // "keep-alive", which HTTP/1.0 clients wait for
  Upgrade,    // "upgrade"; only then is the Upgrade field written
};

// At least as many bytes as write_request_head() will write.
std::size_t request_head_bound(std::string_view method, std::string_view target,
                               const Fields& fields);
std::size_t request_head_bound(const RequestHead& head, std::string_view target);

// Returns one past the last byte written. A target that begins with '?' gets its '/'. REQUIRES:
// room for request_head_bound(). kind None writes no framing at all: for a POST without a body say
// {Length, 0}. UntilClose is no framing for a request.
char* write_request_head(char* out, std::string_view method, std::string_view target,
                         const Fields& fields, BodyFraming body,
                         ConnectionField connection = ConnectionField::None);

// At least as many bytes as write_response_head() will write.
std::size_t response_head_bound(std::string_view reason, const Fields& fields);

// An empty reason becomes the registered one. 1xx and 204 get no framing, whatever `body` says.
// kind None is for messages without a body by rule (answers to HEAD, 204, 304), and is announced if
// body.announced; an empty body of any other message is {Length, 0}. UntilClose writes no framing:
// say ConnectionField::Close with it. REQUIRES: room for response_head_bound(); status 100..999.
char* write_response_head(char* out, int status, std::string_view reason, const Fields& fields,
                          BodyFraming body, ConnectionField connection);

// The trailer section behind kLastChunk, with its empty line. Fields that may not be there
// (allowed_in_trailers()) are left out.
std::size_t trailers_bound(const Fields& trailers);
char* write_trailers(char* out, const Fields& trailers);

}  // namespace sluice::http
