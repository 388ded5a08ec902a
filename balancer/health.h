// SPDX-License-Identifier: MIT
// Passive health of one backend: nginx's max_fails and fail_timeout, counted over all workers.
//
// A backend that failed max_fails times is ejected: put aside for fail_timeout after its last
// failure. Then one request, the trial, may go to it; no second one within another fail_timeout,
// whatever the number of workers. The trial's success makes the backend whole again, its failure
// puts it aside anew, and a trial that reports neither (its client went away) costs nothing but
// that fail_timeout. The same rule forgets failures short of max_fails: the first request chosen
// fail_timeout after the last failure is a trial too, and its success clears the count.
//
// Threading: lock-free; every method may be called by any thread at any time. The whole state is
// one word, so it is never seen half changed.
// Time: an argument, and may differ between workers by a turn of their loops; a `now` before the
// last stamp counts as no time passed. Resolution is one millisecond.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

namespace sluice::balancer {

using TimePoint = std::chrono::steady_clock::time_point;

// The pool's rule. It belongs to a Snapshot, while Health outlives it: hence an argument.
struct HealthPolicy {
  int max_fails = 1;  // 0: never ejects, and counts nothing
  std::chrono::milliseconds fail_timeout = std::chrono::seconds(10);  // 0: ejects for no time
};

enum class Admission {
  Refused,   // ejected, or another worker took the trial first
  Admitted,  // an ordinary request
  Trial,     // this request, and no other, is the trial
};

class Health {
 public:
  Health() = default;
  Health(const Health&) = delete;
  Health& operator=(const Health&) = delete;

  // Whether admit() could let a request through now. Changes nothing: ask of as many as you like.
  bool eligible(const HealthPolicy& policy, TimePoint now) const noexcept;

  // Call once the backend is really chosen: takes the trial if one is due.
  Admission admit(const HealthPolicy& policy, TimePoint now) noexcept;

  // The request succeeded; `trial` if it was admitted as one. An ordinary success writes nothing.
  // True if the backend was ejected until now.
  bool on_success(const HealthPolicy& policy, bool trial) noexcept;

  // The request failed. True if this failure, and no other, ejected the backend.
  bool on_failure(const HealthPolicy& policy, TimePoint now) noexcept;

 private:
  std::atomic<std::uint64_t> word_{0};  // 0: nothing held against it; layout in health.cc
};

}  // namespace sluice::balancer
