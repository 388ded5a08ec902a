// SPDX-License-Identifier: MIT
// IoResult: the answer of one non-blocking I/O step on the data plane, encrypted or not. A plain
// value; no strings and no exceptions.
#pragma once

#include <cstddef>
#include <cstdint>

namespace sluice {

enum class IoStatus : std::uint8_t {
  Ok,     // the step was done, `bytes` tells how far
  Again,  // nothing can be done before the next readiness event
  Eof,    // the peer will send nothing more
  Error,  // the connection is of no further use
};

struct IoResult {
  IoStatus status = IoStatus::Ok;
  std::size_t bytes = 0;
  int error = 0;  // errno of an Error; 0 when the system was not the cause
};

}  // namespace sluice
