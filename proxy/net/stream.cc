// SPDX-License-Identifier: MIT
#include "proxy/net/stream.h"

#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "proxy/base/check.h"
#include "tls/session.h"

namespace sluice::net {

namespace {

constexpr short kInterest = EV_READ | EV_WRITE | EV_CLOSED | EV_ET;

// Below this, copying into the output block is cheaper than a system call of its own.
constexpr std::size_t kSendThroughBytes = 8 * 1024;

constexpr std::size_t kPiecesMax = 32;

std::size_t total_bytes(std::span<const iovec> pieces) {
  std::size_t total = 0;
  for (const iovec& piece : pieces) total += piece.iov_len;
  return total;
}

}  // namespace

Stream::Stream(EventLoop& loop, Fd fd, Owner* owner)
    : loop_(loop),
      fd_(std::move(fd)),
      owner_(owner),
      event_(loop.base(), fd_.get(), kInterest, FdEvent::Callback::of<&Stream::on_event>(this)),
      output_(loop.blocks()) {
  event_.enable();
}

Stream::Stream(EventLoop& loop, Fd fd, Owner* owner, std::shared_ptr<const tls::ServerContext> tls)
    : Stream(loop, std::move(fd), owner) {
  tls_ = std::make_unique<tls::Session>(std::move(tls), fd_.get());
  phase_ = Phase::Handshaking;
}

Stream::Stream(EventLoop& loop, Fd fd, Owner* owner, Connecting)
    : Stream(loop, std::move(fd), owner) {
  phase_ = Phase::Connecting;
  writable_ = false;  // the edge tells that connect() has ended
}

Stream::~Stream() = default;

void Stream::on_event(short what) {
  note_readiness(what);
  if (phase_ == Phase::Established) {
    if ((what & EV_WRITE) != 0) flush_output();
    if (!closed()) announce_readable();
  } else if (broken_) {
    return;  // the owner has been told, or will be at the end of the turn
  } else if (phase_ == Phase::Handshaking) {
    step_handshake();
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
  if (phase_ != Phase::Handshaking) return announce_readable();
  if (!broken_) step_handshake();
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
  if ((readable_ || buffered) && !reading_paused_) owner_->on_readable();
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
  if (result.status == IoStatus::Again) {  // see read_tls()
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
  flush_output();
  if (!closed()) announce_readable();
}

std::string_view Stream::tls_version() const {
  return tls_ != nullptr ? tls_->version() : std::string_view();
}

IoResult Stream::read(std::span<char> into) {
  CHECK(!into.empty());
  if (closed() || reading_paused_) return {IoStatus::Again, 0, 0};
  if (budget_bytes_ == 0) {
    loop_.call_again(*this);
    return {IoStatus::Again, 0, 0};
  }
  IoResult result = tls_ != nullptr ? read_tls(into) : read_plain(into);
  if (result.status == IoStatus::Again) readable_ = false;
  budget_bytes_ -= std::min(budget_bytes_, result.bytes);
  return result;
}

IoResult Stream::read_plain(std::span<char> into) {
  bool drained = short_read_ && !expect_more_ && !peer_closed_;
  if (!readable_ || drained) return {IoStatus::Again, 0, 0};
  IoResult result = receive(into, 0);
  if (result.status == IoStatus::Ok) short_read_ = result.bytes < into.size();
  // A write that meets a reset takes the error away, and leaves what looks like an orderly end.
  // (EPIPE says that there was one before.)
  const bool reset = result.status == IoStatus::Eof && broken_ && error_ != EPIPE;
  return reset ? IoResult{IoStatus::Error, 0, error_} : result;
}

IoResult Stream::receive(std::span<char> into, int flags) {
  for (;;) {
    ssize_t count = ::recv(fd_.get(), into.data(), into.size(), flags);
    if (count > 0) return {IoStatus::Ok, static_cast<std::size_t>(count), 0};
    if (count == 0) return {IoStatus::Eof, 0, 0};
    if (errno == EINTR) continue;
    if (errno == EAGAIN) return {IoStatus::Again, 0, 0};
    return {IoStatus::Error, 0, errno};
  }
}

IoResult Stream::peek(std::span<char> into) {
  if (closed()) return {IoStatus::Again, 0, 0};
  return receive(into, MSG_PEEK);
}

void Stream::skip(std::size_t bytes) {
  std::array<char, 256> taken;
  while (bytes > 0 && !closed()) {
    IoResult result = receive(std::span(taken).first(std::min(bytes, taken.size())), 0);
    if (result.status != IoStatus::Ok) return;
    bytes -= result.bytes;
  }
}

// What holds for a plain short read holds for the one below TLS, which is not seen here: within a
// message the socket is asked once more, as a reset that came with the bytes gives no second edge.
IoResult Stream::read_tls(std::span<char> into) {
  IoResult result = tls_->read(into);
  if (result.status == IoStatus::Again && short_read_ && expect_more_) {
    tls_->on_readable();
    result = tls_->read(into);
  }
  short_read_ = result.status == IoStatus::Ok;
  return result;
}

bool Stream::has_input() const {
  char byte = 0;
  return !closed() && ::recv(fd_.get(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

bool Stream::quiet() const {
  char byte = 0;
  return !closed() && ::recv(fd_.get(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && errno == EAGAIN;
}

bool Stream::has_output() const {
  return !output_.empty() || file_waits_ || (tls_ != nullptr && tls_->wants_flush());
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

void Stream::write(std::string_view bytes) {
  if (closed() || broken_) return;
  bool through = bytes.size() >= kSendThroughBytes && writable_ && phase_ == Phase::Established;
  if (through) bytes.remove_prefix(send_through(bytes));
  if (broken_) return;
  output_.append(bytes);
  note_output();
}

void Stream::commit(std::size_t bytes) {
  output_.commit(bytes);
  if (closed() || broken_) return output_.clear();
  note_output();
}

void Stream::note_output() {
  above_low_ = above_low_ || output_.size() > low_watermark_bytes_;
  loop_.flush_later(*this);
}

// Sends what is buffered and then `bytes` from where they are; returns how many of `bytes` left.
std::size_t Stream::send_through(std::string_view bytes) {
  if (output_.size() >= kSendThroughBytes) send_output();
  if (!writable_ || broken_) return 0;
  std::array<iovec, kPiecesMax> pieces;
  std::size_t count = output_.gather(std::span(pieces).first(kPiecesMax - 1));
  std::size_t before = total_bytes(std::span(pieces).first(count));
  if (before != output_.size()) return 0;
  pieces[count++] = {const_cast<char*>(bytes.data()), bytes.size()};
  std::size_t sent = send(std::span(pieces).first(count));
  std::size_t of_buffered = std::min(sent, before);
  output_.consume(of_buffered);
  return sent - of_buffered;
}

std::size_t Stream::send(std::span<const iovec> pieces, int flags) {
  std::size_t sent = tls_ != nullptr ? send_tls(pieces) : send_plain(pieces, flags);
  if (sent < total_bytes(pieces)) writable_ = false;  // until the next edge
  sent_bytes_ += sent;
  return sent;
}

std::size_t Stream::send_plain(std::span<const iovec> pieces, int flags) {
  msghdr message{};
  message.msg_iov = const_cast<iovec*>(pieces.data());
  message.msg_iovlen = pieces.size();
  for (;;) {
    ssize_t count = ::sendmsg(fd_.get(), &message, MSG_NOSIGNAL | flags);
    if (count >= 0) return static_cast<std::size_t>(count);
    if (errno == EINTR) continue;
    if (errno != EAGAIN) fail(errno);
    return 0;
  }
}

std::size_t Stream::send_tls(std::span<const iovec> pieces) {
  IoResult result = tls_->write(pieces);
  if (result.status == IoStatus::Ok) return result.bytes;
  if (result.status != IoStatus::Again) fail(result.error);
  return 0;
}

// What was written before leaves first, and waits for company in the same packet.
IoResult Stream::send_file(int file, std::uint64_t offset, std::size_t bytes) {
  CHECK(can_send_file() && bytes > 0);
  if (closed() || broken_) return {IoStatus::Again, 0, 0};
  send_output(MSG_MORE);
  auto at = static_cast<off_t>(offset);
  while (output_.empty() && writable_ && !broken_) {
    const ssize_t count = ::sendfile(fd_.get(), file, &at, bytes);
    if (count < 0 && errno == EINTR) continue;
    if (count > 0) {
      sent_bytes_ += static_cast<std::size_t>(count);
      return {IoStatus::Ok, static_cast<std::size_t>(count), 0};
    }
    if (count == 0) return {IoStatus::Eof, 0, 0};
    if (errno != EAGAIN) fail(errno);
    writable_ = false;
  }
  file_waits_ = true;
  note_backlog();
  return {IoStatus::Again, 0, 0};
}

void Stream::send_output(int flags) {
  while (!output_.empty() && writable_ && !broken_) {
    std::array<iovec, kPiecesMax> pieces;
    std::size_t count = output_.gather(pieces);
    output_.consume(send(std::span(pieces).first(count), flags));
  }
}

void Stream::on_flush() {
  flush_output();
}

void Stream::flush_output() {
  if (closed()) return;
  if (phase_ == Phase::Established && !broken_) {
    flush_tls();
    send_output();
  }
  if (broken_) {
    if (!std::exchange(broken_told_, true)) owner_->on_broken(error_);
    return;
  }
  if (phase_ != Phase::Established) return;
  const bool drained = file_waits_ ? output_.empty() && writable_
                                   : above_low_ && output_.size() <= low_watermark_bytes_;
  if (drained) {
    above_low_ = file_waits_ = false;
    owner_->on_drained();
    if (closed()) return;
  }
  note_backlog();
  if (finishing_ && !has_output() && !output_shut_) shut_output();
}

// Nothing waits for a moment, too, where whoever fills the output was paused until it had drained.
void Stream::note_backlog() {
  constexpr TimePoint kNever = TimePoint::max();
  if (!has_output()) {
    if (backlog_since_ != kNever && backlog_gap_since_ == kNever) backlog_gap_since_ = loop_.now();
  } else if (backlog_since_ == kNever) {
    restart_backlog();
  } else if (backlog_gap_since_ != kNever) {
    backlog_since_ += loop_.now() - backlog_gap_since_;
    backlog_gap_since_ = kNever;
  }
}

TimePoint Stream::backlog_since() {
  note_backlog();
  if (!has_output()) backlog_since_ = backlog_gap_since_ = TimePoint::max();
  return backlog_since_;
}

void Stream::restart_backlog() {
  backlog_since_ = loop_.now();
  backlog_mark_bytes_ = acknowledged_bytes();
}

std::uint64_t Stream::backlog_taken_bytes() const {
  const std::int64_t taken = acknowledged_bytes() - backlog_mark_bytes_;
  return static_cast<std::uint64_t>(std::max<std::int64_t>(taken, 0));
}

// Below zero, where TLS has made more of what was sent.
std::int64_t Stream::acknowledged_bytes() const {
  int queued = 0;
  if (ioctl(fd_.get(), SIOCOUTQ, &queued) != 0) queued = 0;
  return static_cast<std::int64_t>(sent_bytes_) - queued;
}

// Encrypted bytes that the socket did not take before.
void Stream::flush_tls() {
  if (tls_ == nullptr || !tls_->wants_flush()) return;
  IoResult result = tls_->flush();
  if (result.status == IoStatus::Again) writable_ = false;
  if (result.status == IoStatus::Error) fail(result.error);
}

void Stream::shut_output() {
  if (tls_ != nullptr && tls_->shutdown().status == IoStatus::Again) {
    writable_ = false;
    return;  // the FIN follows the close_notify, with a later flush
  }
  output_shut_ = true;
  ::shutdown(fd_.get(), SHUT_WR);
  owner_->on_output_finished();
}

void Stream::finish_output() {
  if (closed()) return;
  finishing_ = true;
  loop_.flush_later(*this);
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
