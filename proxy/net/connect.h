// SPDX-License-Identifier: MIT
// Opening sockets towards a backend: non-blocking, TCP_NODELAY, close-on-exec.
#pragma once

#include "proxy/base/fd.h"
#include "proxy/net/address.h"

namespace sluice::net {

struct ConnectAttempt {
  Fd fd;          // not valid: `error` says why (no descriptors, no route at once ...)
  int error = 0;  // an errno
};

// Starts connecting; the answer comes to the Stream made with Stream::Connecting.
ConnectAttempt start_connect(const Address& to);

}  // namespace sluice::net
