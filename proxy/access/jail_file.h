// SPDX-License-Identifier: MIT
// The jail in a file, so that a restart does not free everyone: a line each, which a human can read
// and, while the proxy is down, edit.
//
//   sluice jail 1
//   # block reason times-caught since until
//   192.0.2.7 limiter 2 2026-06-01T12:00:00Z 2026-06-01T12:20:00Z
//
// Times are in UTC and whole seconds, `until` rounded up. Blocking, so for the control thread.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "conf/result.h"
#include "proxy/access/jail_rules.h"

namespace sluice::access {

struct JailFile {
  std::vector<Inmate> inmates;
  // What could not be read, as "path:line: ...": the first few, of so many. Nothing here keeps the
  // proxy from starting.
  std::vector<Error> problems;
  std::size_t bad_lines = 0;
  // It cannot be read, or is a file of something else: nobody wants it to be replaced by a jail.
  bool foreign = false;
};

std::string print_jail(std::span<const Inmate> inmates);
// Skips and reports every bad line. `name` is only for the problems.
JailFile parse_jail(const std::string& name, std::string_view text);

// A file that does not exist is an empty jail.
JailFile read_jail(const std::string& path);

// Replaces the file at once, by a new one that is on the disk before (path + ".new"); for its owner
// alone (0600). nullopt when it is done.
std::optional<Error> write_jail(const std::string& path, std::span<const Inmate> inmates);

}  // namespace sluice::access
