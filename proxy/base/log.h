// SPDX-License-Identifier: MIT
// The error log: levelled lines to stderr, for what an operator should know (a backend ejected, a
// reload refused). One line is one write(2), so that lines of several threads never mix. Not for
// anything that happens once per request: that is the access log's (proxy/observe/access_log.h).
//
// Nobody waits for who reads it: a line for which there is no room in the pipe is dropped, and the
// next one that has room says how many were. One that is longer than PIPE_BUF is cut.
//
// Thread-safe. The Server owns it and lends it out.
#pragma once

#include <fmt/format.h>

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string_view>
#include <utility>

namespace sluice {

class Log {
 public:
  enum class Level : std::uint8_t { Error, Warn, Info, Debug };

  explicit Log(Level level, int fd = 2) : level_(level), fd_(fd) {}

  bool enabled(Level level) const { return level <= level_.load(std::memory_order_relaxed); }
  void set_level(Level level) { level_.store(level, std::memory_order_relaxed); }

  template <typename... Args>
  void error(fmt::format_string<Args...> format, Args&&... args) const {
    write(Level::Error, format, fmt::make_format_args(args...));
  }
  template <typename... Args>
  void warn(fmt::format_string<Args...> format, Args&&... args) const {
    write(Level::Warn, format, fmt::make_format_args(args...));
  }
  template <typename... Args>
  void info(fmt::format_string<Args...> format, Args&&... args) const {
    write(Level::Info, format, fmt::make_format_args(args...));
  }
  template <typename... Args>
  void debug(fmt::format_string<Args...> format, Args&&... args) const {
    write(Level::Debug, format, fmt::make_format_args(args...));
  }

 private:
  void write(Level level, fmt::string_view format, fmt::format_args args) const;
  // REQUIRES, both: mutex_ held.
  void tell_of_dropped() const;
  void put(std::string_view line) const;

  std::atomic<Level> level_;
  int fd_;
  mutable std::mutex mutex_;  // between asking for room and taking it
  mutable std::uint64_t dropped_ = 0;
};

}  // namespace sluice
