// SPDX-License-Identifier: MIT
// The other half of Http1Session: between two exchanges, deadlines, and the ways a connection ends.
#include <algorithm>
#include <utility>

#include "proxy/base/log.h"
#include "proxy/client/admission.h"
#include "proxy/client/http1_session.h"
#include "proxy/http/request_parser.h"

namespace sluice::client {

namespace {

using exchange::Kind;
using exchange::Side;

// Of a client that goes on sending behind our last byte, the longest pause.
constexpr std::chrono::seconds kLingerPause{2};

// Of one client behind the first, in a turn of the loop; then the others have theirs.
constexpr int kAnswersPerTurn = 32;

// A reset that came together with the request gives no event of its own, and behind bytes that are
// not read it is not met, so a client that waits is looked at after this long: once, or while it is
// paused again and again.
constexpr std::chrono::seconds kVanishedAfter{1};

// To who speaks plain HTTP to a port of TLS. It is no exchange: all that is known is how it began.
constexpr std::string_view kPlainToTls =
    "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nContent-Length: 41\r\n"
    "Connection: close\r\n\r\nplain HTTP was sent to a port for HTTPS.\n";

}  // namespace

// --- between exchanges ---

// Pipelined requests that are answered at once follow one another, so that their answers leave
// together. The next one to be released is then released here, and has not to come again.
void Http1Session::on_requeued() {
  for (int answered = 0; answered < kAnswersPerTurn; ++answered) {
    net::Requeued::ListHook<net::RequeueTag>::unlink();
    if (exchange_ != nullptr && exchange_->over()) release_exchange();
    const bool takes_bytes =
        state_ == State::Body || state_ == State::Head || state_ == State::Tunnel;
    if (!takes_bytes) return;
    process_stash();
    const bool ended_at_once = state_ == State::Busy && exchange_->over();
    if (!ended_at_once) return;
  }
}

void Http1Session::release_exchange() {
  if (state_ == State::Closed) return close();
  if (state_ == State::Body && reusable_after_response() && rest_is_small()) {
    body_paused_ = false;  // read on, to drop the rest; take_body() comes back here
    begin_body_clock();
    stream_.resume_reading();
    return;
  }
  bool reusable = state_ == State::Busy && reusable_after_response();
  if (state_ == State::Body && !lingers()) linger_for(kLinger);
  exchange_.reset();
  if (reusable) return wait_for_request();
  if (response_.keep_alive()) linger_for(kShortLinger);  // draining, which it has not been told
  finish_connection();
}

bool Http1Session::reusable_after_response() const {
  return response_.finished() && response_.keep_alive() && !draining();
}

void Http1Session::wait_for_request() {
  state_ = State::Head;
  head_scanned_ = 0;
  read_timer_.set(shared_.services.loop.now() + shared_.options.idle_timeout);
  stream_.expect_more(false);
  stream_.resume_reading();
}

void Http1Session::finish_connection() {
  state_ = State::Finishing;
  read_timer_.clear();
  stash_.clear();
  arm_send_timer();
  if (stream_.output_shut()) return on_output_finished();  // a tunnel that was shut before
  stream_.finish_output(lingers() ? net::Stream::Then::Wait : net::Stream::Then::Close);
}

// --- deadlines and ends ---

// The client shut its side. While it waits for a backend it is taken to have left, as nginx takes
// it; an answer that is already complete, or is our own, is still sent to its end, and so are those
// to the whole requests that wait in the stash.
void Http1Session::on_client_end() {
  if (std::exchange(client_ended_, true) || state_ == State::Finishing) return;
  if (state_ == State::Tunnel) return pass_tunnel_end();
  if (exchange_ == nullptr) {
    // Requests in the stash may have waited for room, and their turn has come.
    const bool is_done = state_ != State::Head || (stash_.empty() && !stream_.has_output());
    return is_done ? close() : shared_.services.loop.call_again(*this);
  }
  if (!exchange_->over()) {
    if (state_ == State::Busy && exchange_->outlives_client_end()) return;
    return exchange_->on_client_failed({Side::Client, Kind::Aborted});
  }
  // The rest of its body, which was still to be dropped, will not come.
  if (state_ == State::Body) shared_.services.loop.call_again(*this);
}

// REQUIRES: client_ended_. What the stash holds could not be used, and nothing comes behind it.
void Http1Session::end_behind_stash() {
  switch (state_) {
    case State::Head:
      // No whole head, unless it waits for room for its answer.
      if (stash_.empty() || !output_backed_up()) finish_connection();
      return;
    case State::Body:
      if (!stash_.empty()) return;
      if (!exchange_->over()) return exchange_->on_client_failed({Side::Client, Kind::Aborted});
      exchange_.reset();
      return finish_connection();
    case State::Tunnel:
      return pass_tunnel_end();
    default:
      return;
  }
}

void Http1Session::on_broken(int error) {
  if (state_ == State::Handshake) end_handshake(error == 0);
  if (exchange_ != nullptr && !exchange_->over()) {
    exchange_->on_client_failed({Side::Client, Kind::Aborted});
  }
  close();
}

// Those who just leave are not worth a line: checks of health, scans.
void Http1Session::end_handshake(bool by_what_came) {
  if (stream_.client_broke_handshake()) note_tls_failure(shared_, info_.peer);
  if (!by_what_came) return;
  const std::string_view word = stream_.tls_error_word();
  if (word == "tls_http_request") stream_.send_bare(kPlainToTls);
  if (!shared_.of_handshakes.may_complain(shared_.services.loop.now())) return;
  shared_.services.log.info("{}: {}", info_.peer.to_string(), word);
}

void Http1Session::on_read_timeout() {
  if (stream_.holds_input()) {  // just in time, perhaps
    on_readable();
    if (read_timer_.armed()) return;
  }
  switch (state_) {
    case State::Head:
      if (first_byte_ == net::TimePoint{}) {
        // Idle, unless the last answer is still on its way to a slow client. What TLS has to say
        // by itself is nobody's answer, and may have armed no deadline.
        if (!served_ || !stream_.has_output()) return close();
        arm_send_timer();
        return read_timer_.set(shared_.services.loop.now() + shared_.options.idle_timeout);
      }
      exchange_ = shared_.services.exchanges.take();
      return refuse({Side::Client, Kind::HeadTimeout});
    case State::Body:
      if (body_paused_ && !exchange_->over()) {  // nobody waits for the client's bytes
        if (!stream_.alive()) return on_broken(0);
        return watch_waiting_client();
      }
      linger_for(kShortLinger);
      if (exchange_->over()) {
        exchange_.reset();
        return finish_connection();
      }
      return exchange_->on_client_failed({Side::Client, Kind::BodyTimeout});
    case State::Handshake:
      note_tls_failure(shared_, info_.peer);
      shared_.services.log.info("{}: tls_handshake_timeout", info_.peer.to_string());
      return close();
    case State::Prelude:
      complain_of_prelude("no PROXY header came in time");
      return close();
    case State::Lingering:
      return close();
    case State::Busy:
      if (!stream_.alive()) on_broken(0);
      return;
    case State::Tunnel:
      if (!body_paused_) return;
      if (!stream_.alive()) return on_broken(0);
      return watch_waiting_client();
    case State::Finishing:
    case State::Closed:
      return;
  }
}

void Http1Session::watch_waiting_client() {
  read_timer_.set(shared_.services.loop.now() + kVanishedAfter);
}

void Http1Session::arm_send_timer() {
  if (send_timer_.armed()) return;
  send_due_ = shared_.services.loop.now() + pace_.send_timeout;
  send_timer_.set(send_due_);
}

std::optional<std::size_t> Http1Session::send_file(int file, std::uint64_t offset,
                                                   std::size_t bytes) {
  if (!stream_.moves_bytes()) return std::nullopt;
  const IoResult sent = stream_.send_file(file, offset, bytes);
  arm_send_timer();
  if (sent.status == IoStatus::Eof) return std::nullopt;
  return sent.bytes;
}

std::size_t Http1Session::send_pipe(Pipe& pipe) {
  const std::size_t sent = stream_.send_from(pipe);
  arm_send_timer();
  return sent;
}

// Set when something was first written; what is asked here is since when something waits for the
// client, if anything does, and how much it took in that time.
void Http1Session::on_send_timeout() {
  const net::TimePoint since = stream_.backlog_since();
  if (since == net::TimePoint::max()) return;
  const net::TimePoint due = since + pace_.send_timeout;
  if (due > send_due_) return send_timer_.set(send_due_ = due);
  if (stream_.backlog_taken_bytes() >= least_to_take()) {
    stream_.restart_backlog();
    return arm_send_timer();
  }
  if (exchange_ != nullptr && !exchange_->over()) {
    exchange_->on_client_failed({Side::Client, Kind::SendTimeout});
  } else {  // its line in the access log has been written
    shared_.services.log.info("{}: send_timeout, {} bytes of an answer were still to be sent",
                              info_.peer.to_string(), stream_.unsent());
  }
  close();
}

// By who has a whole timeout for it.
std::uint64_t Http1Session::least_to_take() const {
  const auto ms = static_cast<std::uint64_t>(pace_.send_timeout.count());
  return std::max<std::uint64_t>(1, pace_.send_rate * ms / 1000);
}

void Http1Session::drain() {
  if (state_ == State::Closed) return;
  const bool drains_already = draining();
  if (!drains_already) last_rules_ = shared_.rules;
  // With the process, not only with the listener.
  const bool ends = shared_.services.ends_at != net::TimePoint::max();
  if (ends && exchange_ != nullptr) exchange_->on_ending();
  if (drains_already) return;
  // A connection that was just accepted has its first request on the way, and one that looks idle
  // may have the next one in the socket already.
  const bool idle = state_ == State::Head && served_ && exchange_ == nullptr &&
                    http::only_empty_lines(stash_.flatten());
  if (!idle || stream_.has_input()) return;
  if (!stream_.has_output()) return close();
  linger_for(kShortLinger);
  finish_connection();
}

void Http1Session::close_now() {
  if (!draining()) last_rules_ = shared_.rules;  // so that what is sent says that it is the last
  if (exchange_ != nullptr && !exchange_->over()) {
    exchange_->on_client_failed({Side::Proxy, Kind::Draining});
  }
  stream_.send_now();
  close();
}

void Http1Session::close() {
  if (std::exchange(retired_, true)) return;
  exchange::Counters& counters = shared_.services.counters;
  counters.connections_closed.add();
  if (state_ == State::Handshake) counters.handshakes_failed.add();
  state_ = State::Closed;
  read_timer_.clear();
  send_timer_.clear();
  net::Requeued::ListHook<net::RequeueTag>::unlink();
  stream_.close();
  stash_.clear();
  pass_.reset();
  shared_.sessions.retire(*this, shared_.services.loop);
}

void Http1Session::on_output_finished() {
  if (state_ == State::Tunnel) return;  // our side of it is shut, the client's may go on
  if (!lingers()) return close();
  state_ = State::Lingering;
  linger_end_ = shared_.services.loop.now() + linger_time_;
  wait_lingering();
  stream_.expect_more(true);  // a reset may come together with bytes
  stream_.resume_reading();
}

void Http1Session::linger_for(std::chrono::milliseconds time) {
  linger_time_ = std::max(linger_time_, time);
}

void Http1Session::wait_lingering() {
  read_timer_.set(std::min(linger_end_, shared_.services.loop.now() + kLingerPause));
}

}  // namespace sluice::client
