// SPDX-License-Identifier: MIT
// LoadClient: many keep-alive connections that each send one request, read its whole answer, and
// send the next, until a number of answers has come. Bounded in count and, by its deadline, in
// time.
//
// Single-threaded; run() returns what became of every request. A connection that the server closes
// between two requests is opened anew: that is no failure. One that it closes on an outstanding
// request is.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <string>

#include "tests/support/deadline.h"

namespace sluice::support {

struct LoadOptions {
  int port = 0;
  std::size_t connections = 64;
  std::size_t requests = 0;  // in all
  std::string request = "GET / HTTP/1.1\r\nHost: load.example\r\n\r\n";
  // Called now and then, between events, with the number of answers so far.
  std::function<void(std::size_t)> meanwhile = {};
  Deadline deadline = Deadline(std::chrono::minutes(3));
};

struct LoadResult {
  std::map<int, std::size_t> by_status;
  std::size_t broken = 0;     // requests whose connection ended before a whole answer
  std::size_t malformed = 0;  // answers that are none

  std::size_t answered() const;
};

LoadResult run_load(const LoadOptions& options);

}  // namespace sluice::support
