// SPDX-License-Identifier: MIT
// As much of HTTP as the programs of the load benchmarks need: where a head ends, and how long its
// body is.
#pragma once

#include <algorithm>
#include <cstdlib>
#include <string_view>

namespace sluice::load {

constexpr std::string_view kHeadEnd = "\r\n\r\n";

// Of a head, its last line's end included; 0 where it does not say.
inline std::size_t content_length(std::string_view head) {
  static constexpr std::string_view kName = "\ncontent-length:";
  const auto* const found = std::search(
      head.begin(), head.end(), kName.begin(), kName.end(), [](char byte, char of_name) {
        return (byte >= 'A' && byte <= 'Z' ? byte - 'A' + 'a' : byte) == of_name;
      });
  if (found == head.end()) return 0;
  return std::strtoul(&*found + kName.size(), nullptr, 10);  // ends at the line's CR
}

// Head and body of the message that these bytes begin with; 0: the head is not complete.
inline std::size_t message_size(std::string_view bytes) {
  const std::size_t end = bytes.find(kHeadEnd);
  if (end == std::string_view::npos) return 0;
  return end + kHeadEnd.size() + content_length(bytes.substr(0, end + kHeadEnd.size()));
}

}  // namespace sluice::load
