// SPDX-License-Identifier: MIT
// Upload: a request body on its way to a backend.
//
// It is collected first, so that a slow client holds no backend: until it is complete or, unless
// the route wants it whole, as much has come as is held. While all that came is still held, another
// backend can be given it from the start. What does not fit is streamed behind it, with
// back-pressure; from then on there is no way back.
//
// Member of a responder; borrows the exchange and, between begin() and stop(), the stream.
// Single-threaded.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "proxy/backend/stream.h"
#include "proxy/base/pump.h"
#include "proxy/exchange/exchange.h"
#include "proxy/handlers/body_store.h"

namespace sluice::handlers {

// For routes that collect whole bodies; borrowed from their handler.
struct WholeBody {
  std::string directory;
  std::uint64_t bytes_max = 0;
};

class Upload {
 public:
  // `whole`: null for routes that stream. `owner`: called again where a turn's share was sent; it
  // then calls on_backend_drained().
  Upload(exchange::Exchange& exchange, const WholeBody* whole, net::Requeued& owner);

  // Asks for the body, if there is one and its length is no more than can be held.
  exchange::Failure collect();

  // Whether it is time to take a backend.
  bool ready() const { return complete_ || full_; }
  bool complete() const { return complete_; }
  // Nothing of what came is gone.
  bool replayable() const { return !streaming_; }

  // What the client sent. A failure ends the exchange.
  exchange::Failure on_body(std::string_view bytes);
  void on_end(const http::Fields& trailers);

  // Sends the body behind the head that the stream was given. What is complete may wait in the
  // stream for its connection; the rest flows only once that stands, or it could not be retried.
  exchange::Failure begin(backend::BackendStream& stream);
  exchange::Failure on_backend_drained();
  void stop();
  bool begun() const { return stream_ != nullptr; }

 private:
  // A backend that reads as fast as a disk gives shall not have the loop to itself.
  static constexpr std::size_t kTurnBytes = 512 * 1024;

  exchange::Failure keep(std::string_view bytes);
  exchange::Failure send_held();
  void send_end();
  void stream_on();

  exchange::Exchange& exchange_;
  net::Requeued& owner_;
  const WholeBody* whole_;
  const std::size_t watermark_bytes_;
  BodyStore held_;
  Pump pump_;
  backend::BackendStream* stream_ = nullptr;
  const http::Fields* trailers_ = nullptr;  // of the responder, which keeps them
  std::uint64_t sent_ = 0;                  // of what is held, to this stream
  bool complete_;
  bool full_ = false;
  bool streaming_ = false;
  bool ended_ = false;  // the stream has been told the end
};

}  // namespace sluice::handlers
