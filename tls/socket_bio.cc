// SPDX-License-Identifier: MIT
#include "tls/socket_bio.h"

#include <openssl/bio.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace sluice::tls {
namespace {

// An iovec cannot say that its bytes are only read.
iovec as_iovec(std::span<const char> bytes) {
  return {const_cast<char*>(bytes.data()), bytes.size()};
}

SocketBio& wire_of(BIO* bio) {
  return *static_cast<SocketBio*>(BIO_get_data(bio));
}

}  // namespace

BioMethodPtr SocketBio::make_method() {
  BioMethodPtr method(BIO_meth_new(BIO_TYPE_SOURCE_SINK, "sluice socket"));
  const bool set = method != nullptr && BIO_meth_set_read_ex(method.get(), bio_read) == 1 &&
                   BIO_meth_set_write_ex(method.get(), bio_write) == 1 &&
                   BIO_meth_set_ctrl(method.get(), bio_control) == 1 &&
                   BIO_meth_set_create(method.get(), bio_create) == 1;
  if (!set) method.reset();
  return method;
}

BioPtr SocketBio::make_bio() {
  static const BioMethodPtr kMethod = make_method();  // the same for all; never changed
  if (kMethod == nullptr) return nullptr;
  BioPtr bio(BIO_new(kMethod.get()));
  if (bio != nullptr) BIO_set_data(bio.get(), this);
  return bio;
}

void SocketBio::begin(std::span<char> scratch) {
  scratch_ = scratch;
  collected_ = 0;
  send_next_ = false;
}

void SocketBio::end() {
  if (collected_ > 0) send_or_hold(scratch_.first(collected_), {});
  begin({});
}

void SocketBio::hold_back() {
  hold(scratch_.first(collected_));
  collected_ = 0;
}

void SocketBio::flush() {
  if (holds_output() && error_ == 0) send_or_hold({}, {});
}

void SocketBio::on_peer_closed() {
  peer_closed_ = true;
  drained_ = false;
}

SocketBio::Step SocketBio::receive(std::span<char> into, std::size_t& got) {
  if (drained_) return Step::Wait;
  if (at_end_) return Step::Failed;
  if (allowed_ == 0) return Step::Wait;
  ssize_t size = 0;
  do {
    size = ::recv(fd_, into.data(), into.size(), 0);
  } while (size < 0 && errno == EINTR);
  if (size < 0) {
    if (errno == EAGAIN) {
      drained_ = true;
      return Step::Wait;
    }
    if (error_ == 0) error_ = errno;
    return Step::Failed;
  }
  at_end_ = size == 0 && !into.empty();
  if (at_end_) return Step::Failed;
  got = static_cast<std::size_t>(size);
  received_ += got;
  allowed_ -= std::min(allowed_, got);
  // Less than asked for: the socket is empty, and a new edge will tell when it is not. A FIN may be
  // queued behind the data without an edge of its own; then the owner has told us so.
  drained_ = got < into.size() && !peer_closed_;
  return Step::Done;
}

SocketBio::Step SocketBio::put(std::span<const char> record) {
  if (error_ != 0) return Step::Failed;
  if (blocked_) {
    if (is_full()) return Step::Wait;
    hold(record);  // behind what has to go first
    return Step::Done;
  }
  const bool fits = record.size() <= scratch_.size() - collected_;
  if (fits && !send_next_) {
    std::memcpy(scratch_.data() + collected_, record.data(), record.size());
    collected_ += record.size();
    return Step::Done;
  }
  const auto before = scratch_.first(collected_);
  collected_ = 0;
  send_or_hold(before, record);
  return error_ == 0 ? Step::Done : Step::Failed;
}

// What is held goes first.
void SocketBio::send_or_hold(std::span<const char> first, std::span<const char> second) {
  const std::array<iovec, 3> pieces{as_iovec(held()), as_iovec(first), as_iovec(second)};
  std::size_t sent = send(std::span(pieces).subspan(holds_output() ? 0 : 1));
  if (error_ != 0) return;
  const auto left_of = [&sent](std::span<const char> bytes) {
    const std::size_t gone = std::min(sent, bytes.size());
    sent -= gone;
    return bytes.subspan(gone);
  };
  held_from_ += held().size() - left_of(held()).size();
  hold(left_of(first));
  hold(left_of(second));
  blocked_ = holds_output();
  if (blocked_) return;
  held_ = std::vector<char>();  // gives the memory back, which clear() and {} would not
  held_from_ = 0;
}

std::size_t SocketBio::send(std::span<const iovec> pieces) {
  msghdr message{};
  message.msg_iov = const_cast<iovec*>(pieces.data());
  message.msg_iovlen = pieces.back().iov_len == 0 ? pieces.size() - 1 : pieces.size();
  ssize_t sent = 0;
  do {
    sent = ::sendmsg(fd_, &message, MSG_NOSIGNAL);
  } while (sent < 0 && errno == EINTR);
  if (sent >= 0) return static_cast<std::size_t>(sent);
  if (errno != EAGAIN) error_ = errno;
  return 0;
}

int SocketBio::bio_read(bio_st* bio, char* into, std::size_t size, std::size_t* got) {
  BIO_clear_retry_flags(bio);
  const Step step = wire_of(bio).receive({into, size}, *got);
  if (step == Step::Wait) BIO_set_retry_read(bio);
  return step == Step::Done ? 1 : 0;
}

int SocketBio::bio_write(bio_st* bio, const char* from, std::size_t size, std::size_t* taken) {
  BIO_clear_retry_flags(bio);
  const Step step = wire_of(bio).put({from, size});
  if (step == Step::Wait) BIO_set_retry_write(bio);
  if (step != Step::Done) return 0;
  *taken = size;
  return 1;
}

// BIO_CTRL_EOF is left unanswered on purpose: OpenSSL would make an end without close_notify a
// fatal error and the connection unwritable, where a client may have closed only its own direction.
long SocketBio::bio_control(bio_st*, int command, long, void*) {
  return command == BIO_CTRL_FLUSH ? 1 : 0;
}

int SocketBio::bio_create(bio_st* bio) {
  BIO_set_init(bio, 1);
  return 1;
}

}  // namespace sluice::tls
