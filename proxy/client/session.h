// SPDX-License-Identifier: MIT
// Session: one client connection speaking one protocol; and the set of those that a worker has.
#pragma once

#include <cstdint>

#include "proxy/net/owned_set.h"

namespace sluice::client {

class Session : public net::Retired, public ListHook<struct SessionTag> {
 public:
  // No more requests but those on their way: an idle connection closes now, a busy one after its
  // response. What it still serves goes by the rules of now, whatever is reloaded later.
  virtual void drain() = 0;
  virtual std::uint32_t listener() const = 0;
  // Ends at once, whatever is in flight.
  virtual void close_now() = 0;
};

using SessionSet = net::OwnedSet<Session, SessionTag>;

}  // namespace sluice::client
