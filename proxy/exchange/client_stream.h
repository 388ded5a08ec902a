// SPDX-License-Identifier: MIT
// ClientStream: the client's side of one exchange, whatever protocol it speaks. Filled by
// client/http1_session and by the fakes of the tests.
//
// Commands only: they buffer and arm and never call back. What happens on the client's side comes
// to the Exchange as events, from the loop.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "proxy/base/ip.h"
#include "proxy/base/pipe.h"
#include "proxy/base/pump.h"
#include "proxy/http/message.h"

namespace sluice::exchange {

// What is known of a client connection. Owned by the session, which outlives its exchanges.
struct ClientInfo {
  IpAddress peer;  // of the socket; none for a Unix socket
  std::uint16_t peer_port = 0;
  // The peer passes on what somebody sends whom it does not name, so it vouches for none of it.
  bool behind_peer = false;
  std::uint32_t listener = 0;  // index in Rules::listeners
  bool tls = false;
  std::string_view tls_version;  // "TLSv1.3"; empty without TLS
};

// As ByteSource: the request body, which does not flow before the first resume(). As ByteSink: the
// response body, after send_head().
class ClientStream : public ByteSource, public ByteSink {
 public:
  // From now on the connection is sent so many bytes a second at most; 0: no limit. A lower limit
  // stays until what was written under it has left.
  virtual void limit_bandwidth(std::uint64_t /*bytes_per_second*/) {}

  // A 1xx on the way to the real answer; left out where the client cannot take it.
  virtual void send_informational(const http::ResponseHead& head) = 0;

  // REQUIRES: called once, before write() and finish(). The views in `head` need only live until
  // the call returns.
  virtual void send_head(const http::ResponseHead& head) = 0;

  // As write(), of bytes of a file, from where they lie. Returns how many have left or, when there
  // is no room, 0: on_client_drained() will come. Nothing: that cannot be done here, so read and
  // write() them.
  virtual std::optional<std::size_t> send_file(int /*file*/, std::uint64_t /*offset*/,
                                               std::size_t /*bytes*/) {
    return std::nullopt;
  }

  // The same of what a pipe holds. REQUIRES: takes_pipe(), behind send_head().
  virtual bool takes_pipe() const { return false; }
  virtual std::size_t send_pipe(Pipe& /*pipe*/) { return 0; }

  // Instead of send_head(): the response that ends HTTP on this connection, a 101 or a 2xx to
  // CONNECT. What the client sends is then its side of a tunnel, which does not flow before the
  // next resume(); what is written goes out as it is; finish() ends both ways.
  virtual void open_tunnel(const http::ResponseHead& head) = 0;

  // Of a tunnel: nothing more will be written. The client may go on sending.
  virtual void shut() = 0;

  // The response is complete; the next request may be read once the exchange has been released.
  virtual void finish(const http::Fields& trailers) = 0;

  // The response cannot be completed: the connection ends so that the client cannot take what it
  // got for the whole.
  virtual void abort() = 0;

  // The exchange is over, well or not; the session may release it, from the loop.
  virtual void exchange_over() = 0;

 protected:
  ~ClientStream() = default;
};

}  // namespace sluice::exchange
