// SPDX-License-Identifier: MIT
// The error log: levelled lines to stderr, for what an operator should know (a backend ejected, a
// reload refused). One line is one write(2), so that lines of several threads never mix. Not for
// anything that happens once per request: that is the access log's (proxy/observe/access_log.h).
//
// Thread-safe. The Server owns it and lends it out.
#pragma once

#include <fmt/format.h>

#include <atomic>
#include <cstdint>
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

  std::atomic<Level> level_;
  int fd_;
};

}  // namespace sluice
