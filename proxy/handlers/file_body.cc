// SPDX-License-Identifier: MIT
#include "proxy/handlers/file_body.h"

#include <fmt/compile.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace sluice::handlers {

namespace {

std::string_view part_head(const FileBody::Multipart& parts, const http::ByteRange& range,
                           bool first, Arena& arena) {
  constexpr std::size_t kFixedBytes = 160;
  const std::size_t room = kFixedBytes + parts.content_type.size() + parts.boundary.size();
  char* const out = arena.allocate(room);
  const auto result = fmt::format_to_n(
      out, room, FMT_COMPILE("{}--{}\r\nContent-Type: {}\r\nContent-Range: bytes {}-{}/{}\r\n\r\n"),
      first ? "" : "\r\n", parts.boundary, parts.content_type, range.first, range.last,
      parts.file_bytes);
  return {out, std::min(result.size, room)};
}

}  // namespace

void FileBody::add(const Piece& piece) {
  pieces_[count_++] = piece;
  size_ += piece.text.size() + piece.bytes;
}

void FileBody::whole(std::uint64_t size) {
  add({{}, 0, size});
}

void FileBody::range(const http::ByteRange& range) {
  add({{}, range.first, range.size()});
}

void FileBody::multipart(const Multipart& parts, Arena& arena) {
  for (const http::ByteRange& range : parts.ranges) {
    add({part_head(parts, range, count_ == 0, arena), range.first, range.size()});
  }
  constexpr std::size_t kFixedBytes = 8;
  const std::size_t room = kFixedBytes + parts.boundary.size();
  char* const out = arena.allocate(room);
  const auto end = fmt::format_to_n(out, room, FMT_COMPILE("\r\n--{}--\r\n"), parts.boundary);
  add({{out, std::min(end.size, room)}, 0, 0});
}

std::string_view FileBody::next(std::span<char> space, bool* failed) {
  *failed = false;
  while (at_ < count_) {
    Piece& piece = pieces_[at_];
    if (!piece.text.empty()) return std::exchange(piece.text, {});
    if (piece.bytes == 0) {
      ++at_;
      continue;
    }
    const std::size_t wanted = std::min<std::uint64_t>(piece.bytes, space.size());
    const ssize_t count =
        ::pread(file_.get(), space.data(), wanted, static_cast<off_t>(piece.from));
    if (count < 0 && errno == EINTR) continue;
    *failed = count <= 0;
    if (*failed) return {};
    piece.from += static_cast<std::uint64_t>(count);
    piece.bytes -= static_cast<std::uint64_t>(count);
    return {space.data(), static_cast<std::size_t>(count)};
  }
  return {};
}

}  // namespace sluice::handlers
