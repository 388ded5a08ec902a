// SPDX-License-Identifier: MIT
// Complaints: whether it is time for another line in the error log about what may happen many times
// a second. Single-threaded.
#pragma once

#include <chrono>

#include "proxy/net/timer.h"

namespace sluice::exchange {

class Complaints {
 public:
  bool may_complain(net::TimePoint now) {
    if (now < next_) return false;
    next_ = now + kEvery;
    return true;
  }

 private:
  static constexpr std::chrono::seconds kEvery{10};

  net::TimePoint next_{};
};

}  // namespace sluice::exchange
