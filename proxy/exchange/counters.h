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

  Counter exchanges_begun;
  Counter exchanges_in_flight;
  Counter request_bytes;   // of bodies, without their framing
  Counter response_bytes;  // likewise

  Counter tunnels_opened;
  Counter tunnels_open;
  Counter tunnel_bytes_in;   // from clients
  Counter tunnel_bytes_out;  // to clients
};

}  // namespace sluice::exchange
