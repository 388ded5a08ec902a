// SPDX-License-Identifier: MIT
// BodyPlan: the pieces of a representation that answer a request, in order: all of it, one range,
// or several with the lines of multipart/byteranges between them (RFC 9110 14.6). Where the bytes
// come from is the business of who sends them. Lives in the exchange's arena, as its texts do;
// single-threaded.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "proxy/base/arena.h"
#include "proxy/http/range.h"

namespace sluice::handlers {

class BodyPlan {
 public:
  void whole(std::uint64_t size);
  void range(const http::ByteRange& range);
  struct Multipart {
    std::span<const http::ByteRange> ranges;
    std::uint64_t whole_bytes;  // of the representation
    std::string_view content_type;
    std::string_view boundary;
  };
  void multipart(const Multipart& parts, Arena& arena);

  std::uint64_t size() const { return size_; }

  struct Piece {
    std::string_view text;   // sent first
    std::uint64_t from = 0;  // then these bytes of the representation
    std::uint64_t bytes = 0;
  };
  // What comes next: a text alone, or bytes alone. Neither at the end.
  Piece next() const;
  // So many bytes of next() are sent. REQUIRES: a text is sent whole.
  void sent(std::uint64_t bytes);

 private:
  void skip_sent();

  Piece current_;                // what is left of it
  std::span<const Piece> rest_;  // in the arena
  std::uint64_t size_ = 0;
};

}  // namespace sluice::handlers
