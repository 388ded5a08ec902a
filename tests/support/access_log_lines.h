// SPDX-License-Identifier: MIT
// The access log of a SluiceProcess, read line by line: JSON on stdout.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "tests/support/deadline.h"
#include "tests/support/sluice_process.h"

namespace sluice::support {

struct LogEntry {
  std::string method;
  std::string target;  // empty: there was no head to speak of
  int status = 0;
  std::string end;

  // "TARGET STATUS END", with "-" for no target.
  std::string outcome() const;
};

// All complete lines so far, but those of the admin listener.
std::vector<LogEntry> log_entries(const SluiceProcess& sluice);

// Waits until there are that many lines.
std::vector<LogEntry> wait_for_log_entries(SluiceProcess& sluice, std::size_t count,
                                           Deadline deadline = {});

}  // namespace sluice::support
