// SPDX-License-Identifier: MIT
// Tunnel: bytes both ways between a client and a backend that have agreed to speak something else
// than HTTP (RFC 9110 7.8 and 9.3.6). Each direction has its back-pressure and its own end: a side
// that is shut still receives. A tunnel on which nothing flows ends by its timer.
//
// Member of a responder; borrows the exchange and the stream, which outlive it. Single-threaded.
#pragma once

#include <chrono>
#include <string_view>

#include "proxy/backend/stream.h"
#include "proxy/base/pump.h"
#include "proxy/exchange/exchange.h"

namespace sluice::handlers {

class Tunnel {
 public:
  // Bytes flow from here on. `on_idle` comes from the loop.
  Tunnel(exchange::Exchange& exchange, backend::BackendStream& stream,
         std::chrono::milliseconds idle, net::Timer::Callback on_idle);
  Tunnel(const Tunnel&) = delete;
  Tunnel& operator=(const Tunnel&) = delete;

  void on_client_bytes(std::string_view bytes);
  void on_client_end();
  void on_client_drained();
  void on_backend_bytes(std::string_view bytes);
  void on_backend_end();
  void on_backend_drained();

  // Both sides have ended, and what the client sent has left for the backend.
  bool over() const { return client_ended_ && backend_ended_ && stream_.unsent() == 0; }

 private:
  // One side has said its last word: the other does not get the patience of a living tunnel.
  static constexpr std::chrono::minutes kHalfClosedIdle{1};

  void touch();

  exchange::Exchange& exchange_;
  backend::BackendStream& stream_;
  std::chrono::milliseconds idle_;
  Pump up_;
  Pump down_;
  net::Timer timer_;
  bool client_ended_ = false;
  bool backend_ended_ = false;
};

}  // namespace sluice::handlers
