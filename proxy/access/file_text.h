// SPDX-License-Identifier: MIT
// The text of a file that an operator keeps beside the configuration: lists, the jail. Blocking,
// so for the control thread only.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "conf/result.h"

namespace sluice::access {

// Differs when another file was put in the place of the first, or the file was written to. (The
// time is that of the last change of any kind, which nobody sets by hand.)
struct FileStamp {
  friend bool operator==(const FileStamp&, const FileStamp&) = default;

  dev_t device = 0;
  ino_t inode = 0;
  off_t size = 0;
  std::int64_t changed_ns = 0;
};

// nullopt when there is no such file, or it cannot be looked at.
std::optional<FileStamp> stamp_of(const std::string& path);

struct FileText {
  std::string text;
  // From before it was read, so that what is written meanwhile shows the next time.
  FileStamp stamp;
};

// Refuses what is no regular file, cannot be read, or has more than `bytes_max`. A named pipe does
// not make it wait.
Result<FileText> read_text(const std::string& path, std::size_t bytes_max);

// At most 60 bytes of what stands in a file, for a message: all but printable ASCII is escaped, and
// what was cut ends in "...".
std::string quote_for_message(std::string_view text);

}  // namespace sluice::access
