// SPDX-License-Identifier: MIT
// Signals as events of the control loop: those that mean something here arrive through a signalfd,
// so that no code ever runs in a signal handler.
#pragma once

#include "proxy/base/delegate.h"
#include "proxy/base/fd.h"
#include "proxy/net/event_loop.h"
#include "proxy/net/fd_event.h"

namespace sluice::server {

class Signals {
 public:
  // For the calling thread and those that it starts later; call before anything that takes time, as
  // what comes from then on waits for the server. SIGPIPE is ignored for good: a peer that left is
  // an errno here.
  static void block();

  Signals(net::EventLoop& loop, Delegate<void(int)> on_signal);

 private:
  void on_readable(short what);

  Delegate<void(int)> on_signal_;
  Fd fd_;
  net::FdEvent event_;
};

}  // namespace sluice::server
