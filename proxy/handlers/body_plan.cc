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

}  // namespace

void BodyPlan::add(const Piece& piece) {
  pieces_[count_++] = piece;
  size_ += piece.text.size() + piece.bytes;
}

void BodyPlan::whole(std::uint64_t size) {
  add({{}, 0, size});
  skip_sent();
}

void BodyPlan::range(const http::ByteRange& range) {
  add({{}, range.first, range.size()});
}

void BodyPlan::multipart(const Multipart& parts, Arena& arena) {
  for (const http::ByteRange& range : parts.ranges) {
    add({part_head(parts, range, count_ == 0, arena), range.first, range.size()});
  }
  constexpr std::size_t kFixedBytes = 8;
  const std::size_t room = kFixedBytes + parts.boundary.size();
  char* const out = arena.allocate(room);
  const auto end = fmt::format_to_n(out, room, FMT_COMPILE("\r\n--{}--\r\n"), parts.boundary);
  add({{out, std::min(end.size, room)}, 0, 0});
}

BodyPlan::Piece BodyPlan::next() const {
  if (at_ == count_) return {};
  const Piece& piece = pieces_[at_];
  return piece.text.empty() ? piece : Piece{piece.text, 0, 0};
}

void BodyPlan::sent(std::uint64_t bytes) {
  CHECK(at_ < count_);
  Piece& piece = pieces_[at_];
  if (!piece.text.empty()) {
    CHECK(bytes == piece.text.size());
    piece.text = {};
  } else {
    CHECK(bytes <= piece.bytes);
    piece.from += bytes;
    piece.bytes -= bytes;
  }
  skip_sent();
}

void BodyPlan::skip_sent() {
  while (at_ < count_ && pieces_[at_].text.empty() && pieces_[at_].bytes == 0) ++at_;
}

}  // namespace sluice::handlers
