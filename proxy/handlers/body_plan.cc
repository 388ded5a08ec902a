// SPDX-License-Identifier: MIT
#include "proxy/handlers/body_plan.h"

#include <fmt/compile.h>
#include <fmt/format.h>

#include <algorithm>

#include "proxy/base/check.h"

namespace sluice::handlers {

namespace {

std::string_view part_head(const BodyPlan::Multipart& parts, const http::ByteRange& range,
                           bool first, Arena& arena) {
  constexpr std::size_t kFixedBytes = 160;
  const std::size_t room = kFixedBytes + parts.content_type.size() + parts.boundary.size();
  char* const out = arena.allocate(room);
  const bool typed = !parts.content_type.empty();
  const auto result = fmt::format_to_n(
      out, room, FMT_COMPILE("{}--{}\r\n{}{}{}Content-Range: bytes {}-{}/{}\r\n\r\n"),
      first ? "" : "\r\n", parts.boundary, typed ? "Content-Type: " : "", parts.content_type,
      typed ? "\r\n" : "", range.first, range.last, parts.whole_bytes);
  return {out, std::min(result.size, room)};
}

std::string_view last_line(std::string_view boundary, Arena& arena) {
  return arena.join({"\r\n--", boundary, "--\r\n"});
}

}  // namespace

void BodyPlan::whole(std::uint64_t size) {
  current_ = {{}, 0, size};
  size_ = size;
}

void BodyPlan::range(const http::ByteRange& range) {
  current_ = {{}, range.first, range.size()};
  size_ = range.size();
}

void BodyPlan::multipart(const Multipart& parts, Arena& arena) {
  const std::span<Piece> pieces = arena.make_array<Piece>(parts.ranges.size() + 1);
  for (std::size_t i = 0; i < parts.ranges.size(); ++i) {
    const http::ByteRange& range = parts.ranges[i];
    pieces[i] = {part_head(parts, range, i == 0, arena), range.first, range.size()};
  }
  pieces.back() = {last_line(parts.boundary, arena), 0, 0};
  for (const Piece& piece : pieces) size_ += piece.text.size() + piece.bytes;
  current_ = pieces.front();
  rest_ = pieces.subspan(1);
}

BodyPlan::Piece BodyPlan::next() const {
  return current_.text.empty() ? current_ : Piece{current_.text, 0, 0};
}

void BodyPlan::sent(std::uint64_t bytes) {
  if (!current_.text.empty()) {
    CHECK(bytes == current_.text.size());
    current_.text = {};
  } else {
    CHECK(bytes <= current_.bytes);
    current_.from += bytes;
    current_.bytes -= bytes;
  }
  skip_sent();
}

void BodyPlan::skip_sent() {
  while (current_.text.empty() && current_.bytes == 0 && !rest_.empty()) {
    current_ = rest_.front();
    rest_ = rest_.subspan(1);
  }
}

}  // namespace sluice::handlers
