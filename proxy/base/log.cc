// SPDX-License-Identifier: MIT
#include "proxy/base/log.h"

#include <unistd.h>

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

}  // namespace

void Log::write(Level level, fmt::string_view format, fmt::format_args args) const {
  if (!enabled(level)) return;
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  std::tm utc{};
  gmtime_r(&now.tv_sec, &utc);

  fmt::memory_buffer line;
  fmt::format_to(std::back_inserter(line),
                 "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z {}: ", utc.tm_year + 1900,
                 utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec,
                 now.tv_nsec / 1'000'000, level_name(level));
  fmt::vformat_to(std::back_inserter(line), format, args);
  line.push_back('\n');
  // A log that cannot be written must not stop the proxy; there is nobody left to tell.
  [[maybe_unused]] ssize_t written = ::write(fd_, line.data(), line.size());
}

}  // namespace sluice
