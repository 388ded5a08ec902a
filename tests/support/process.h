// SPDX-License-Identifier: MIT
// A program run by a test: its output, its signals, its end.
//
// Two threads of the helper read the output and wait for the end, so the program never blocks on a
// full pipe. The program runs in a process group of its own, which the destructor kills. It also
// dies with the thread that started it; start it from the thread that runs the test case.
#pragma once

#include <sys/types.h>

#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "tests/support/deadline.h"

namespace sluice::support {

struct ExitStatus {
  int code = -1;   // of a program that exited; -1 when a signal ended it
  int signal = 0;  // that ended it; 0: none

  bool operator==(const ExitStatus&) const = default;
};

enum class Stream { Out, Err };

struct ProcessOptions {
  std::vector<std::pair<std::string, std::string>> environment = {};  // added to our own
  std::string directory = {};                                         // to start in; empty: ours
  std::vector<std::string> runner = {};  // a program, and its options, that runs the program
};

// A runner: a shell that first does something else, say `exec 2> /dev/full`.
inline std::vector<std::string> by_shell(const std::string& first) {
  return {"sh", "-c", first + "; exec \"$@\"", "sh"};
}

class Process {
 public:
  // `arguments[0]` is the program, looked up in PATH when it holds no slash. Fails when it cannot
  // be started.
  explicit Process(const std::vector<std::string>& arguments, const ProcessOptions& options = {});
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  pid_t pid() const { return pid_; }

  // All that has been written so far.
  std::string output(Stream stream) const;

  // Waits until `text` has been written at or after byte `from`, and returns the position after it,
  // from which to wait for the next one. Fails at the deadline, or when the program ended without.
  std::size_t wait_for(Stream stream, std::string_view text, std::size_t from = 0,
                       Deadline deadline = {});

  // Does nothing once the program has ended: its number may be another's by then.
  void signal(int number);

  bool running() const;

  // Waits for the end, and for all the output that came before it.
  ExitStatus wait(Deadline deadline = {});

 private:
  void read_output();
  void await_end();
  void fail_waiting(std::string_view text) const;  // REQUIRES: mutex_ held

  pid_t pid_ = -1;
  int pipes_[2] = {-1, -1};  // the ends that we read: its stdout and stderr
  int stop_fd_ = -1;         // tells the reader to go although the pipes are still open

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::string outputs_[2];
  bool output_ended_ = false;
  bool reaped_ = false;
  std::optional<ExitStatus> status_;

  std::thread reader_;
  std::thread waiter_;
};

// Runs a program to its end.
struct Finished {
  ExitStatus status;
  std::string out;
  std::string err;
};
Finished run_program(const std::vector<std::string>& arguments, const ProcessOptions& options = {},
                     Deadline deadline = {});

}  // namespace sluice::support
