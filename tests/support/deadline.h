// SPDX-License-Identifier: MIT
// The end of one wait, and the error of a wait that came to nothing.
//
// Deadlines bound how long a broken product can hold up the tests; no test may depend on their
// length. A helper takes one as its last argument, so that `{}` or nothing means kPatience from the
// call on.
#pragma once

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <stdexcept>
#include <string>
#include <system_error>

namespace sluice::support {

inline constexpr std::chrono::milliseconds kPatience{20'000};

// A helper could not do what the test asked of it; what() says what was awaited and what there was.
class Failure : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// What an errno means.
inline std::string errno_text(int error = errno) {
  return std::generic_category().message(error);
}

class Deadline {
 public:
  using Clock = std::chrono::steady_clock;

  Deadline() : Deadline(kPatience) {}
  Deadline(std::chrono::milliseconds from_now)  // NOLINT: implicit, so that `5s` can be passed
      : end_(Clock::now() + from_now) {}

  Clock::time_point end() const { return end_; }
  bool expired() const { return Clock::now() >= end_; }

  // For poll(2): milliseconds left, rounded up, 0 when expired.
  int poll_ms() const {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(end_ - Clock::now()).count();
    return static_cast<int>(std::clamp<decltype(left)>(left, 0, 3'600'000));
  }

 private:
  Clock::time_point end_;
};

}  // namespace sluice::support
