// SPDX-License-Identifier: MIT
// Pipe and PipePool: bytes on their way from one socket to another without passing through this
// process's memory (splice(2)).
//
// A pipe holds pages of the kernel's, and a user may have only so many of them (pipe(7)), so a
// worker has few at a time: whoever gets none moves bytes through memory. Single-threaded; the pool
// outlives its handles.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>

#include "proxy/base/fd.h"

namespace sluice {

class Pipe {
 public:
  // What it holds; where the kernel does not give that much, less, but not below the least.
  static constexpr std::size_t kBytes = 256 * 1024;
  static constexpr std::size_t kLeastBytes = 64 * 1024;

  // Nothing: no descriptor is left, or the user's pages are used up.
  static std::optional<Pipe> create();

  bool empty() const { return bytes_ == 0; }
  // Moved into it and not yet out.
  std::size_t size() const { return bytes_; }

  // From and to a non-blocking socket: as many bytes as can be moved at once, at most `limit`.
  // Returns what splice(2) does, with errno.
  // REQUIRES for fill(): empty(), so that EAGAIN is the socket's. For drain(): not empty().
  ssize_t fill(int from_socket, std::size_t limit);
  ssize_t drain(int to_socket);

  // Copies the first of its bytes out of it; all that fit into `into`. REQUIRES: not empty().
  std::size_t take(std::span<char> into);

 private:
  Pipe(Fd read_end, Fd write_end);

  Fd read_end_;
  Fd write_end_;
  std::size_t bytes_ = 0;
};

class PipePool {
 public:
  // Handed out at a time. (64 pages each, of the 16,384 that all pipes of a user may have who is
  // not root; more workers than eight get smaller ones, or none.)
  static constexpr std::size_t kMost = 32;
  // After one that could not be had, so many are not even asked for.
  static constexpr unsigned kRefusals = 64;

  PipePool() = default;
  PipePool(const PipePool&) = delete;
  PipePool& operator=(const PipePool&) = delete;

  struct GiveBack {
    PipePool* pool = nullptr;
    void operator()(Pipe* pipe) const { pool->give_back(pipe); }
  };
  using Handle = std::unique_ptr<Pipe, GiveBack>;

  // An empty pipe; null: there is none to be had now, or this system does not splice at all.
  Handle take();

 private:
  enum class Splice { Unknown, Works, Denied };

  static Splice try_splice(Pipe& pipe);
  std::unique_ptr<Pipe> make();
  void give_back(Pipe* pipe);

  // One is enough for the many who empty theirs before another takes one.
  std::unique_ptr<Pipe> spare_;
  std::size_t in_use_ = 0;
  unsigned refusals_left_ = 0;
  Splice splice_ = Splice::Unknown;
};

}  // namespace sluice
