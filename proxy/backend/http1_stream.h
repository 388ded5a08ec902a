// SPDX-License-Identifier: MIT
// Http1Stream: one HTTP/1.1 connection to a backend and the request that is on it, one after the
// other (RFC 9112). Responses are judged as hard as requests: what is malformed, and what goes on
// behind the end of its framing, is never reused.
//
// Owned by whoever holds its handle; between requests by IdleConnections. Single-threaded.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "proxy/backend/idle_connections.h"
#include "proxy/backend/stream.h"
#include "proxy/base/buffer.h"
#include "proxy/base/counter.h"
#include "proxy/base/intrusive_list.h"
#include "proxy/base/pipe.h"
#include "proxy/http/body_framing.h"
#include "proxy/net/stream.h"

namespace sluice::backend {

// Of connections to backends. Written by the worker, read by any thread.
struct ConnectionCounters {
  Counter attempted;  // connect(2)
  Counter opened;     // came up
  Counter reused;     // an idle one took another request
};

// What the streams of one worker share; the Connector owns it.
struct Http1Shared {
  net::EventLoop& loop;
  IdleConnections& idle;
  PipePool& pipes;
  http::ResponseHead head;  // the one being parsed; no stream keeps it beyond a callback
  ConnectionCounters counters{};
};

class Http1Stream final : public BackendStream,
                          public ListHook<IdleTag>,
                          private net::Stream::Owner {
 public:
  // Takes a socket on which connect(2) is under way.
  Http1Stream(Http1Shared& shared, const Target& target, Fd fd, Events* events);

  const std::string& address() const { return address_; }
  std::size_t keepalive_max() const { return options_.keepalive_max; }
  // While it is idle: for so long.
  net::Clock::duration idle_time() const { return shared_.loop.now() - idle_since_; }
  // Asks the kernel whether the backend has ended, or said something unasked.
  bool quiet() const { return stream_.quiet(); }

  // The one that it is in, while it is idle: IdleConnections' own.
  IdleList* idle_list() const { return idle_list_; }
  void set_idle_list(IdleList* list) { idle_list_ = list; }
  // Out of the idle list, for another request, which may want other things of it than the last.
  void begin_reuse(const Options& options, Events* events);

  // BackendStream
  void send(const RequestToSend& request) override;
  void finish(const http::Fields& trailers) override;
  bool reused() const override { return reused_; }
  void give_back() override;
  void abandon() override;
  void pause() override;
  void resume() override;
  void write(std::string_view bytes) override;
  std::size_t unsent() const override { return stream_.unsent(); }

 private:
  enum class State : std::uint8_t {
    Connecting,
    Head,
    Body,
    Done,
    Tunnel,
    HalfClosed,  // a tunnel whose backend has shut its side
    Idle,
    Failed,
    Closed
  };

  // net::Stream::Owner
  void on_readable() override;
  bool takes_held() const override { return state_ == State::Head && stash_.empty(); }
  void on_drained() override;
  void on_output_finished() override;
  void on_broken(int error) override;
  void on_established() override;

  // How much of what comes next may pass through a pipe; and that it did.
  std::size_t piped_max() const;
  bool read_piped();
  void on_bytes(std::string_view bytes);
  std::size_t process(std::string_view bytes);
  std::size_t take_head(std::string_view bytes);
  std::size_t take_body(std::string_view bytes);
  bool agrees_to_tunnel(const http::ResponseHead& head) const;
  bool tunnels() const { return state_ == State::Tunnel || state_ == State::HalfClosed; }
  void on_end_of_input();
  void on_lost();
  void end_response();
  void on_timeout();
  void wait_for_head();
  bool request_goes_up() const;
  void fail(Problem problem);
  void set_timer(std::chrono::milliseconds after) { timer_.set(shared_.loop.now() + after); }

  Http1Shared& shared_;
  const std::string address_;
  Options options_;  // of the request that is on it, or was the last
  Events* events_;   // borrowed from the handle's holder; null while idle and once abandoned
  IdleList* idle_list_ = nullptr;
  net::Stream stream_;
  Buffer stash_;  // an incomplete head
  http::BodyDecoder decoder_;
  net::Timer timer_;
  net::TimePoint idle_since_{};
  http::Method method_ = http::Method::Get;
  std::string_view upgrade_;     // what was asked for, while there is no response
  std::uint64_t sent_mark_ = 0;  // Stream::sent_bytes() when the wait for a head began
  State state_ = State::Connecting;
  bool reused_ = false;
  bool chunked_request_ = false;
  bool request_finished_ = false;
  bool response_keep_alive_ = false;
  bool bytes_behind_ = false;  // more came than the response's framing has
};

}  // namespace sluice::backend
