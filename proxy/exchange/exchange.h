// SPDX-License-Identifier: MIT
// Exchange: one request and its response. It knows no protocol and opens no socket: a ClientStream
// stands on one side, a Responder on the other, and every ending goes through one funnel that calls
// the observers once.
//
// Ownership: the session owns it (from its worker's pool) and releases it from the loop after
// exchange_over(). It owns the request's bytes (arena) and the Responder; it borrows ClientStream,
// ClientInfo and Services. It keeps alive the Rules it began under. Single-threaded.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "proxy/base/arena.h"
#include "proxy/base/pump.h"
#include "proxy/exchange/access_check.h"
#include "proxy/exchange/body_filter.h"
#include "proxy/exchange/cache_use.h"
#include "proxy/exchange/client_stream.h"
#include "proxy/exchange/coded_bodies.h"
#include "proxy/exchange/failure.h"
#include "proxy/exchange/handler.h"
#include "proxy/exchange/rules.h"
#include "proxy/exchange/services.h"
#include "proxy/http/message.h"
#include "proxy/route/route.h"

namespace sluice::exchange {

// When what happened; a default TimePoint means never.
struct Times {
  net::TimePoint begin;  // first byte of the request
  net::TimePoint head;   // its head was complete
  net::TimePoint end;
};

// Who was asked, and how that went. The views borrow from the Snapshot that the Rules belong to.
struct BackendTrace {
  std::string_view pool;
  int attempts = 0;
  // Of the last attempt.
  std::string_view address;
  bool reused = false;
  net::TimePoint began{};
  net::TimePoint connected{};
  net::TimePoint asked{};     // the end of the request was handed over
  net::TimePoint answered{};  // response head complete
};

class Exchange final : public ByteSource, public ByteSink {
 public:
  Exchange() = default;
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  // --- The session's side ---

  // Where the session's parser puts the head, with views into the session's bytes.
  http::RequestHead& parse_slot() { return request_; }

  struct Begin {
    ClientStream& client;
    const ClientInfo& info;
    Services& services;
    std::shared_ptr<const Rules> rules;
    net::TimePoint first_byte;
  };
  // The head in parse_slot() is complete; `bytes` is the memory that it views, which is copied
  // here. Runs the steps: an answer may already be on its way on return.
  void start(Begin begin, std::string_view bytes);
  // There is no head to work with: answers `failure` and ends.
  void refuse(Begin begin, Failure failure);
  // Instead of start(): the request of `origin`, which has no body and whose fields are as its
  // client sent them but for conditions, is asked once more on behalf of others (the fetch of a
  // cache). It has the client, the id, the rules and the route of `origin`, but no observer hears
  // of it and no filter changes its response. respond_with() must follow; request() may be changed
  // before. `client` and `info` are borrowed, `origin` only read.
  void start_fetch(ClientStream& client, const ClientInfo& info, const Exchange& origin);

  // Events. After over() they do nothing. `trailers` stay the session's, until recycle().
  void on_request_body(std::string_view bytes);
  void on_request_end(const http::Fields& trailers);
  void on_client_drained();
  // The client left or stalled; what can still be sent (408) is.
  void on_client_failed(Failure failure);
  // Services::ends_at is set: who waits for a later turn is refused.
  void on_ending();

  bool over() const { return over_; }
  // Whether a client that has shut its side still gets the answer.
  bool outlives_client_end() const {
    return responder_ != nullptr && responder_->outlives_client_end();
  }

  // For the pool: ready for another request, all memory kept.
  void recycle();

  // --- The responder's side ---

  // Without what the route's filters do not let pass.
  void send_informational(const http::ResponseHead& head);
  // The response. `head` may be changed: the route's filters run over it.
  void send_head(http::ResponseHead& head);
  // Instead: the connection becomes a tunnel. on_request_body() and on_request_end() are then of
  // the client's side of it, write(), shut() and finish() of ours.
  void open_tunnel(http::ResponseHead& head);
  void shut() { client_->shut(); }
  void finish(const http::Fields& trailers);
  void finish() { finish({}); }
  // Ends the exchange with an error page, or by cutting the response off if it has begun.
  void fail(Failure failure);

  // ByteSink: the response body. Nothing is taken any more once the exchange is over.
  void write(std::string_view bytes) override;
  // As ClientStream has it; nothing, too, where the body passes through a filter.
  std::optional<std::size_t> send_file(int file, std::uint64_t offset, std::size_t bytes);
  bool takes_pipe() const { return !over_ && body_filter_ == nullptr && client_->takes_pipe(); }
  std::size_t send_pipe(Pipe& pipe);
  std::size_t unsent() const override { return client_->unsent(); }

  // What a responder that has all at hand writes in one turn, so that others have theirs: less
  // where each byte costs a filter's work.
  std::size_t turn_bytes() const { return body_filter_ == nullptr ? 1024 * 1024 : 64 * 1024; }

  // ByteSource: the request body. Nothing flows before the first resume().
  void pause() override { client_->pause(); }
  void resume() override { client_->resume(); }

