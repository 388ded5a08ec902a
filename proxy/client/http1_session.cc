// SPDX-License-Identifier: MIT
#include "proxy/client/http1_session.h"

#include <algorithm>
#include <utility>

#include "proxy/base/check.h"
#include "proxy/base/log.h"
#include "proxy/client/admission.h"
#include "proxy/http/request_parser.h"

namespace sluice::client {

namespace {

using exchange::Failure;
using exchange::Kind;
using exchange::Side;

// Pipelined bytes kept in memory while an exchange runs; above, they wait in the socket.
constexpr std::size_t kStashMax = 64 * 1024;

// A body that nobody wanted is read and dropped up to this, to keep the connection; above, it ends.
constexpr std::size_t kDiscardMax = 64 * 1024;

exchange::ClientInfo info_of(const net::Address& peer, std::uint32_t listener, bool tls) {
  exchange::ClientInfo info;
  info.listener = listener;
  info.tls = tls;
  if (!peer.is_unix()) {
    info.peer = peer.ip();
    info.peer_port = peer.port();
  }
  return info;
}

net::Stream make_stream(net::EventLoop& loop, Fd fd, net::Stream::Owner* owner,
                        std::shared_ptr<const tls::ServerContext> tls) {
  if (tls == nullptr) return {loop, std::move(fd), owner};
  return {loop, std::move(fd), owner, std::move(tls)};
}

}  // namespace

Http1Session::Http1Session(Shared& shared, Accepted accepted)
    : shared_(shared),
      pace_(shared.options.pace),
      stream_(make_stream(shared.services.loop, std::move(accepted.fd), this,
                          accepted.proxy_protocol ? nullptr : accepted.tls)),
      info_(info_of(accepted.peer, accepted.listener, accepted.tls != nullptr)),
      tls_after_prelude_(accepted.proxy_protocol ? accepted.tls : nullptr),
      pass_(std::move(accepted.pass)),
      stash_(shared.services.loop.blocks()),
      response_(stream_),
      exchange_(nullptr, {&shared.services.exchanges}),
      read_timer_(shared.services.loop.timers(),
                  net::Timer::Callback::of<&Http1Session::on_read_timeout>(this)),
      send_timer_(shared.services.loop.timers(),
                  net::Timer::Callback::of<&Http1Session::on_send_timeout>(this)),
      state_(info_.tls ? State::Handshake : State::Head) {
  shared.services.counters.connections_accepted.add();
  if (accepted.proxy_protocol) state_ = State::Prelude;
  wait_for_first_bytes();
}

// A connection that says nothing is a slow head from its first moment.
void Http1Session::wait_for_first_bytes() {
  const Options& options = shared_.options;
  const bool handshake = state_ == State::Handshake;
  read_timer_.set(shared_.services.loop.now() +
                  (handshake ? options.tls_handshake_timeout : options.request_head_timeout));
}

Http1Session::~Http1Session() {
  CHECK(state_ == State::Closed || exchange_ == nullptr);
}

// --- events of the socket ---

void Http1Session::on_established() {
  info_.tls_version = stream_.tls_version();
  state_ = State::Head;
  wait_for_first_bytes();
}

void Http1Session::on_readable() {
  if (state_ == State::Prelude) read_prelude();
  if (const std::string_view held = stream_.take_held(); !held.empty()) on_bytes(held);
  while (state_ != State::Closed && state_ != State::Prelude && state_ != State::Handshake) {
    std::span<char> scratch = shared_.services.loop.scratch();
    IoResult result = stream_.read(scratch);
    if (result.status == IoStatus::Again) return;
    if (result.status == IoStatus::Eof) return on_client_end();
    if (result.status == IoStatus::Error) return on_broken(result.error);
    on_bytes({scratch.data(), result.bytes});
  }
}

// The header is looked at where it lies, and taken once it is whole: what follows may be TLS.
void Http1Session::read_prelude() {
  std::span<char> scratch = shared_.services.loop.scratch().first(net::kProxyHeaderMax);
  IoResult result = stream_.peek(scratch);
  if (result.status == IoStatus::Again) return;
  if (result.status != IoStatus::Ok) return close();
  const net::ProxyHeader header = net::parse_proxy_header({scratch.data(), result.bytes});
  switch (header.status) {
    case net::ProxyHeader::Status::NeedMore:
      return;
    case net::ProxyHeader::Status::Bad:
      complain_of_prelude("a connection began with no PROXY header, or a malformed one");
      return close();
    case net::ProxyHeader::Status::Done:
      return end_prelude(header);
  }
}

// Of the peer: who the client is has not been said.
void Http1Session::complain_of_prelude(std::string_view what) {
  if (!shared_.of_preludes.may_complain(shared_.services.loop.now())) return;
  shared_.services.log.info("{}: {}", info_.peer.to_string(), what);
}

void Http1Session::end_prelude(const net::ProxyHeader& header) {
  stream_.skip(header.consumed);
  if (header.source) {
    info_.peer = header.source->ip();
    info_.peer_port = header.source->port();
  }
  info_.behind_peer = !header.source && !header.is_local;
  auto admitted = admit(shared_, info_.listener, info_.peer);
  if (!admitted) return close();
  pass_ = std::move(*admitted);
  state_ = info_.tls ? State::Handshake : State::Head;
  wait_for_first_bytes();
  if (info_.tls) stream_.start_tls(std::move(tls_after_prelude_));
}

void Http1Session::on_bytes(std::string_view bytes) {
  if (!stash_.empty()) {
    stash_.append(bytes);
    return process_stash();
  }
  std::size_t used = process(bytes);
  if (state_ != State::Closed && used < bytes.size()) stash_.append(bytes.substr(used));
  if (holds_enough()) stream_.pause_reading();
}

void Http1Session::process_stash() {
  if (!stash_.empty()) {
    std::size_t used = process(stash_.flatten());
    if (state_ == State::Closed) return;
    stash_.consume(used);
    if (used > 0) head_scanned_ = 0;
    if (!stash_.empty() && holds_enough()) stream_.pause_reading();
  }
  if (client_ended_) end_behind_stash();
}

// Whether what comes next may wait in the socket. An incomplete head has its own limits.
bool Http1Session::holds_enough() const {
  if (state_ == State::Body || state_ == State::Tunnel) return body_paused_;
  bool reading_head = state_ == State::Head && !output_backed_up();
  return !reading_head && stash_.size() >= kStashMax;
}

// Who pipelines requests and does not read the answers shall not fill our memory with them.
bool Http1Session::output_backed_up() const {
  return stream_.unsent() > rules()->response_watermark_bytes;
}

std::size_t Http1Session::process(std::string_view bytes) {
  std::size_t used = 0;
  while (used < bytes.size()) {
    std::size_t step = 0;
    switch (state_) {
      case State::Head:
        step = take_head(bytes.substr(used));
        break;
      case State::Body:
        step = take_body(bytes.substr(used));
        break;
      case State::Tunnel:
        step = take_tunnel(bytes.substr(used));
        break;
      case State::Prelude:
      case State::Handshake:
      case State::Busy:
        break;
      case State::Finishing:
      case State::Lingering:
        step = bytes.size() - used;
        break;
      case State::Closed:
        return bytes.size();
    }
    if (state_ == State::Lingering) wait_lingering();
    if (step == 0) break;
    used += step;
  }
  return used;
}

void Http1Session::on_drained() {
  if (exchange_ != nullptr) return exchange_->on_client_drained();
  shared_.services.loop.call_again(*this);  // a pipelined request may have waited for this
  stream_.resume_reading();
}

// --- the request ---

std::size_t Http1Session::take_head(std::string_view bytes) {
  if (output_backed_up()) return 0;
  // Empty lines before a request are nobody's request yet (RFC 9112 2.2).
  const bool begins_with_one = bytes.front() == '\r' || bytes.front() == '\n';
  if (begins_with_one && http::only_empty_lines(bytes)) {
    stream_.expect_more(true);
    return 0;
  }
  net::TimePoint now = shared_.services.loop.now();
  if (first_byte_ == net::TimePoint{}) first_byte_ = now;
  const http::HeadLimits& limits = shared_.options.head_limits;
  bool trickled = head_scanned_ > 0 && bytes.size() <= limits.head;
  if (trickled && http::find_head_end(bytes, head_scanned_) == http::kNoHeadEnd) {
    head_scanned_ = bytes.size();
    return 0;
  }
  exchange_ = shared_.services.exchanges.take();
  http::ParseResult result = http::parse_request_head(bytes, limits, exchange_->parse_slot());
  switch (result.status) {
    case http::ParseStatus::Done:
      head_scanned_ = 0;
      start_exchange(bytes.substr(0, result.consumed));
      return result.consumed;
    case http::ParseStatus::Bad:
      refuse({Side::Client, Kind::Malformed, result.why});
      return bytes.size();
    case http::ParseStatus::NeedMore:
      break;
  }
  exchange_.reset();
  // Set once per head, however it trickles in.
  if (head_scanned_ == 0) read_timer_.set(first_byte_ + shared_.options.request_head_timeout);
  head_scanned_ = bytes.size();
  stream_.expect_more(true);
  return 0;
}

void Http1Session::start_exchange(std::string_view head) {
  const http::RequestHead& request = exchange_->parse_slot();
  bool has_body = request.body.has_body();
  state_ = has_body ? State::Body : State::Busy;
  body_paused_ = true;
  continue_owed_ = has_body && request.expect_continue;
  if (has_body) decoder_.reset(request.body, {});
  stream_.expect_more(has_body);
  watch_waiting_client();
  response_.reset(request.version, request.keep_alive);
  stream_.set_low_watermark(rules()->response_watermark_bytes / 2);
  exchange_->start(begin(), head);
}

void Http1Session::refuse(Failure failure) {
  state_ = State::Busy;
  read_timer_.clear();
  response_.reset(http::Version::Http11, false);
  linger_for(failure.kind == Kind::HeadTimeout ? kShortLinger : kLinger);
  exchange_->refuse(begin(), failure);
}

exchange::Exchange::Begin Http1Session::begin() {
  net::TimePoint first_byte = std::exchange(first_byte_, {});
  served_ = true;
  pace_ = shared_.options.pace;
  return {*this, info_, shared_.services, rules(), first_byte};
}

std::size_t Http1Session::take_body(std::string_view bytes) {
  bool unwanted = exchange_->over();
  if (body_paused_ && !unwanted) return 0;
  continue_owed_ = false;
  http::BodyDecoder::Step step = decoder_.decode(bytes);
  if (step.bad) {
    state_ = State::Busy;
    linger_for(kLinger);
    exchange_->on_client_failed({Side::Client, Kind::Malformed, step.why});
    return bytes.size();
  }
  advance_body_clock(step.consumed);
  if (!step.data.empty()) exchange_->on_request_body(step.data);
  if (step.done && state_ == State::Body) {
    state_ = State::Busy;
    stream_.expect_more(false);
    stream_.resume_reading();  // for the end of a client that vanishes
    watch_waiting_client();
    if (unwanted) shared_.services.loop.call_again(*this);
    exchange_->on_request_end(decoder_.trailers());
  }
  return step.consumed;
}

std::size_t Http1Session::take_tunnel(std::string_view bytes) {
  if (exchange_->over()) return bytes.size();
  if (body_paused_) return 0;
  exchange_->on_request_body(bytes);
  return bytes.size();
}

// The client's end comes behind all of its bytes.
void Http1Session::pass_tunnel_end() {
  if (!stash_.empty() || exchange_->over() || std::exchange(end_passed_, true)) return;
  exchange_->on_request_end({});
}

// A body has to come at a rate, and may fall behind it by the timeout: each byte earns its share of
// a second, up to the timeout, so that neither a burst nor a trickle buys more patience than that.
void Http1Session::begin_body_clock() {
  read_timer_.set(shared_.services.loop.now() + pace_.request_body_timeout);
}

void Http1Session::advance_body_clock(std::size_t bytes) {
  const net::TimePoint full = shared_.services.loop.now() + pace_.request_body_timeout;
  if (pace_.body_rate == 0 || !read_timer_.armed()) return read_timer_.set(full);
  const std::chrono::duration<double> earned(static_cast<double>(bytes) /
                                             static_cast<double>(pace_.body_rate));
  const auto ticks = std::chrono::duration_cast<net::Clock::duration>(earned);
  read_timer_.set(std::min(full, read_timer_.deadline() + ticks));
}

// What is still to come of the request body, as far as that is known.
std::uint64_t Http1Session::body_rest() const {
  const http::BodyFraming& body = exchange_->request().body;
  if (body.kind != http::BodyKind::Length) return UINT64_MAX;
  return body.length - decoder_.decoded_bytes();
}

bool Http1Session::rest_is_small() const {
  return body_rest() <= kDiscardMax;
}

void Http1Session::pause() {
  body_paused_ = true;
  watch_waiting_client();  // its reset would not be read
  if (state_ == State::Body || state_ == State::Tunnel) stream_.pause_reading();
}

void Http1Session::resume() {
  if ((state_ != State::Body && state_ != State::Tunnel) || !body_paused_) return;
  body_paused_ = false;
  if (state_ == State::Body) begin_body_clock();
  if (std::exchange(continue_owed_, false)) response_.send_continue();
  stream_.resume_reading();
  shared_.services.loop.call_again(*this);
}

// --- the response ---

void Http1Session::send_informational(const http::ResponseHead& head) {
  response_.send_informational(head);
  arm_send_timer();
}

void Http1Session::send_head(const http::ResponseHead& head) {
  // An unread body is dropped if it is small and surely coming; a client that waits for 100 may
  // never send it, and then its next request could not be told from it.
  bool never_sent = body_paused_ && continue_owed_;
  bool body_in_the_way = state_ == State::Body && (never_sent || !rest_is_small());
  // What follows a CONNECT that was refused may be meant for the tunnel, and is nobody's request.
  bool tunnel_refused = exchange_->request().method == http::Method::Connect;
  response_.send_head(head, !draining() && !body_in_the_way && !tunnel_refused);
  if (body_in_the_way || tunnel_refused) {
    linger_for(kLinger);
  } else if (!response_.keep_alive() && exchange_->request().keep_alive && !is_banned()) {
    linger_for(kShortLinger);  // it did not ask for the end, and may be sending its next request
  }
  arm_send_timer();
}

// One that shall not hold the connection any longer.
bool Http1Session::is_banned() const {
  const Kind kind = exchange_->failure().kind;
  return kind == Kind::AccessDenied || kind == Kind::Jailed;
}

void Http1Session::open_tunnel(const http::ResponseHead& head) {
  state_ = State::Tunnel;
  body_paused_ = true;
  read_timer_.clear();
  stream_.expect_more(true);
  response_.open_tunnel(head);
  arm_send_timer();
}

void Http1Session::shut() {
  stream_.finish_output();
}

void Http1Session::write(std::string_view bytes) {
  response_.write(bytes);
  arm_send_timer();
}

void Http1Session::finish(const http::Fields& trailers) {
  response_.finish(trailers);
  arm_send_timer();
}

// What a backend said in a tunnel before it broke is the client's, and leaves when the exchange is
// released; its end is then the end of the connection. So do the answers before one of which
// nothing has left, to a client that has sent its last.
void Http1Session::abort() {
  if (state_ == State::Tunnel && exchange_->failure().side == exchange::Side::Backend) return;
  if (client_ended_ && !exchange_->head_sent()) return;
  stream_.reset();
  state_ = State::Closed;  // retired by the floor, as the caller stands within the exchange
}

void Http1Session::exchange_over() {
  shared_.services.loop.call_again(*this);
}

}  // namespace sluice::client
