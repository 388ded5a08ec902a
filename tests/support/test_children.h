// SPDX-License-Identifier: MIT
// The processes that run the tests, as the one that watches them sees them.
#pragma once

#include <signal.h>
#include <sys/types.h>

#include <atomic>
#include <cstddef>
#include <functional>
#include <span>

namespace sluice::support {

// Lies in memory shared between the two processes: the child writes, the parent reads.
struct Progress {
  std::atomic<bool> started{false};
  std::atomic<bool> finished{false};
  std::atomic<bool> in_case{false};
  std::atomic<int> passed{0};
  std::atomic<int> failed{0};
  std::atomic<int> skipped{0};
  char name[240] = {};  // of the test case that runs

  int done() const { return passed + failed + skipped; }
};

// Which of the tests: of each `count` that follow one another, that at `index`.
struct Part {
  std::size_t index = 0;
  std::size_t count = 1;
};

// Runs a part of the tests and notes how far it is; returns the exit code.
using RunPart = std::function<int(Part, Progress&)>;

class TestChild {
 public:
  TestChild(Part part, Progress& progress) : part_(part), progress_(progress) {}

  // In a process of its own, with the signals of `mask` blocked. False, with errno, if there is
  // none.
  bool start(const RunPart& run, const sigset_t& mask);
  // In this one, for a debugger.
  void run_here(const RunPart& run);

  // Once a second, and when a child has ended: whether it was this one. One that stays on a test
  // case for `limit` seconds is aborted, so that Catch2 names it and its last assertion, and then
  // killed. 0: never.
  void look(int limit);
  bool ended() const { return ended_; }

  // Behind the end: what it printed, and how it ended if that was not by its own free will, which
  // counts as a failure.
  void print_output() const;
  void judge_end();
  int exit_code() const;  // below zero: died of a signal
  const Progress& progress() const { return progress_; }

 private:
  bool ended_well() const;

  Part part_;
  Progress& progress_;
  pid_t pid_ = 0;
  int output_ = -1;  // a file in memory, so that what several print is not mixed; below zero: none
  int status_ = 0;   // as wait(2) has it
  bool ended_ = false;
  int done_before_ = -1;
  int idle_seconds_ = 0;
};

// Starts all of them and watches them to their end. False if that was not possible.
bool run_watched(std::span<TestChild> children, const RunPart& run, int limit);

// Prints the reports and, as the last line, the sum. Returns the exit code of the program: 0 only
// when at least one test case ran and none failed.
int summarise(std::span<TestChild> children);

}  // namespace sluice::support
