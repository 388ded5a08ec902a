// SPDX-License-Identifier: MIT
// Connector: gives a worker's handlers streams to backends: an idle connection if there is one, a
// new one otherwise; and takes them back. One per worker; outlives its streams. Single-threaded.
#pragma once

#include <cstddef>

#include "proxy/backend/http1_stream.h"
#include "proxy/backend/idle_connections.h"
#include "proxy/backend/stream.h"
#include "proxy/base/pipe.h"

namespace sluice::backend {

class Connector {
 public:
  explicit Connector(net::EventLoop& loop) : shared_{loop, idle_, pipes_, {}} {}

  // An idle connection that has not idled for longer than the target lets it, or nothing. `sure`:
  // for a request that could not be sent twice, one that is known to stand. (A reset that came with
  // the last answer has given no event.)
  BackendStreamHandle reuse(const Target& target, bool sure, BackendStream::Events* events) {
    return BackendStreamHandle(idle_.take(target, sure, events));
  }

  // Starts connecting: on_connected() or on_backend_failed() comes from the loop. The request may
  // be sent at once; it leaves when the connection is up. No stream: connecting failed on the spot.
  struct Opened {
    BackendStreamHandle stream;
    Problem problem;  // meaningful without a stream
  };
  Opened connect(const Target& target, BackendStream::Events* events);

  std::size_t idle_count() const { return idle_.size(); }
  const ConnectionCounters& counters() const { return shared_.counters; }

  // Closes every idle connection (drain), or those to addresses that hold none any more (reload).
  void close_idle() { idle_.close_all(); }
  void prune() { idle_.prune(); }

 private:
  PipePool pipes_;
  IdleConnections idle_;
  Http1Shared shared_;
};

}  // namespace sluice::backend
