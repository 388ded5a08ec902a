// SPDX-License-Identifier: MIT
// FdEvent: a descriptor's readiness on an EventLoop, registered once and kept until destroyed.
//
// Owns the registration, not the descriptor; must be destroyed before the descriptor is closed (an
// epoll entry lives as long as the open file). Single-threaded, on the loop's thread.
#pragma once

#include <event2/event.h>
#include <event2/event_struct.h>

#include <chrono>

#include "proxy/base/delegate.h"

namespace sluice::net {

class FdEvent {
 public:
  using Callback = Delegate<void(short)>;  // the argument: EV_READ | EV_WRITE | EV_CLOSED bits

  // `what`: bits of EV_READ, EV_WRITE, EV_ET, EV_CLOSED.
  FdEvent(event_base* base, int fd, short what, Callback callback);
  FdEvent(const FdEvent&) = delete;
  FdEvent& operator=(const FdEvent&) = delete;
  ~FdEvent() { disable(); }

  void enable();
  // With a repeating period instead of a descriptor (fd -1).
  void enable_every(std::chrono::milliseconds period);
  void disable();

 private:
  static void on_event(evutil_socket_t fd, short what, void* self);

  event event_{};
  Callback callback_;
};

}  // namespace sluice::net
