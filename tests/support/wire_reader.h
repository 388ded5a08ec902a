// SPDX-License-Identifier: MIT
// Reads what was recorded from a connection as messages one behind the other, with http_reader's
// strictness and no code of the product. Throws Failure on bytes that cannot be the beginning of
// what is expected; that the last message is cut is told, not thrown.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tests/support/http_reader.h"

namespace sluice::support {

struct Answers {
  std::vector<Response> complete;  // final ones
  int interims = 0;
  bool cut = false;  // a message has begun behind them and is not whole
};

// The answers to requests with these methods, an empty one standing for a request that was not
// understood. `ended`: no more bytes will come, which completes a body that lasts until then.
// Behind a 101 and a 2xx to CONNECT, all bytes are those of the tunnel, kept as its body.
Answers read_answers(std::string_view bytes, const std::vector<std::string>& methods, bool ended);

struct Requests {
  std::vector<Request> complete;
  bool cut = false;
};
// Behind a CONNECT and a request with Upgrade all may be a tunnel, and is not read.
Requests read_requests(std::string_view bytes);

}  // namespace sluice::support
