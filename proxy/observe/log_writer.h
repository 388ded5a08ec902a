// SPDX-License-Identifier: MIT
// LogWriter: the one thread that writes the access log. It owns the rings, one per worker, and the
// output, and moves lines from the ones to the other in batches.
//
// What the output does not take stays in the rings and is tried again; when a ring is full its
// lines are dropped, counted, and reported to the error log in one line every few seconds. Lines of
// different workers are never mixed, and none is torn, except that a file that takes only half a
// line (a full disk) and is then replaced keeps that half.
//
// Threading: ring(i) is pushed to by one thread each; the other methods belong to the thread that
// made the writer; dropped() is for any.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "conf/result.h"
#include "proxy/base/log.h"
#include "proxy/observe/log_output.h"
#include "proxy/observe/log_ring.h"
#include "proxy/observe/log_wake.h"

namespace sluice::observe {

class LogWriter {
 public:
  struct Options {
    std::size_t rings = 1;
    std::size_t ring_bytes = LogRing::kDefaultBytes;  // a power of two
    int idle_rounds_to_park = 50;  // of kTick without a line: after that a line costs a wake-up
  };

  static constexpr std::chrono::milliseconds kTick{20};  // between two looks at the rings
  static constexpr std::chrono::milliseconds kStopPatience{1000};

  // Borrows `log`, the error log. Fails only when the system has no descriptor or thread left.
  static Result<std::unique_ptr<LogWriter>> start(LogOutput output, const Options& options,
                                                  const Log& log);

  LogWriter(const LogWriter&) = delete;
  LogWriter& operator=(const LogWriter&) = delete;
  ~LogWriter() { stop(); }

  // REQUIRES: index < Options::rings. Lives as long as the writer.
  LogRing& ring(std::size_t index) { return *rings_[index]; }

  // Opens the file anew, as after its rotation; every line is in the old one or in the new. On
  // failure, which is answered, the old one stays.
  [[nodiscard]] std::optional<Error> reopen();
  // The same with another path, as after a reload. Nothing happens when it is the same path.
  [[nodiscard]] std::optional<Error> set_output(const std::string& path);

  // Returns when every line pushed before has been written, or refused by the output.
  void flush();

  // Writes what is in the rings, for which a reader has kStopPatience, and ends the thread. Nothing
  // may be pushed any more. May be called again.
  void stop();

  // Lines lost since the start.
  std::uint64_t dropped() const;

 private:
  enum class Drained { Nothing, Something, Blocked, Failed };

  // What other threads have asked for.
  struct Orders {
    std::optional<LogOutput> output;
    std::uint64_t flushes = 0;
    bool stop = false;
  };

  LogWriter(LogOutput output, const Options& options, const Log& log);

  std::optional<Error> begin();
  std::optional<Error> open_next(const std::string& path);

  // The writer's thread.
  void run();
  Orders take_orders();
  void switch_output(LogOutput output);
  Drained drain();
  Drained drain_ring(LogRing& ring);
  Drained note_refusal(int error);
  void skip_line(LogRing& ring);
  void finish();
  void report();
  bool unreported() const;
  void wait_for_more(Drained drained);
  bool all_empty() const;

  const Log& log_;
  const int idle_rounds_to_park_;
  LogWake wake_;
  std::vector<std::unique_ptr<LogRing>> rings_;
  std::string path_;  // of the newest output
  std::thread thread_;
  std::atomic<std::uint64_t> lost_{0};  // beyond what the rings dropped

  std::mutex mutex_;
  std::condition_variable flushed_;
  Orders orders_;                   // guarded by mutex_
  std::uint64_t flushes_done_ = 0;  // guarded by mutex_

  // The writer's thread only.
  LogOutput output_;
  std::size_t next_ring_ = 0;  // where the next write begins
  bool mid_line_ = false;      // the output has only the begin of rings_[next_ring_]'s first line
  int refusal_ = 0;            // errno of the last write, 0 if it went well or must only wait
  int idle_rounds_ = 0;
  int blocked_rounds_ = 0;
  std::uint64_t reported_dropped_ = 0;
  int reported_refusal_ = 0;
  std::chrono::steady_clock::time_point next_report_{};
};

}  // namespace sluice::observe
