// SPDX-License-Identifier: MIT
#include "proxy/net/fd_event.h"

#include "proxy/base/check.h"

namespace sluice::net {

FdEvent::FdEvent(event_base* base, int fd, short what, Callback callback) : callback_(callback) {
  CHECK(event_assign(&event_, base, fd, static_cast<short>(what | EV_PERSIST), &FdEvent::on_event,
                     this) == 0);
}

void FdEvent::enable() {
  CHECK(event_add(&event_, nullptr) == 0);
}

void FdEvent::enable_every(std::chrono::milliseconds period) {
  timeval interval{.tv_sec = period.count() / 1000, .tv_usec = (period.count() % 1000) * 1000};
  CHECK(event_add(&event_, &interval) == 0);
}

void FdEvent::disable() {
  event_del(&event_);
}

void FdEvent::on_event(evutil_socket_t, short what, void* self) {
  static_cast<FdEvent*>(self)->callback_(what);
}

}  // namespace sluice::net
