// SPDX-License-Identifier: MIT
// LogLine: one line of the access log while it is put together, on the stack. What comes from
// strangers is escaped and cut to a length, so that no request can end a line, forge another, or
// make one too long.
//
// Whoever writes a line bounds the sum of its parts by kBytesMax.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "proxy/base/ip.h"

namespace sluice::observe {

class LogLine {
 public:
  static constexpr std::size_t kBytesMax = 8192;

  // Not for what comes from outside.
  void text(std::string_view text);
  void number(std::uint64_t number);
  void address(const IpAddress& address);
  // "12.345", or "null".
  void milliseconds(std::optional<std::chrono::microseconds> duration);

  // At most `bytes_max` bytes of the value's escaped form; one that is cut ends in "...".
  // For a JSON string: valid UTF-8, in which a byte that is none became U+FFFD, and without
  // anything that some reader takes for the end of a line.
  void json(std::string_view value, std::size_t bytes_max);
  // As Apache's logs have it: \" \\ \n \t, and \xhh for whatever is not printable ASCII.
  void quoted(std::string_view value, std::size_t bytes_max);

  std::string_view view() const { return {bytes_, size_}; }

 private:
  struct Escape;
  using Escaper = Escape (*)(std::string_view);

  char* room(std::size_t bytes);
  void escaped(std::string_view value, std::size_t bytes_max, Escaper escape);

  std::size_t size_ = 0;
  char bytes_[kBytesMax];  // not initialised: only the first size_ bytes are ever read
};

}  // namespace sluice::observe
