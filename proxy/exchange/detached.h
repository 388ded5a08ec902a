// SPDX-License-Identifier: MIT
// Detached: work of a worker that outlives the exchange which began it, as the fetch that fills the
// cache does when its client leaves; and the set of them that a worker has.
#pragma once

#include "proxy/net/owned_set.h"

namespace sluice::exchange {

class Detached : public net::Retired, public ListHook<struct DetachedTag> {
 public:
  // The worker ends: let go of everything now, and leave the set.
  virtual void abandon() = 0;
};

using DetachedSet = net::OwnedSet<Detached, DetachedTag>;

}  // namespace sluice::exchange
