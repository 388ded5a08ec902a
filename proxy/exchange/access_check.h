// SPDX-License-Identifier: MIT
// AccessCheck: may refuse a request before its handler hears of it, or have it wait for its turn.
// Of a listener or of a route, made when a Snapshot is compiled, immutable, shared by all workers:
// what a check counts lies elsewhere and outlives it.
#pragma once

#include <chrono>
#include <string_view>

#include "proxy/base/arena.h"
#include "proxy/exchange/failure.h"

namespace sluice::exchange {

class Exchange;

class AccessCheck {
 public:
  struct Verdict {
    Failure failure;                  // none: it may pass
    std::chrono::nanoseconds wait{};  // before it does
    // Of a failure that passes: the value of Retry-After (RFC 9110 10.2.3), which holds as long as
    // the exchange. Such a request pays none of those that were asked before: undo().
    std::string_view retry_after{};
  };

  virtual ~AccessCheck() = default;
  // Called once for an exchange. May add to Exchange::answer_fields(), and hold() what is to be
  // given back when the exchange ends.
  virtual Verdict check(Exchange& exchange) const = 0;
  // It let the request through, and another one refuses it: gives back what it charged, and takes
  // back what it said.
  virtual void undo(Exchange& /*exchange*/) const {}
};

// Something taken for an exchange, in its arena: destroyed when it ends.
class Held {
 public:
  Held() = default;
  Held(const Held&) = delete;
  Held& operator=(const Held&) = delete;
  virtual ~Held() = default;

 private:
  friend class Exchange;

  ArenaPtr<Held> next_;
};

}  // namespace sluice::exchange
