// SPDX-License-Identifier: MIT
// What the tests of costs count by: heap allocations and system calls of the workers. No clock.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <cstdint>
#include <map>
#include <set>
#include <string>

#include "tests/support/process.h"
#include "tests/support/scripted_backend.h"
#include "tests/support/sluice_process.h"
#include "tests/support/temp_dir.h"

namespace sluice::wire {

inline constexpr int kWarmUp = 300;
inline constexpr int kRequests = 1000;

// One after the other; a Failure unless each is answered with that status.
void send_requests(support::RawClient& client, int count, int status = 200);

// An answer of 1 KiB that may be kept.
support::ScriptedBackend::Script cacheable();

// The page that count_allocations.so counts in.
class AllocationCount {
 public:
  AllocationCount();
  ~AllocationCount();
  AllocationCount(const AllocationCount&) = delete;
  AllocationCount& operator=(const AllocationCount&) = delete;

  // To start the process with.
  support::ProcessOptions options() const;

  void start() { words_[0] = 1; }
  // All that were counted so far. A Failure where the counter has never seen one of a worker, who
  // cannot have started without.
  std::uint64_t stop();

 private:
  support::TempDir directory_;
  std::string path_;
  std::atomic<std::uint64_t>* words_;
};

// Of requests on a connection that has had others before.
void check_no_allocation(AllocationCount& count, support::RawClient& client, int status = 200);

// System calls by name ("send" for sendto and sendmsg), of all workers of a process, between its
// construction and finish(). What other threads do (the writer of the log, who waits for signals)
// is no request's.
class SystemCalls {
 public:
  explicit SystemCalls(pid_t pid);

  std::map<std::string, int> finish();

 private:
  support::TempDir directory_;
  std::string path_;
  std::set<std::string> workers_;  // their numbers
  support::Process strace_;
};

void skip_unless_traced();

// Those of kRequests requests by a client, once all is warm.
std::map<std::string, int> calls_of(support::SluiceProcess& sluice, support::RawClient& client,
                                    int status = 200);

// Nothing else on the way, but for waiting; and of each other call fewer than one for a hundred
// requests.
void check_only_expected(const std::map<std::string, int>& calls);

}  // namespace sluice::wire
