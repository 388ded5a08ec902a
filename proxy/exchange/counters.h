// SPDX-License-Identifier: MIT
// Counters: what sessions and exchanges count where it happens. What is known only at an exchange's
// end is an Observer's to count (observe/metrics). One set per worker, written by it alone; any
// thread may read.
#pragma once

#include "proxy/base/counter.h"

namespace sluice::exchange {

struct Counters {
  // client connections; those that are open their SessionSet counts
  Counter connections_accepted;
  Counter connections_closed;
  Counter handshakes_failed;
  // closed at once: by a list, as their client is put away, has too many, or comes too often
  Counter connections_denied;
  Counter connections_jailed;
  Counter connections_too_many;
  Counter connections_too_fast;

  Counter exchanges_begun;
  Counter exchanges_in_flight;
  Counter requests_delayed;   // had to wait for their turn
  Counter requests_shadowed;  // would have been refused, were their limit in earnest
  Counter request_bytes;      // of bodies, without their framing
  Counter response_bytes;     // likewise

  Counter tunnels_opened;
  Counter tunnels_open;
  Counter tunnel_bytes_in;   // from clients
  Counter tunnel_bytes_out;  // to clients
};

}  // namespace sluice::exchange
