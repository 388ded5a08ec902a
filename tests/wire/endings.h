// SPDX-License-Identifier: MIT
// What the tests of endings share: the ways to end, the account of what the access log has to say,
// and the sign that lets the backend of a test go on.
#pragma once

#include <algorithm>
#include <catch2/catch.hpp>
#include <condition_variable>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/support/access_log_lines.h"
#include "tests/support/connection.h"
#include "tests/support/metrics.h"
#include "tests/support/process_stats.h"
#include "tests/support/sluice_process.h"

namespace sluice::wire {

enum class Ending { Close, Reset, HalfClose };
inline constexpr Ending kEndings[] = {Ending::Close, Ending::Reset, Ending::HalfClose};
inline constexpr const char* kEndingNames[] = {"close", "reset", "half-close"};
inline const char* name_of(Ending ending) {
  return kEndingNames[static_cast<int>(ending)];
}

// A half-close stays until the peer has ended too.
inline void end(support::Connection& connection, Ending ending) {
  switch (ending) {
    case Ending::Close:
      return connection.close();
    case Ending::Reset:
      return connection.reset();
    case Ending::HalfClose:
      connection.half_close();
      connection.recv_to_close();
      return;
  }
}

// Every "$" of a script replaced.
inline std::string with_target(std::string text, std::string_view target) {
  for (std::size_t at = text.find('$'); at != std::string::npos; at = text.find('$', at)) {
    text.replace(at, 1, target);
    at += target.size();
  }
  return text;
}

// The proxy has nothing open any more but what it had at the start.
inline void wait_for_descriptors(const support::SluiceProcess& sluice, std::size_t expected) {
  const support::Deadline deadline;
  while (support::descriptor_count(sluice.process_id()) > expected) {
    if (deadline.expired()) throw support::Failure("descriptors leak");
  }
}

// Nothing is open or in flight any more, and the metrics say so: what was begun has ended, and has
// been counted once.
inline void check_at_rest(const support::SluiceProcess& sluice, std::size_t descriptors) {
  CHECK_NOTHROW(wait_for_descriptors(sluice, descriptors));
  CHECK(support::metrics_add_up(sluice, support::AtRest::Yes) == "");
}

// Sends for as long as the peer takes anything; returns once nothing has been taken for a while.
inline void send_until_stuck(support::Connection& connection) {
  const std::string block(64 * 1024, 'b');
  try {
    while (connection.try_send(block, std::chrono::milliseconds(100))) {
    }
  } catch (const support::Failure&) {
  }
}

// Lets a backend's script wait until the test has seen what it wants to see. For several threads.
class Gate {
 public:
  void open() { set(true); }
  void shut() { set(false); }
  // False when it stayed shut for too long.
  bool wait() {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, support::kPatience, [this] { return open_; });
  }

 private:
  void set(bool open) {
    const std::lock_guard lock(mutex_);
    open_ = open;
    changed_.notify_all();
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = false;
};

// What the access log has to say: one line for each exchange that was begun, and no other.
class Ledger {
 public:
  using Outcomes = std::vector<std::string>;

  // Each as LogEntry::outcome() has it, with "$" for the target.
  void expect(const Outcomes& outcomes, std::string_view target) {
    for (const std::string& outcome : outcomes) {
      expected_.push_back(with_target(outcome, target));
    }
  }

  std::size_t size() const { return expected_.size(); }

  // Waits for all lines, and ends the proxy, so that one too many has had its time.
  void check(support::SluiceProcess& sluice) {
    CHECK_NOTHROW(support::wait_for_log_entries(sluice, expected_.size()));
    CHECK(sluice.terminate().code == 0);
    Outcomes seen;
    for (const support::LogEntry& entry : support::log_entries(sluice)) {
      seen.push_back(entry.outcome());
    }
    std::sort(seen.begin(), seen.end());
    std::sort(expected_.begin(), expected_.end());
    Outcomes missing, unexpected;
    std::set_difference(expected_.begin(), expected_.end(), seen.begin(), seen.end(),
                        std::back_inserter(missing));
    std::set_difference(seen.begin(), seen.end(), expected_.begin(), expected_.end(),
                        std::back_inserter(unexpected));
    CHECK(missing == Outcomes());
    CHECK(unexpected == Outcomes());
  }

 private:
  Outcomes expected_;
};

}  // namespace sluice::wire
