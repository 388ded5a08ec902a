// SPDX-License-Identifier: MIT
// Handler and Responder: what answers an exchange.
//
// A Handler is made per route when a Snapshot is compiled, is immutable and shared by all workers;
// for each exchange it makes a Responder, which lives in the exchange's arena, on one worker.
#pragma once

#include <string_view>

#include "proxy/base/arena.h"
#include "proxy/http/headers.h"
#include "proxy/http/message.h"

namespace sluice::exchange {

class Exchange;

// Events of one exchange, from the loop. The responder answers through the Exchange: a head, a
// body, an end, or a failure. It may end the exchange in any event but is destroyed only later, by
// the session.
class Responder {
 public:
  virtual ~Responder() = default;

  virtual void start() = 0;
  // The request body, only after Exchange::resume().
  virtual void on_request_body(std::string_view bytes) = 0;
  virtual void on_request_end(const http::Fields& trailers) = 0;
  // Response bytes have left for the client.
  virtual void on_client_drained() = 0;
  // The client has shut its side, and may still read: whether you go on for it. Where that takes a
  // backend's time, the client is taken to have left.
  virtual bool outlives_client_end() const { return false; }
  // The exchange ends without you (the client is gone, or broke a rule; Exchange::failure() says
  // it): let go of everything now. Nothing else will be called.
  virtual void cancel() = 0;
};

class Handler {
 public:
  virtual ~Handler() = default;
  virtual ArenaPtr<Responder> respond(Exchange& exchange) const = 0;
  // Those that it answers, as Allow has them.
  virtual std::string_view methods() const { return http::kAllow; }
};

}  // namespace sluice::exchange
