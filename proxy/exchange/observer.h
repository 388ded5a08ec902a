// SPDX-License-Identifier: MIT
// Observer: hears of every exchange once, when it has ended, however it ended (the access log,
// the metrics). One per worker; must not block and should not allocate.
#pragma once

namespace sluice::exchange {

class Exchange;

class Observer {
 public:
  virtual ~Observer() = default;
  virtual void on_finished(const Exchange& exchange) = 0;
};

}  // namespace sluice::exchange
