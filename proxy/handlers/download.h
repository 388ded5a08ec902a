// SPDX-License-Identifier: MIT
// Download: the response body on its way from a backend to the client. It flows through memory or,
// as long as that is possible and worth it, through a pipe of the kernel's; either way no more than
// `buffers.response` is held, and the backend waits for a client that is slower than it.
//
// Member of a responder; borrows the exchange and, between begin() and stop(), the backend's
// stream. Single-threaded.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "proxy/backend/stream.h"
#include "proxy/base/pipe.h"
#include "proxy/base/pump.h"
#include "proxy/exchange/exchange.h"

namespace sluice::handlers {

class Download {
 public:
  explicit Download(exchange::Exchange& exchange)
      : exchange_(exchange), pump_(exchange.rules().response_watermark_bytes) {}

  void begin(backend::BackendStream& stream) { pump_.attach(&stream, &exchange_); }
  // What lies in a pipe is lost: REQUIRES, where that matters, on_end() before.
  void stop();

  // The backend's events.
  std::size_t piped_max() const;
  void on_body(std::string_view bytes);
  void on_piped(PipePool::Handle pipe, std::uint64_t rest);
  void on_end() { take_from_pipe(); }

  void on_client_drained();

 private:
  // True: nothing is in the pipe any more.
  bool empty_pipe();
  void take_from_pipe();

  exchange::Exchange& exchange_;
  Pump pump_;
  PipePool::Handle pipe_;   // while it holds what the client did not take yet
  std::uint64_t rest_ = 0;  // of the body, behind that
};

}  // namespace sluice::handlers
