// SPDX-License-Identifier: MIT
// Http1Session: one client connection speaking HTTP/1.1 or 1.0 (RFC 9112), plain or over TLS.
//
// Requests are answered one after the other; what a client pipelines waits in the stash, and above
// that in the socket. Reads go into the loop's scratch memory and are copied only when a message is
// incomplete, so that an idle connection owns no buffer. Owned by the worker's SessionSet;
// single-threaded.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string_view>

#include "proxy/access/door.h"
#include "proxy/client/http1_response.h"
#include "proxy/client/session.h"
#include "proxy/client/shared.h"
#include "proxy/exchange/client_stream.h"
#include "proxy/http/body_framing.h"
#include "proxy/net/address.h"
#include "proxy/net/proxy_protocol.h"
#include "proxy/net/stream.h"

namespace sluice::client {

class Http1Session final : public Session,
                           private net::Stream::Owner,
                           private exchange::ClientStream,
                           private net::Requeued {
 public:
  struct Accepted {
    Fd fd;
    const net::Address& peer;
    std::uint32_t listener;                         // its number, for Rules::listeners
    std::shared_ptr<const tls::ServerContext> tls;  // null: plain
    bool proxy_protocol = false;                    // a PROXY header comes first
    access::Pass pass{};                            // from the door, if it was asked already
  };
  Http1Session(Shared& shared, Accepted accepted);
  ~Http1Session() override;

  void drain() override;
  std::uint32_t listener() const override { return info_.listener; }
  void close_now() override;

 private:
  // RFC 9112 9.6: after our last byte the client may go on sending for so long before the
  // connection is torn down, so that a reset does not destroy the answer on its way; one that was
  // too slow already gets less.
  static constexpr std::chrono::seconds kLinger{10};
  static constexpr std::chrono::seconds kShortLinger{2};

  enum class State : std::uint8_t {
    Prelude,  // the PROXY protocol's header
    Handshake,
    Head,       // between requests, or within a head
    Body,       // an exchange runs and its request body is not complete
    Busy,       // an exchange runs and its request is complete
    Tunnel,     // an exchange runs, and HTTP is over on this connection
    Finishing,  // the last response is being sent; what is read is dropped
    Lingering,  // our side is shut; what the client still sends is discarded (RFC 9112 9.6)
    Closed,
  };

  // net::Stream::Owner
  void on_readable() override;
  bool takes_held() const override { return state_ == State::Head && stash_.empty(); }
  void on_drained() override;
  void on_output_finished() override;
  void on_broken(int error) override;
  void on_established() override;

  // exchange::ClientStream
  void pause() override;
  void resume() override;
  void send_informational(const http::ResponseHead& head) override;
  void send_head(const http::ResponseHead& head) override;
  void open_tunnel(const http::ResponseHead& head) override;
  void shut() override;
  void write(std::string_view bytes) override;
  void limit_bandwidth(std::uint64_t bytes_per_second) override {
    stream_.limit_bandwidth(bytes_per_second);
  }
  std::optional<std::size_t> send_file(int file, std::uint64_t offset, std::size_t bytes) override;
  bool takes_pipe() const override { return stream_.moves_bytes() && !response_.chunked(); }
  std::size_t send_pipe(Pipe& pipe) override;
  std::size_t unsent() const override { return stream_.unsent(); }
  void finish(const http::Fields& trailers) override;
  void abort() override;
  void exchange_over() override;

  // net::Requeued: the floor of the stack, where an exchange is released and the next one begun.
  void on_requeued() override;

  void wait_for_first_bytes();
  void read_prelude();
  void end_prelude(const net::ProxyHeader& header);
  void complain_of_prelude(std::string_view what);
  void on_bytes(std::string_view bytes);
  void process_stash();
  // Takes what it can use; returns how many bytes.
  std::size_t process(std::string_view bytes);
  std::size_t take_head(std::string_view bytes);
  std::size_t take_body(std::string_view bytes);
  std::size_t take_tunnel(std::string_view bytes);
  void pass_tunnel_end();
  void end_behind_stash();
  void start_exchange(std::string_view head);
  void refuse(exchange::Failure failure);
  exchange::Exchange::Begin begin();
  const std::shared_ptr<const exchange::Rules>& rules() const {
    return draining() ? last_rules_ : shared_.rules;
  }
  bool draining() const { return last_rules_ != nullptr; }
  std::uint64_t body_rest() const;
  bool rest_is_small() const;
  void on_client_end();
  void release_exchange();
  bool reusable_after_response() const;
  void wait_for_request();
  void finish_connection();
  void linger_for(std::chrono::milliseconds time);
  bool lingers() const {
    return linger_time_ != std::chrono::milliseconds::zero() && !client_ended_;
  }
  void wait_lingering();
  void begin_body_clock();
  void advance_body_clock(std::size_t bytes);
  bool output_backed_up() const;
  bool holds_enough() const;
  void watch_waiting_client();
  bool is_banned() const;
  void on_read_timeout();
  void on_send_timeout();
  void arm_send_timer();
  std::uint64_t least_to_take() const;
  void end_handshake(bool by_what_came);
  void close();

  Shared& shared_;
  Pace pace_;  // of the last exchange that began
  net::Stream stream_;
  exchange::ClientInfo info_;
  std::shared_ptr<const tls::ServerContext> tls_after_prelude_;
  access::Pass pass_;
  Buffer stash_;
  http::BodyDecoder decoder_;
  Http1Response response_;
  ObjectPool<exchange::Exchange>::Handle exchange_;
  net::Timer read_timer_;
  net::Timer send_timer_;
  std::shared_ptr<const exchange::Rules> last_rules_;  // set while draining
  net::TimePoint first_byte_{};
  net::TimePoint send_due_{};                 // what the send timer was set to
  std::size_t head_scanned_ = 0;              // of the stash: known to hold no end of a head
  net::TimePoint linger_end_{};               // set on entering Lingering
  std::chrono::milliseconds linger_time_{0};  // the client may be sending when we are done: wait
  State state_ = State::Head;
  bool body_paused_ = true;
  bool continue_owed_ = false;  // the client waits for 100 before it sends its body
  bool client_ended_ = false;   // its side was shut: only what the stash holds is still served
  bool end_passed_ = false;     // of the client's side, to the tunnel
  bool served_ = false;         // one request at least
  bool retired_ = false;
};

}  // namespace sluice::client
