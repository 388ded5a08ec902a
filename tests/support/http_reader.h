// SPDX-License-Identifier: MIT
// Reads HTTP/1 messages for the tests, strictly and with no code of the product, so that a test
// does not trust the parser that it tests. Whatever RFC 9112 forbids a sender is a Failure here.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/support/connection.h"

namespace sluice::support {

using Fields = std::vector<std::pair<std::string, std::string>>;

struct Message {
  std::string start_line;
  Fields fields;     // in order, names as sent, values without the spaces around them
  std::string body;  // without its framing
  Fields trailers;
  bool chunked = false;
  std::size_t chunks = 0;  // data chunks of a chunked body

  // Names are compared without regard to case.
  std::vector<std::string> values(std::string_view name) const;
  bool has(std::string_view name) const { return !values(name).empty(); }
  // The one value of that field; empty when it is absent. Fails when it came twice.
  std::string field(std::string_view name) const;
};

struct Response : Message {
  std::string version;  // "HTTP/1.1"
  int status = 0;
  std::string reason;
  bool until_close = false;  // the body ended with the connection
};

struct Request : Message {
  std::string method;
  std::string target;
  std::string version;
};

enum class ResponseTo { Get, Head, Connect };  // what decides about the body besides the head

// The next response, be it interim (1xx) or final, with its body.
Response read_response(Connection& from, ResponseTo to = ResponseTo::Get, Deadline deadline = {});

// Only the head, as one whose body the test reads itself.
Response read_response_head(Connection& from, Deadline deadline = {});

// The next request with its body; nothing when the peer closed before the first byte of one.
std::optional<Request> read_request(Connection& from, Deadline deadline = {});
std::optional<Request> read_request_head(Connection& from, Deadline deadline = {});

// The body that the fields announce, into `message`; none when they announce none.
void read_body(Connection& from, Message& message, Deadline deadline = {});

// A head as text, from the start line to the empty line. Throws Failure on what is malformed.
Response parse_response_head(std::string_view head);
Request parse_request_head(std::string_view head);

bool equal_ignoring_case(std::string_view a, std::string_view b);

}  // namespace sluice::support
