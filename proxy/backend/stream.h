// SPDX-License-Identifier: MIT
// BackendStream: one request on a connection to a backend, whatever protocol it speaks. Filled by
// http1_stream and by the fakes of the tests.
//
// Held through a BackendStreamHandle: dropping it cancels the request, closes the connection and
// guarantees that no event comes any more. Single-threaded.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "proxy/base/pipe.h"
#include "proxy/base/pump.h"
#include "proxy/http/bad_message.h"
#include "proxy/http/message.h"
#include "proxy/net/event_loop.h"

namespace sluice::backend {

enum class ProblemKind : std::uint8_t {
  ConnectRefused,
  ConnectTimeout,
  ConnectFailed,
  Exhausted,    // no descriptor, port or memory left on our side
  ClosedEarly,  // before any byte of the response
  FirstByteTimeout,
  BadResponse,
  ReadTimeout,
  Truncated,
};

struct Problem {
  ProblemKind kind{};
  http::BadMessage message{};  // meaningful for BadResponse
  int error = 0;               // of connect(2); 0: it is not known, or not that which failed
};

// What an errno of connect(2) means.
Problem connect_problem(int error);

// What a request wants of its stream, and of the connection behind it. A stream keeps its own copy:
// a reload changes nothing for a request that is on it.
struct Options {
  std::chrono::milliseconds connect_timeout{};
  std::chrono::milliseconds first_byte_timeout{};
  std::chrono::milliseconds read_timeout{};
  http::HeadLimits head_limits;
  std::size_t keepalive_max = 0;  // idle connections to one address; 0: none is kept, nor used
  std::chrono::milliseconds keepalive_timeout{};
};

// Borrowed for the call that it is passed to.
struct Target {
  std::string_view address;  // numeric: "10.0.0.1:80", "[::1]:80", "unix:/path"
  const Options& options;
};

struct RequestToSend {
  std::string_view method;
  std::string_view target;
  const http::Fields& fields;
  http::BodyFraming body;
  std::size_t watermark_bytes;    // on_backend_drained() comes at half of it
  std::string_view upgrade = {};  // protocol asked for, borrowed until the response; empty: none
};

// As ByteSource: the response body. As ByteSink: the request body, after send().
class BackendStream : public net::Retired, public ByteSource, public ByteSink {
 public:
  // From the loop. The receiver may drop or give back the stream in any of them.
  class Events {
   public:
    // A new connection is up; not called for a reused one.
    virtual void on_connected() = 0;
    // Interim (1xx) heads too. The views live until the call returns; `head` may be changed.
    virtual void on_response_head(http::ResponseHead& head) = 0;
    // Instead, to the upgrade that was asked for, or to CONNECT: the backend agrees. Its bytes and
    // its end are from here on those of a tunnel, whose other direction finish() ends.
    virtual void on_tunnel(http::ResponseHead& head) = 0;
    virtual void on_response_body(std::string_view bytes) = 0;
    // Of a large body, how many bytes the receiver would take in a pipe now; 0: none.
    virtual std::size_t piped_max() const { return 0; }
    // Instead of on_response_body(), and not more than that: the pipe is the receiver's now. `rest`
    // bytes are still to come, the last of them by memory in any case.
    virtual void on_response_piped(PipePool::Handle /*pipe*/, std::uint64_t /*rest*/) {}
    virtual void on_response_end(const http::Fields& trailers) = 0;
    // Request bytes have left; of a tunnel that was finished, all of them.
    virtual void on_backend_drained() = 0;
    // The end of this stream: only dropping it is left.
    virtual void on_backend_failed(Problem problem) = 0;

   protected:
    ~Events() = default;
  };

  // Commands; they buffer and arm and never call back.
  virtual void send(const RequestToSend& request) = 0;
  // The request body is complete.
  virtual void finish(const http::Fields& trailers) = 0;

  // The connection had served another request before.
  virtual bool reused() const = 0;

  // How a handle ends: the first keeps the connection if it may serve again, the second never does.
  // REQUIRES for give_back(): on_response_end() has come, and no tunnel.
  virtual void give_back() = 0;
  virtual void abandon() = 0;
};

struct AbandonStream {
  void operator()(BackendStream* stream) const { stream->abandon(); }
};
using BackendStreamHandle = std::unique_ptr<BackendStream, AbandonStream>;

}  // namespace sluice::backend
