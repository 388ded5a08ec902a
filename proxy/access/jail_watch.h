// SPDX-License-Identifier: MIT
// JailWatch: notes for the jail what a client's requests came to, and says in the log who was put
// away for it. One per worker; borrows all it is given.
#pragma once

#include "proxy/access/guard.h"
#include "proxy/base/log.h"
#include "proxy/exchange/observer.h"

namespace sluice::access {

class JailWatch final : public exchange::Observer {
 public:
  // REQUIRES: there are rules for the jail.
  JailWatch(const GuardRules& rules, const Log& log) : rules_(rules), log_(log) {}

  void on_finished(const exchange::Exchange& exchange) override;

 private:
  void note(const IpAddress& client, Reason reason);

  const GuardRules& rules_;
  const Log& log_;
};

// "203.0.113.9 is put away for 10m: malformed".
void log_inmate(const Log& log, const Inmate& inmate);

}  // namespace sluice::access
