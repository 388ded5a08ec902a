// SPDX-License-Identifier: MIT
// FileBody: the pieces of a file that answer a request, in order: all of it, one range, or several
// with the lines of multipart/byteranges between them (RFC 9110 14.6). Lives in the exchange's
// arena, as its texts do; single-threaded.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "proxy/base/arena.h"
#include "proxy/base/fd.h"
#include "proxy/http/range.h"

namespace sluice::handlers {

class FileBody {
 public:
  void take(Fd file) { file_ = std::move(file); }

  // What is to be sent. `boundary` separates the parts of several ranges; each has `content_type`.
  void whole(std::uint64_t size);
  void range(const http::ByteRange& range);
  struct Multipart {
    std::span<const http::ByteRange> ranges;
    std::uint64_t file_bytes;
    std::string_view content_type;
    std::string_view boundary;
  };
  void multipart(const Multipart& parts, Arena& arena);

  std::uint64_t size() const { return size_; }

  // The next bytes, in `space` or of a text; empty at the end, or, with *failed, where the file has
  // become shorter or cannot be read.
  std::string_view next(std::span<char> space, bool* failed);

 private:
  struct Piece {
    std::string_view text;   // sent first
    std::uint64_t from = 0;  // then these bytes of the file
    std::uint64_t bytes = 0;
  };

  void add(const Piece& piece);

  Fd file_;
  std::array<Piece, http::Ranges::kMax + 1> pieces_;
  std::size_t count_ = 0;
  std::size_t at_ = 0;
  std::uint64_t size_ = 0;
};

}  // namespace sluice::handlers
