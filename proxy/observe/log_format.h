// SPDX-License-Identifier: MIT
// The formats of the access log: what a line tells, as values, and how each format spells it.
// Pure functions and values; the views of a LogRecord need only live during the call.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <ctime>
#include <optional>
#include <string_view>

#include "proxy/base/ip.h"
#include "proxy/http/message.h"
#include "proxy/observe/log_line.h"

namespace sluice::observe {

struct LogRecord {
  using Span = std::optional<std::chrono::microseconds>;  // none: it was never reached

  IpAddress client;
  std::string_view id;
  std::string_view method;  // empty, as is the target, when the request was not understood
  std::string_view host;
  std::string_view target;
  http::Version version = http::Version::Http11;
  std::string_view referer;
  std::string_view user_agent;
  int status = 0;
  std::uint64_t bytes_in = 0;   // of the request body
  std::uint64_t bytes_out = 0;  // of the response body
  std::string_view route;
  std::string_view pool;
  std::string_view backend;
  int attempts = 0;
  bool reused = false;
  std::string_view cache;  // one word: what the cache had to do with it; empty without
  Span head;               // first byte of the request -> its head complete
  Span connect;            // -> the backend connected, after all attempts
  Span first_byte;         // -> the head of its response complete
  Span total;              // first byte of the request -> end
  std::string_view tls;    // "TLSv1.3"; empty without
  std::string_view end;    // one word: why it ended
};

// Apache's combined format with an empty user field, and the time that is given as
// "10/Oct/2000:13:55:36 -0700".
void format_combined(const LogRecord& record, std::string_view time, LogLine& line);

// One object, with the time that is given as "2000-10-10T20:55:36" and the milliseconds behind it.
void format_json(const LogRecord& record, std::string_view time, unsigned milliseconds,
                 LogLine& line);

// How a second is written, made anew only when the second changes.
class LogTime {
 public:
  // "10/Oct/2000:13:55:36 -0700", in local time.
  std::string_view combined(std::time_t second);
  // "2000-10-10T20:55:36", in UTC.
  std::string_view json(std::time_t second);

  static constexpr std::size_t kBytesMax = 40;

 private:
  // Of one format, as an AccessLog writes only one.
  std::optional<std::time_t> second_;
  std::size_t size_ = 0;
  char text_[kBytesMax];
};

}  // namespace sluice::observe
