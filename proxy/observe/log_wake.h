// SPDX-License-Identifier: MIT
// LogWake: how the rings rouse their writer. The writer looks at the rings by itself every few
// milliseconds while there is traffic, so that a producer makes no system call; only when it has
// seen nothing for a while does it park, and the next line wakes it.
//
// Thread-safe; park(), unpark() and wait() belong to the writer. Owns an eventfd.
#pragma once

#include <atomic>
#include <chrono>

namespace sluice::observe {

class LogWake {
 public:
  LogWake();
  LogWake(const LogWake&) = delete;
  LogWake& operator=(const LogWake&) = delete;
  ~LogWake();

  // False when the process had no descriptor left.
  bool valid() const { return fd_ >= 0; }

  // Ends the writer's wait, or its next one. A system call.
  void rouse() const;

  // After a line was published by a sequentially consistent store. A load, unless the writer is
  // parked.
  void rouse_if_parked() {
    if (parked_.load(std::memory_order_seq_cst) && parked_.exchange(false)) rouse();
  }

  // From here on the next line rouses. The writer looks at the rings once more after this: a line
  // published before was then seen by that look, and one published later sees the mark.
  void park() { parked_.store(true, std::memory_order_seq_cst); }
  void unpark() { parked_.store(false, std::memory_order_relaxed); }

  // Until roused, until `output_fd` (-1: none) takes bytes again, or until the time (negative:
  // none) is over. True if it was roused.
  bool wait(int output_fd, std::chrono::milliseconds at_most);

 private:
  int fd_;
  std::atomic<bool> parked_{false};
};

}  // namespace sluice::observe
