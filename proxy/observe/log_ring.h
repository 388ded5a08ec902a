// SPDX-License-Identifier: MIT
// LogRing: the lines on their way from one worker to the log's writer. A lock-free ring of bytes
// with one producer and one consumer; a line that does not fit is dropped and counted, because a
// worker never waits for a log.
//
// A line is published as a whole, so the consumer never sees a part of one.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

namespace sluice::observe {

class LogWake;

// Bytes of a ring, in two pieces where they go around its end.
struct LogBytes {
  std::string_view first;
  std::string_view second;

  std::size_t size() const { return first.size() + second.size(); }
  bool empty() const { return first.empty(); }
  // REQUIRES: at < size().
  char operator[](std::size_t at) const {
    return at < first.size() ? first[at] : second[at - first.size()];
  }

  LogBytes front(std::size_t bytes) const;

  // As many whole lines from the front as fit into `bytes_max`; the first line alone if it is
  // longer. REQUIRES: they end with a newline.
  LogBytes whole_lines(std::size_t bytes_max) const;
};

class LogRing {
 public:
  static constexpr std::size_t kDefaultBytes = std::size_t{1} << 20;

  // Borrows `wake`. REQUIRES: bytes is a power of two.
  explicit LogRing(LogWake& wake, std::size_t bytes = kDefaultBytes);
  LogRing(const LogRing&) = delete;
  LogRing& operator=(const LogRing&) = delete;

  // The producer's side. False if the line was dropped. REQUIRES: the line ends with a newline and
  // has no other.
  bool push(std::string_view line);

  // The consumer's side: what has been pushed, and taking it out from the front.
  LogBytes readable() const;
  bool empty() const;
  void consume(std::size_t bytes);

  // Any thread.
  std::uint64_t dropped() const { return dropped_.load(std::memory_order_relaxed); }

 private:
  static constexpr std::size_t kCacheLine = 64;

  void copy_in(std::size_t at, std::string_view line);

  LogWake& wake_;
  const std::size_t capacity_;
  std::unique_ptr<char[]> bytes_;

  // Positions only grow; their place in the ring is what is left of capacity_.
  alignas(kCacheLine) std::atomic<std::size_t> tail_{0};  // written by the producer
  std::size_t head_seen_ = 0;                             // the producer's, never ahead of head_
  std::atomic<std::uint64_t> dropped_{0};
  alignas(kCacheLine) std::atomic<std::size_t> head_{0};  // written by the consumer
};

}  // namespace sluice::observe
