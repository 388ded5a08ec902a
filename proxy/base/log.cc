// SPDX-License-Identifier: MIT
#include "proxy/base/log.h"

#include <limits.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <ctime>
#include <iterator>

namespace sluice {

namespace {

std::string_view level_name(Log::Level level) {
  switch (level) {
    case Log::Level::Error:
      return "error";
    case Log::Level::Warn:
      return "warning";
    case Log::Level::Info:
      return "info";
    case Log::Level::Debug:
      return "debug";
  }
  return "";
}

// Of a pipe it says that PIPE_BUF bytes have room; of a file it always says so.
bool has_room(int fd) {
  pollfd asked{.fd = fd, .events = POLLOUT, .revents = 0};
  return ::poll(&asked, 1, 0) == 1 && (asked.revents & POLLOUT) != 0;
}

void begin_line(fmt::memory_buffer& line, Log::Level level) {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  std::tm utc{};
  gmtime_r(&now.tv_sec, &utc);
  fmt::format_to(std::back_inserter(line),
                 "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z {}: ", utc.tm_year + 1900,
                 utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec,
                 now.tv_nsec / 1'000'000, level_name(level));
}

}  // namespace

void Log::write(Level level, fmt::string_view format, fmt::format_args args) const {
  if (!enabled(level)) return;
  fmt::memory_buffer line;
  begin_line(line, level);
  fmt::vformat_to(std::back_inserter(line), format, args);
  line.resize(std::min<std::size_t>(line.size(), PIPE_BUF - 1));
  line.push_back('\n');
  const std::lock_guard lock(mutex_);
  if (dropped_ > 0 && has_room(fd_)) tell_of_dropped();
  put({line.data(), line.size()});
}

void Log::tell_of_dropped() const {
  fmt::memory_buffer line;
  begin_line(line, Level::Warn);
  fmt::format_to(std::back_inserter(line), "{} line{} of this log had no room\n", dropped_,
                 dropped_ == 1 ? "" : "s");
  dropped_ = 0;
  put({line.data(), line.size()});
}

// A log that cannot be written must not stop the proxy; there is nobody left to tell.
void Log::put(std::string_view line) const {
  const bool written = has_room(fd_) && ::write(fd_, line.data(), line.size()) > 0;
  if (!written) ++dropped_;
}

}  // namespace sluice
