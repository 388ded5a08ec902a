// SPDX-License-Identifier: MIT
// AccessLog: one line for every exchange that has ended, into its worker's ring. No system call, no
// allocation, no wait.
//
// One per worker, used by that worker alone; borrows the ring. A reload that changes the format
// replaces it: the ring stays. The time of a line is that of the exchange's end, so that lines come
// in order.
#pragma once

#include "conf/config.h"
#include "proxy/exchange/observer.h"
#include "proxy/observe/log_format.h"

namespace sluice::observe {

class LogRing;

// What the log tells of an exchange; the views are the exchange's.
LogRecord log_record_of(const exchange::Exchange& exchange);

class AccessLog final : public exchange::Observer {
 public:
  AccessLog(LogRing& ring, conf::AccessLogFormat format) : ring_(ring), format_(format) {}

  void on_finished(const exchange::Exchange& exchange) override;

 private:
  LogRing& ring_;
  conf::AccessLogFormat format_;
  LogTime time_;
};

}  // namespace sluice::observe
