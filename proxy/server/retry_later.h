// SPDX-License-Identifier: MIT
// When a change, of the guard's lists or of a name's addresses, is tried again that could not be
// taken yet, perhaps for something else that is wrong. A value: the time is passed in.
#pragma once

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>

#include "proxy/net/timer.h"

namespace sluice::server {

class RetryLater {
 public:
  bool is_due(net::TimePoint now) const { return now >= due_; }

  // It failed now, by this error. False where that is what was said already.
  bool failed(std::string error, net::TimePoint now) {
    constexpr std::chrono::seconds kDelayMax{60};
    due_ = now + delay_;
    delay_ = std::min(2 * delay_, kDelayMax);
    const bool is_news = error != said_;
    said_ = std::move(error);
    return is_news;
  }

 private:
  std::string said_;
  net::TimePoint due_ = net::TimePoint::max();
  std::chrono::seconds delay_{1};  // twice as long each time: files to read may be large
};

}  // namespace sluice::server
