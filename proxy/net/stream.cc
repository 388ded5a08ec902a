// SPDX-License-Identifier: MIT
#include "proxy/net/stream.h"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "proxy/base/check.h"
#include "proxy/net/socket_io.h"
#include "tls/session.h"

namespace sluice::net {

namespace {

constexpr short kInterest = EV_READ | EV_WRITE | EV_CLOSED | EV_ET;

}  // namespace

Stream::Stream(EventLoop& loop, Fd fd, Owner* owner, Phase phase)
    : loop_(loop),
      fd_(std::move(fd)),
      owner_(owner),
      event_(loop.base(), fd_.get(), kInterest, FdEvent::Callback::of<&Stream::on_event>(this)),
      output_(loop.blocks()),
      phase_(phase) {}

Stream::Stream(EventLoop& loop, Fd fd, Owner* owner)
    : Stream(loop, std::move(fd), owner, Phase::Established) {
  readable_ = true;
  loop_.call_first(*this);
}

Stream::Stream(EventLoop& loop, Fd fd, Owner* owner, std::shared_ptr<const tls::ServerContext> tls)
    : Stream(loop, std::move(fd), owner, Phase::Handshaking) {
  tls_ = std::make_unique<tls::Session>(std::move(tls), fd_.get());
  loop_.call_first(*this);
}

Stream::Stream(EventLoop& loop, Fd fd, Owner* owner, Connecting)
    : Stream(loop, std::move(fd), owner, Phase::Connecting) {
  writable_ = false;  // the edge tells that connect() has ended
  attach();
}

// What happened before is an edge, too.
void Stream::attach() {
  attached_ = true;
  event_.enable();
}

Stream::~Stream() = default;

void Stream::on_event(short what) {
  const bool was_full = !writable_;
  note_readiness(what);
  if (phase_ == Phase::Established) {
    if (writable_ && (was_full || tls_ != nullptr)) flush_output();
    if (closed()) return;
    if (readable_ && owner_->takes_held()) return loop_.receive_later(*this);
    announce_readable();
  } else if (broken_) {
    return;  // the owner has been told, or will be at the end of the turn
  } else if (phase_ == Phase::Handshaking) {
    if ((what & (EV_READ | EV_CLOSED)) != 0 || tls_->wants_flush()) step_handshake();
  } else if (writable_) {
    finish_connect();
  }
}

void Stream::note_readiness(short what) {
  if ((what & EV_CLOSED) != 0) {
    peer_closed_ = true;
    if (tls_ != nullptr) tls_->on_peer_closed();
  }
  if ((what & (EV_READ | EV_CLOSED)) != 0) {
    readable_ = true;
    short_read_ = false;
    if (tls_ != nullptr) tls_->on_readable();
  }
  if ((what & EV_WRITE) != 0) writable_ = true;
}

void Stream::on_requeued() {
  if (closed()) return;
  if (phase_ != Phase::Handshaking) {
    announce_readable();
  } else if (!broken_) {
    step_handshake();
  }
  if (!attached_) loop_.flush_later(*this);
}

// What the client sent behind the plain part may be here already, and gives no edge of its own.
void Stream::start_tls(std::shared_ptr<const tls::ServerContext> tls) {
  CHECK(tls_ == nullptr && phase_ == Phase::Established);
  tls_ = std::make_unique<tls::Session>(std::move(tls), fd_.get());
  if (peer_closed_) tls_->on_peer_closed();
  phase_ = Phase::Handshaking;
  loop_.call_again(*this);
}

void Stream::announce_readable() {
  budget_bytes_ = kReadBudgetBytes;
  bool buffered = tls_ != nullptr && tls_->has_buffered_input();
  const bool ended = ahead_ != IoStatus::Again;
  const bool may_read = (readable_ || buffered || ended) && !reading_paused_;
  if (may_read || !held_.empty()) owner_->on_readable();
}

int Stream::socket_to_receive() const {
  return tls_ == nullptr && readable_ && !reading_paused_ ? fd_.get() : -1;
}

std::size_t Stream::receive(std::span<char> into) {
  if (tls_ == nullptr) return 0;  // paused, or read in time
  budget_bytes_ = kReadBudgetBytes;
  const IoResult result = read(into);
  keep_ahead(result, into.data());
  return result.bytes;
}

void Stream::on_received(IoResult result, const char* bytes) {
  budget_bytes_ = kReadBudgetBytes;
  result = note_plain_read(result, EventLoop::kScratchBytes);
  if (result.status == IoStatus::Again) readable_ = false;
  keep_ahead(result, bytes);
}

void Stream::keep_ahead(IoResult result, const char* bytes) {
  if (result.status == IoStatus::Again) return;
  CHECK(held_.empty());
  if (result.status == IoStatus::Ok) {
    held_ = {bytes, result.bytes};
  } else {
    ahead_ = result.status;
    ahead_error_ = result.error;
  }
}

void Stream::finish_connect() {
  int error = 0;
  socklen_t length = sizeof(error);
  if (getsockopt(fd_.get(), SOL_SOCKET, SO_ERROR, &error, &length) != 0) error = errno;
  if (error != 0) return fail(error);
  establish();
}

void Stream::step_handshake() {
  IoResult result = tls_->handshake();
  if (result.status == IoStatus::Again && attached_) {  // see read_tls()
    tls_->on_readable();
    result = tls_->handshake();
  }
  switch (result.status) {
    case IoStatus::Ok:
      return establish();
    case IoStatus::Again:
      return;
    case IoStatus::Eof:
      return fail(ECONNRESET);  // the peer has left, which is not the fault of what it sent
    case IoStatus::Error:
      return fail(result.error);
  }
}

void Stream::establish() {
  phase_ = Phase::Established;
  owner_->on_established();
  if (closed()) return;
  // What ends a handshake of TLS leaves with the first answer, or at the end of this turn.
  if (tls_ != nullptr) {
    loop_.flush_later(*this);
  } else {
    flush_output();
  }
  if (!closed()) announce_readable();
}

std::string_view Stream::tls_version() const {
  return tls_ != nullptr ? tls_->version() : std::string_view();
}

bool Stream::client_broke_handshake() const {
  return tls_ != nullptr && tls_->client_is_to_blame();
}

std::string_view Stream::tls_error_word() const {
  return tls_ != nullptr ? tls_->error_word() : std::string_view();
}

IoResult Stream::read(std::span<char> into) {
  CHECK(!into.empty());
  if (closed() || reading_paused_) return {IoStatus::Again, 0, 0};
  if (budget_bytes_ == 0) {
    loop_.call_again(*this);
    return {IoStatus::Again, 0, 0};
  }
  if (ahead_ != IoStatus::Again) return {std::exchange(ahead_, IoStatus::Again), 0, ahead_error_};
  IoResult result = tls_ != nullptr ? read_tls(into) : read_plain(into);
  if (result.status == IoStatus::Again) readable_ = false;
  return result;
}

// What a pipe got may be less than the socket holds, as it has room for so many packets only.
std::size_t Stream::read_into(Pipe& pipe, std::size_t limit) {
  CHECK(moves_bytes());
  if (closed() || reading_paused_ || !readable_ || budget_bytes_ == 0) return 0;
  const ssize_t count = pipe.fill(fd_.get(), std::min(limit, budget_bytes_));
  if (count <= 0) return 0;
  short_read_ = false;
  budget_bytes_ -= static_cast<std::size_t>(count);
  return static_cast<std::size_t>(count);
}

IoResult Stream::read_plain(std::span<char> into) {
  bool drained = short_read_ && !expect_more_ && !peer_closed_;
  if (!readable_ || drained) return {IoStatus::Again, 0, 0};
  return note_plain_read(receive_from(fd_.get(), into), into.size());
}

IoResult Stream::note_plain_read(IoResult result, std::size_t asked_bytes) {
  if (result.status == IoStatus::Ok) short_read_ = result.bytes < asked_bytes;
  budget_bytes_ -= std::min(budget_bytes_, result.bytes);
  // A write that meets a reset takes the error away, and leaves what looks like an orderly end.
  // (EPIPE says that there was one before.)
  const bool reset = result.status == IoStatus::Eof && broken_ && error_ != EPIPE;
  return reset ? IoResult{IoStatus::Error, 0, error_} : result;
}

IoResult Stream::peek(std::span<char> into) {
  if (closed()) return {IoStatus::Again, 0, 0};
  return receive_from(fd_.get(), into, MSG_PEEK);
}

void Stream::skip(std::size_t bytes) {
  std::array<char, 256> taken;
  while (bytes > 0 && !closed()) {
    IoResult result =
        receive_from(fd_.get(), std::span(taken).first(std::min(bytes, taken.size())));
    if (result.status != IoStatus::Ok) return;
    bytes -= result.bytes;
  }
}

// What holds for a plain short read holds for the one below TLS, which is not seen here: within a
// message the socket is asked once more, as a reset that came with the bytes gives no second edge.
// And what the wire gave counts for the budget, where none of it may have been for the owner.
IoResult Stream::read_tls(std::span<char> into) {
  const std::uint64_t before = tls_->received_bytes();
  IoResult result = tls_->read(into);
  const bool drained = result.status == IoStatus::Again && !tls_->has_buffered_input();
  if (drained && short_read_ && expect_more_) {
    tls_->on_readable();
    result = tls_->read(into);
  }
  if (result.status == IoStatus::Again && tls_->has_buffered_input()) loop_.call_again(*this);
  short_read_ = result.status == IoStatus::Ok;
  const std::uint64_t received = tls_->received_bytes() - before;
  budget_bytes_ -= std::min<std::uint64_t>(budget_bytes_, received);
  return result;
}

bool Stream::has_input() const {
  if (!held_.empty()) return true;
  char byte = 0;
  return !closed() && ::recv(fd_.get(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

bool Stream::quiet() const {
  char byte = 0;
  return !closed() && ::recv(fd_.get(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && errno == EAGAIN;
}

bool Stream::has_output() const {
  return !output_.empty() || room_awaited_ || (tls_ != nullptr && tls_->wants_flush());
}

bool Stream::alive() const {
  int error = 0;
  socklen_t length = sizeof(error);
  return !closed() && getsockopt(fd_.get(), SOL_SOCKET, SO_ERROR, &error, &length) == 0 &&
         error == 0;
}

void Stream::resume_reading() {
  if (!reading_paused_) return;
  reading_paused_ = false;
  if (!closed()) loop_.call_again(*this);
}

// Told from the loop, never from within the command that met the error.
void Stream::fail(int error) {
  if (broken_) return;
  broken_ = true;
  error_ = error;
  output_.clear();
  loop_.flush_later(*this);
}

// Whoever ends a TLS connection says so, or its peer would have to take it for a truncation.
void Stream::say_goodbye() {
  const bool can = tls_ != nullptr && phase_ == Phase::Established && !broken_ && !output_shut_;
  if (can && !has_output()) tls_->shutdown();
}

void Stream::close() {
  if (closed()) return;
  say_goodbye();
  drop();
}

void Stream::drop() {
  event_.disable();
  ListHook<FlushTag>::unlink();
  ListHook<RequeueTag>::unlink();
  held_ = {};
  output_.clear();
  fd_.reset();
}

void Stream::reset() {
  if (closed()) return;
  linger abort{.l_onoff = 1, .l_linger = 0};
  setsockopt(fd_.get(), SOL_SOCKET, SO_LINGER, &abort, sizeof(abort));
  drop();
}

}  // namespace sluice::net
