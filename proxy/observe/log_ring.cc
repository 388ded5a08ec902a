// SPDX-License-Identifier: MIT
#include "proxy/observe/log_ring.h"

#include <algorithm>
#include <cstring>

#include "proxy/base/check.h"
#include "proxy/observe/log_wake.h"

namespace sluice::observe {

LogBytes LogBytes::front(std::size_t bytes) const {
  const std::size_t of_first = std::min(bytes, first.size());
  return {first.substr(0, of_first), second.substr(0, bytes - of_first)};
}

LogBytes LogBytes::whole_lines(std::size_t bytes_max) const {
  if (size() <= bytes_max) return *this;
  const LogBytes fitting = front(bytes_max);
  constexpr std::size_t kNone = std::string_view::npos;
  if (const std::size_t end = fitting.second.rfind('\n'); end != kNone) {
    return front(first.size() + end + 1);
  }
  if (const std::size_t end = fitting.first.rfind('\n'); end != kNone) return front(end + 1);
  if (const std::size_t end = first.find('\n'); end != kNone) return front(end + 1);
  const std::size_t end = second.find('\n');
  return end != kNone ? front(first.size() + end + 1) : *this;
}

LogRing::LogRing(LogWake& wake, std::size_t bytes)
    : wake_(wake), capacity_(bytes), bytes_(std::make_unique_for_overwrite<char[]>(bytes)) {
  CHECK(bytes != 0 && (bytes & (bytes - 1)) == 0);
}

bool LogRing::push(std::string_view line) {
  const std::size_t half = capacity_ / 2;
  const std::size_t tail = tail_.load(std::memory_order_relaxed);
  if (tail - head_seen_ + line.size() > half) head_seen_ = head_.load(std::memory_order_acquire);
  const std::size_t used = tail - head_seen_;
  if (line.size() > capacity_ - used) {
    dropped_.store(dropped_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    return false;
  }
  copy_in(tail & (capacity_ - 1), line);
  // Sequentially consistent, and so is the look at the parked mark that follows: see LogWake.
  tail_.store(tail + line.size(), std::memory_order_seq_cst);
  // A burst may fill the ring before the writer's next look.
  if (used <= half && used + line.size() > half) {
    wake_.rouse();
  } else {
    wake_.rouse_if_parked();
  }
  return true;
}

void LogRing::copy_in(std::size_t at, std::string_view line) {
  const std::size_t before_end = std::min(line.size(), capacity_ - at);
  std::memcpy(bytes_.get() + at, line.data(), before_end);
  std::memcpy(bytes_.get(), line.data() + before_end, line.size() - before_end);
}

LogBytes LogRing::readable() const {
  const std::size_t head = head_.load(std::memory_order_relaxed);
  const std::size_t size = tail_.load(std::memory_order_acquire) - head;
  const std::size_t at = head & (capacity_ - 1);
  const std::size_t before_end = std::min(size, capacity_ - at);
  return {{bytes_.get() + at, before_end}, {bytes_.get(), size - before_end}};
}

bool LogRing::empty() const {
  return tail_.load(std::memory_order_seq_cst) == head_.load(std::memory_order_relaxed);
}

void LogRing::consume(std::size_t bytes) {
  head_.store(head_.load(std::memory_order_relaxed) + bytes, std::memory_order_release);
}

}  // namespace sluice::observe
