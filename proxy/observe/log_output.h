// SPDX-License-Identifier: MIT
// LogOutput: where the lines of the access log go: a file, or a descriptor the process was started
// with. A write never blocks on a reader: a pipe, a terminal or a socket that takes nothing answers
// EAGAIN, without O_NONBLOCK being forced upon descriptors that other processes share.
//
// Movable; owns its descriptor; used by one thread at a time. No signal is masked here: a reader
// that went away raises SIGPIPE in a thread that does not block it.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <string>

#include "conf/result.h"
#include "proxy/observe/log_ring.h"

namespace sluice::observe {

class LogOutput {
 public:
  // "stdout", "stderr", or the path of a file, which is created, readable by its group, and only
  // ever appended to.
  static Result<LogOutput> open(const std::string& path);

  // A descriptor of ours, duplicated; `name` is for messages.
  static Result<LogOutput> inherit(int fd, const std::string& name);

  LogOutput(LogOutput&& other) noexcept;
  LogOutput& operator=(LogOutput&& other) noexcept;
  ~LogOutput();

  // Like writev(2): how many bytes were taken, or -1 with errno.
  ssize_t write(const LogBytes& bytes) const;

  // What should be written at once: on a pipe as much as POSIX lets no other writer interrupt.
  std::size_t batch_bytes_max() const;

  // To be waited for after EAGAIN.
  int fd() const { return fd_; }
  const std::string& name() const { return name_; }

 private:
  enum class Kind {
    File,      // is always ready
    Stream,    // of our own opening, non-blocking
    Socket,    // is told with each call not to block
    Borrowed,  // shared and blocking: is asked before each write
  };

  LogOutput(int fd, Kind kind, std::string name);

  int fd_;
  Kind kind_;
  std::string name_;
};

// "stdout" or "stderr": nothing that could be moved away and opened anew.
bool is_standard_stream(const std::string& path);

}  // namespace sluice::observe
