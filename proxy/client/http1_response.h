// SPDX-License-Identifier: MIT
// Http1Response: writes one response after the other onto a client's Stream: the framing of heads
// and bodies for the client's version, and whether the connection lives on (RFC 9112 6, 7, 9.3). A
// member of Http1Session; borrows its Stream.
#pragma once

#include <string_view>

#include "proxy/http/head_writer.h"
#include "proxy/http/message.h"
#include "proxy/net/stream.h"

namespace sluice::client {

class Http1Response {
 public:
  explicit Http1Response(net::Stream& stream) : stream_(stream) {}

  // A new request begins.
  void reset(http::Version client_version, bool keep_alive);

  void send_continue();
  void send_informational(const http::ResponseHead& head);
  // `may_keep_alive`: what speaks against it besides the head: draining, an unread body.
  void send_head(const http::ResponseHead& head, bool may_keep_alive);
  // The last head on this connection: what is written behind it goes out as it is.
  void open_tunnel(const http::ResponseHead& head);
  void write(std::string_view bytes);
  void finish(const http::Fields& trailers);

  bool head_sent() const { return head_sent_; }
  bool finished() const { return finished_; }
  // Bytes of the body are framed on their way.
  bool chunked() const { return chunked_; }
  // After send_head(): the client was told that another request may follow.
  bool keep_alive() const { return keep_alive_; }

 private:
  void append(std::string_view text);
  void append_head(const http::ResponseHead& head, http::BodyFraming body,
                   http::ConnectionField connection);

  net::Stream& stream_;
  http::Version version_ = http::Version::Http11;
  bool keep_alive_ = true;
  bool chunked_ = false;
  bool head_sent_ = false;
  bool finished_ = false;
};

}  // namespace sluice::client
