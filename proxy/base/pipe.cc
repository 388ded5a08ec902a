// SPDX-License-Identifier: MIT
#include "proxy/base/pipe.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "proxy/base/check.h"

namespace sluice {

namespace {

ssize_t splice_now(int from, int to, std::size_t bytes) {
  for (;;) {
    const ssize_t count =
        ::splice(from, nullptr, to, nullptr, bytes, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
    if (count >= 0 || errno != EINTR) return count;
  }
}

}  // namespace

Pipe::Pipe(Fd read_end, Fd write_end)
    : read_end_(std::move(read_end)), write_end_(std::move(write_end)) {}

std::optional<Pipe> Pipe::create() {
  int ends[2];
  if (::pipe2(ends, O_NONBLOCK | O_CLOEXEC) != 0) return std::nullopt;
  Pipe pipe{Fd(ends[0]), Fd(ends[1])};
  int size = ::fcntl(ends[1], F_SETPIPE_SZ, static_cast<int>(kBytes));
  if (size < 0) size = ::fcntl(ends[1], F_GETPIPE_SZ);
  if (size < static_cast<int>(kLeastBytes)) return std::nullopt;
  return pipe;
}

ssize_t Pipe::fill(int from_socket, std::size_t limit) {
  CHECK(empty());
  const ssize_t count = splice_now(from_socket, write_end_.get(), limit);
  if (count > 0) bytes_ = static_cast<std::size_t>(count);
  return count;
}

// Asked for no more than there is, so that the last packet does not wait for company.
ssize_t Pipe::drain(int to_socket) {
  CHECK(!empty());
  const ssize_t count = splice_now(read_end_.get(), to_socket, bytes_);
  if (count > 0) bytes_ -= static_cast<std::size_t>(count);
  return count;
}

std::size_t Pipe::take(std::span<char> into) {
  CHECK(!empty() && !into.empty());
  ssize_t count = 0;
  do {
    count = ::read(read_end_.get(), into.data(), into.size());
  } while (count < 0 && errno == EINTR);
  CHECK(count > 0);  // it holds bytes_
  bytes_ -= static_cast<std::size_t>(count);
  return static_cast<std::size_t>(count);
}

PipePool::Handle PipePool::take() {
  if (splice_ == Splice::Denied || in_use_ == kMost) return {};
  std::unique_ptr<Pipe> pipe = std::move(spare_);
  if (pipe == nullptr) pipe = make();
  if (pipe == nullptr) return {};
  ++in_use_;
  return Handle(pipe.release(), GiveBack{this});
}

std::unique_ptr<Pipe> PipePool::make() {
  if (refusals_left_ > 0) {
    --refusals_left_;
    return nullptr;
  }
  std::optional<Pipe> made = Pipe::create();
  if (made && splice_ == Splice::Unknown) splice_ = try_splice(*made);
  if (made && splice_ == Splice::Works) return std::make_unique<Pipe>(std::move(*made));
  refusals_left_ = kRefusals;
  return nullptr;
}

// Whether a byte passes from a socket to a socket. A filter of system calls may forbid it
// (seccomp(2)), and an emulated kernel may lack the call.
PipePool::Splice PipePool::try_splice(Pipe& pipe) {
  int ends[2];
  const int type = SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC;
  if (::socketpair(AF_UNIX, type, 0, ends) != 0) {
    const bool for_now = errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM;
    return for_now ? Splice::Unknown : Splice::Denied;
  }
  const Fd here(ends[0]);
  const Fd there(ends[1]);
  const bool passes = ::send(there.get(), "x", 1, MSG_NOSIGNAL) == 1 &&
                      pipe.fill(here.get(), 1) == 1 && pipe.drain(here.get()) == 1;
  return passes ? Splice::Works : Splice::Denied;
}

// One that still holds bytes is of no more use.
void PipePool::give_back(Pipe* pipe) {
  std::unique_ptr<Pipe> owned(pipe);
  --in_use_;
  if (owned->empty() && spare_ == nullptr) spare_ = std::move(owned);
}

}  // namespace sluice