  http::RequestHead& request() { return request_; }
  // An empty response head whose memory is kept from exchange to exchange.
  http::ResponseHead& response_slot() { return response_; }
  // Likewise an empty list of fields: for what a backend is told where the client's own shall stay.
  http::Fields& fields_slot() { return backend_fields_; }
  Arena& arena() { return arena_; }
  Services& services() const { return *services_; }
  BackendTrace& backend_trace() { return backend_trace_; }
  Times& times() { return times_; }
  void set_cache_use(CacheUse use) { cache_use_ = use; }
  // What its target has for a key in the cache, in the arena: what is forwarded may say other
  // things. Empty: the response says nothing of what is stored.
  void set_cache_key(std::string_view text) { cache_key_ = text; }
  std::string_view cache_key() const { return cache_key_; }
  // Before send_head(), by a responder that answers 416 itself.
  void set_refuses_range() { refuses_range_ = true; }
  bool refuses_range() const { return refuses_range_; }

  // Before send_head(), by a responder that has the whole body. Borrowed from it.
  void offer(CodedBodies& bodies) { coded_bodies_ = &bodies; }

  // --- The filters' side ---

  CodedBodies* coded_bodies() const { return coded_bodies_; }

  // REQUIRES: called in on_head(), at most once for an exchange.
  void set_body_filter(ArenaPtr<BodyFilter> filter);
  // Where the filter's output goes.
  ByteSink& client_sink() { return client_sink_; }

  // --- Everyone's: steps, filters, observers ---

  const http::RequestHead& request() const { return request_; }
  const ClientInfo& client() const { return *info_; }
  const Rules& rules() const { return *rules_; }
  const BackendTrace& backend_trace() const { return backend_trace_; }
  const Times& times() const { return times_; }
  CacheUse cache_use() const { return cache_use_; }
  const Failure& failure() const { return failure_; }

  // The peer, or what trusted proxies say of it.
  const IpAddress& client_address() const { return client_address_; }
  // Whether the peer is a trusted proxy.
  bool peer_trusted() const { return peer_trusted_; }
  // Normalised: what was matched and what is forwarded.
  std::string_view path() const { return path_; }
  // That path as the route rewrites it for its handler. REQUIRES: match().
  route::RewrittenPath rewritten_path() const {
    return route::rewrite_path(match_.route->rewrite, path_, match_.prefix_length);
  }
  // The one that a trusted proxy gave, or one of our own, made when it is first asked for.
  std::string_view request_id() const;
  const route::Match& match() const { return match_; }

  int status() const { return status_; }
  bool head_sent() const { return head_sent_; }
  bool request_complete() const { return request_complete_; }
  // It became one, however it ended.
  bool is_tunnel() const { return tunnel_; }
  std::uint64_t bytes_in() const { return bytes_in_; }
  std::uint64_t bytes_out() const { return bytes_out_; }

  // --- The access checks' side ---

  // Fields for the head of whatever answers; views into the arena or into what outlives it.
  http::Fields& answer_fields() { return answer_fields_; }
  void hold(ArenaPtr<Held> held);

  // --- For steps.cc and start_fetch() ---
  void set_path(std::string_view path) { path_ = path; }
  void set_match(const route::Match& match) { match_ = match; }
  void limit_bandwidth(std::uint64_t bytes_per_second) {
    client_->limit_bandwidth(bytes_per_second);
  }
  void respond_with(const Handler& handler);
  // The steps go on after so long, unless the exchange ends before: at once, with a 503, where the
  // process will be gone by then.
  void wait_for_turn(std::chrono::nanoseconds time);
  bool has_waited() const { return has_waited_; }

 private:
  // The way to the client behind the body filter.
  class ClientSink final : public ByteSink {
   public:
    explicit ClientSink(Exchange& exchange) : exchange_(exchange) {}
    void write(std::string_view bytes) override { exchange_.write_to_client(bytes); }
    std::size_t unsent() const override { return exchange_.unsent(); }

   private:
    Exchange& exchange_;
  };

  void begin(Begin begin);
  void identify();
  void adopt(std::string_view bytes);
  void filter(http::ResponseHead& head);
  bool passes(std::string_view name) const;
  void on_turn();
  void limit_total();
  void on_total_timeout();
  void write_to_client(std::string_view bytes);
  void note_sent(std::size_t bytes);
  // The funnel that every ending goes through, once.
  void end();

  Arena arena_;
  http::RequestHead request_;
  http::ResponseHead response_;
  http::Fields backend_fields_;
  http::Fields answer_fields_;

  ClientStream* client_ = nullptr;
  const ClientInfo* info_ = nullptr;
  Services* services_ = nullptr;
  std::shared_ptr<const Rules> rules_;
  ArenaPtr<Responder> responder_;
  ArenaPtr<BodyFilter> body_filter_;  // or none
  ClientSink client_sink_{*this};
  CodedBodies* coded_bodies_ = nullptr;
  ArenaPtr<Held> held_;
  std::optional<net::Timer> turn_timer_;   // while it waits for its turn
  std::optional<net::Timer> total_timer_;  // where there is a limit, until it is a tunnel

  IpAddress client_address_;
  std::string_view head_bytes_;  // what the views of request_ are of, in arena_
  std::string_view path_;
  mutable std::string_view request_id_;
  mutable std::array<char, RequestIds::kBytes> own_id_;
  route::Match match_;
  BackendTrace backend_trace_;
  Times times_;
  CacheUse cache_use_ = CacheUse::None;
  std::string_view cache_key_;
  Failure failure_;
  std::uint64_t bytes_in_ = 0;
  std::uint64_t bytes_out_ = 0;
  int status_ = 0;
  bool peer_trusted_ = false;
  bool has_waited_ = false;
  bool refuses_range_ = false;
  bool head_sent_ = false;
  bool request_complete_ = false;
  bool tunnel_ = false;
  bool fetch_ = false;
  bool over_ = false;
};

}  // namespace sluice::exchange
