// SPDX-License-Identifier: MIT
// The other half of Stream: what leaves.
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "proxy/base/check.h"
#include "proxy/net/stream.h"
#include "tls/session.h"

namespace sluice::net {

namespace {

// Below this, copying into the output block is cheaper than a system call of its own.
constexpr std::size_t kSendThroughBytes = 8 * 1024;

// With a head before it, what the kernel makes one packet of. Acknowledgements wait while a system
// call has the socket: 100 KiB in two cost half the time that they cost in one.
constexpr std::size_t kSendStepBytes = 60 * 1024;

constexpr std::size_t kPiecesMax = 32;

std::size_t total_bytes(std::span<const iovec> pieces) {
  std::size_t total = 0;
  for (const iovec& piece : pieces) total += piece.iov_len;
  return total;
}

}  // namespace

void Stream::write(std::string_view bytes) {
  if (closed() || broken_) return;
  while (bytes.size() >= kSendThroughBytes && writable_ && phase_ == Phase::Established) {
    const bool whole = tls_ != nullptr || bytes.size() < kSendStepBytes + kSendThroughBytes;
    const std::string_view step = whole ? bytes : bytes.substr(0, kSendStepBytes);
    const std::size_t sent = send_through(step);
    bytes.remove_prefix(sent);
    if (sent < step.size()) break;
  }
  if (broken_) return;
  output_.append(bytes);
  note_output();
}

void Stream::limit_bandwidth(std::uint64_t bytes_per_second) {
  if (bytes_per_second == bandwidth_ || closed()) return;
  const bool lower = bytes_per_second != 0 && (bandwidth_ == 0 || bytes_per_second < bandwidth_);
  if (!lower && (has_output() || queued_bytes() > 0)) return;
  bandwidth_ = bytes_per_second;
  const std::uint64_t rate = bandwidth_ != 0 ? bandwidth_ : ~std::uint64_t{0};
  setsockopt(fd_.get(), SOL_SOCKET, SO_MAX_PACING_RATE, &rate, sizeof(rate));
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
  const bool blocked = sent < total_bytes(pieces) || (tls_ != nullptr && tls_->wants_flush());
  if (blocked) writable_ = false;  // until the next edge
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
  const bool last = finishing_ && total_bytes(pieces) == output_.size();
  IoResult result =
      tls_->write(pieces, last ? tls::Session::Then::Goodbye : tls::Session::Then::More);
  if (result.status == IoStatus::Ok) return result.bytes;
  if (result.status != IoStatus::Again) fail(result.error);
  return 0;
}

// What was written before leaves first, and waits for company in the same packet.
IoResult Stream::send_file(int file, std::uint64_t offset, std::size_t bytes) {
  CHECK(moves_bytes() && bytes > 0);
  if (closed() || broken_) return {IoStatus::Again, 0, 0};
  send_output(MSG_MORE);
  auto at = static_cast<off_t>(offset);
  while (output_.empty() && writable_ && !broken_) {
    const ssize_t count = ::sendfile(fd_.get(), file, &at, bytes);
    if (count < 0 && errno == EINTR) continue;
    if (count == 0) return {IoStatus::Eof, 0, 0};
    if (const std::size_t moved = note_moved(count)) return {IoStatus::Ok, moved, 0};
  }
  wait_for_room();
  return {IoStatus::Again, 0, 0};
}

std::size_t Stream::send_from(Pipe& pipe) {
  CHECK(moves_bytes());
  if (closed() || broken_) return 0;
  send_output(MSG_MORE);
  std::size_t sent = 0;
  while (!pipe.empty() && output_.empty() && writable_ && !broken_) {
    const std::size_t moved = note_moved(pipe.drain(fd_.get()));
    if (moved == 0) break;
    sent += moved;
  }
  if (!pipe.empty()) wait_for_room();
  return sent;
}

// Of what sendfile(2) or splice(2) answered.
std::size_t Stream::note_moved(ssize_t count) {
  if (count < 0) {
    if (errno != EAGAIN) fail(errno);
    writable_ = false;  // until the next edge
    return 0;
  }
  sent_bytes_ += static_cast<std::size_t>(count);
  return static_cast<std::size_t>(count);
}

void Stream::wait_for_room() {
  room_awaited_ = true;
  note_backlog();
}

void Stream::send_output(int flags) {
  while (!output_.empty() && writable_ && !broken_) {
    std::array<iovec, kPiecesMax> pieces;
    std::size_t count = output_.gather(pieces);
    output_.consume(send(std::span(pieces).first(count), flags));
  }
}

void Stream::send_now() {
  if (closed() || broken_ || phase_ != Phase::Established) return;
  send_output();
  flush_tls();
}

void Stream::send_bare(std::string_view bytes) {
  CHECK(tls_ != nullptr && !tls_->established());
  if (!closed()) ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
}

// What is more than a piece leaves in one writev(2), and TLS makes other bytes of it.
Flushable::Output Stream::output() {
  const bool can = !closed() && !broken_ && moves_bytes() && writable_;
  if (!can || output_.empty()) return {};
  const std::string_view piece = output_.piece_at(0);
  return piece.size() == output_.size() ? Output{fd_.get(), piece} : Output{};
}

void Stream::on_sent(IoResult result) {
  if (result.status == IoStatus::Error) return fail(result.error);
  if (result.bytes < output_.size()) writable_ = false;  // until the next edge
  sent_bytes_ += result.bytes;
  output_.consume(result.bytes);
}

void Stream::on_flush() {
  flush_output();
  if (!attached_ && !closed()) attach();
}

void Stream::flush_output() {
  if (closed()) return;
  if (phase_ == Phase::Established && !broken_) {
    send_output();
    flush_tls();
  }
  if (broken_) {
    if (!std::exchange(broken_told_, true)) owner_->on_broken(error_);
    return;
  }
  if (phase_ != Phase::Established) return;
  const bool drained = room_awaited_ ? output_.empty() && writable_
                                     : above_low_ && output_.size() <= low_watermark_bytes_;
  if (drained) {
    above_low_ = room_awaited_ = false;
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
  return static_cast<std::int64_t>(sent_bytes_) - queued_bytes();
}

// In the socket, and not acknowledged.
int Stream::queued_bytes() const {
  int queued = 0;
  return ioctl(fd_.get(), SIOCOUTQ, &queued) == 0 ? queued : 0;
}

// Encrypted bytes that the socket did not take before, or the end of a handshake without an answer.
void Stream::flush_tls() {
  if (tls_ == nullptr || !tls_->holds_output() || !writable_) return;
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
  if (then_ == Then::Wait) ::shutdown(fd_.get(), SHUT_WR);
  owner_->on_output_finished();
}

void Stream::finish_output(Then then) {
  if (closed()) return;
  then_ = then;
  finishing_ = true;
  loop_.flush_later(*this);
}

}  // namespace sluice::net
