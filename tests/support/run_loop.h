// SPDX-License-Identifier: MIT
// Turning an EventLoop until what a test waits for has happened.
#pragma once

#include "proxy/net/event_loop.h"
#include "tests/support/deadline.h"

namespace sluice::support {

// Runs turns until `condition` holds, which is asked before each. Throws Failure at the deadline:
// a turn never waits longer than a tick, so it is noticed in time.
template <typename Condition>
void run_until(net::EventLoop& loop, Condition condition, Deadline deadline = {}) {
  while (!condition()) {
    if (deadline.expired()) throw Failure("the loop ran until the deadline, in vain");
    loop.turn();
  }
}

// Runs so many turns, each of which waits for an event, at most until the next tick. For showing
// that something does not happen: first run_until() what would come after it.
inline void run_turns(net::EventLoop& loop, int turns) {
  for (int i = 0; i < turns; ++i) loop.turn();
}

}  // namespace sluice::support
