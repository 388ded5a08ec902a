// SPDX-License-Identifier: MIT
#include "proxy/http/body_framing.h"

#include <algorithm>
#include <charconv>
#include <cstring>

#include "proxy/base/check.h"
#include "proxy/http/head_grammar.h"
#include "proxy/http/hop_by_hop.h"

namespace sluice::http {

void BodyDecoder::reset(const BodyFraming& framing, const BodyLimits& limits) {
  limits_ = limits;
  drop_trailers_ = framing.drop_trailers;
  why_ = BadMessage::None;
  left_ = 0;
  decoded_ = 0;
  extension_bytes_ = 0;
  trailers_.clear();
  trailer_text_.clear();
  state_ = State::Done;
  switch (framing.kind) {
    case BodyKind::None:
      break;
    case BodyKind::Length:
      left_ = framing.length;
      if (left_ != 0) state_ = State::Length;
      if (limits_.body != 0 && left_ > limits_.body) fail(BadMessage::BodyTooLarge);
      break;
    case BodyKind::Chunked:
      state_ = State::ChunkSize;
      line_.start(limits_.chunk_extension);
      break;
    case BodyKind::UntilClose:
      state_ = State::UntilClose;
      break;
  }
}

BodyDecoder::Step BodyDecoder::decode(std::string_view in) {
  Step step;
  while (state_ != State::Done && state_ != State::Bad && step.consumed < in.size()) {
    const std::string_view rest = in.substr(step.consumed);
    const bool payload =
        state_ == State::Length || state_ == State::UntilClose || state_ == State::ChunkData;
    if (!payload) {
      step.consumed += take_framing(rest);
      continue;
    }
    if (!step.data.empty()) break;  // one piece a step
    step.data = take_payload(rest);
    step.consumed += step.data.size();
  }
  step.done = state_ == State::Done;
  step.bad = state_ == State::Bad;
  step.why = why_;
  return step;
}

std::string_view BodyDecoder::take_payload(std::string_view in) {
  if (state_ == State::UntilClose) {
    count(in.size());
    return in;
  }
  const std::string_view piece =
      in.substr(0, static_cast<std::size_t>(std::min<std::uint64_t>(left_, in.size())));
  left_ -= piece.size();
  count(piece.size());
  if (left_ == 0) state_ = state_ == State::Length ? State::Done : State::ChunkCr;
  return piece;
}

void BodyDecoder::skip(std::uint64_t bytes) {
  CHECK(bytes < length_left());
  left_ -= bytes;
  count(bytes);
}

std::size_t BodyDecoder::take_framing(std::string_view in) {
  if (state_ == State::ChunkSize) return take_chunk_line(in);
  if (state_ == State::Trailers) return take_trailers(in);
  const bool carriage_return = state_ == State::ChunkCr;
  if (in.front() != (carriage_return ? '\r' : '\n')) {
    fail(in.front() == '\n' ? BadMessage::BareLf : BadMessage::ChunkEnd);
    return 0;
  }
  state_ = carriage_return ? State::ChunkLf : State::ChunkSize;
  if (!carriage_return) line_.start(limits_.chunk_extension);
  return 1;
}

std::size_t BodyDecoder::take_chunk_line(std::string_view in) {
  std::size_t taken = 0;
  while (taken < in.size() && !line_.ended()) line_.feed(in[taken++]);
  if (line_.ended()) end_chunk_line();
  return taken;
}

void BodyDecoder::end_chunk_line() {
  if (line_.why() != BadMessage::None) return fail(line_.why());
  extension_bytes_ += line_.extension_bytes();
  if (extension_bytes_ > limits_.chunk_extensions) {
    return fail(BadMessage::ChunkExtensionTooLarge);
  }
  left_ = line_.size();
  // Refused before its first byte, not in its middle. The sum cannot wrap: neither is above 2^63.
  if (limits_.body != 0 && decoded_ + left_ > limits_.body) return fail(BadMessage::BodyTooLarge);
  state_ = left_ == 0 ? State::Trailers : State::ChunkData;
}

// Collects whole lines, up to the empty one, then parses once. So a fault is told when the
// section ends; it is small. A bare LF ends the collecting, too, for the parser to name it.
std::size_t BodyDecoder::take_trailers(std::string_view in) {
  const std::size_t line_feed = in.find('\n');
  const bool line_ends = line_feed != std::string_view::npos;
  const std::size_t taken = line_ends ? line_feed + 1 : in.size();
  const std::size_t section_max = limits_.trailers + kChunkEnd.size();
  if (taken > section_max - trailer_text_.size()) {
    fail(BadMessage::TrailersTooLarge);
    return 0;
  }
  trailer_text_.append(in.substr(0, taken));
  if (!line_ends) return taken;
  const std::string_view text = trailer_text_;
  const bool bare = text.size() < 2 || text[text.size() - 2] != '\r';
  const bool empty_line =
      text == "\r\n" ||
      text.substr(text.size() - std::min<std::size_t>(text.size(), 4)) == "\r\n\r\n";
  if (bare || empty_line) parse_trailers();
  return taken;
}

void BodyDecoder::parse_trailers() {
  const SectionLimits limits{trailer_text_.size(), trailer_text_.size(), limits_.trailer_fields,
                             BadMessage::TrailersTooLarge, BadMessage::TrailersTooLarge};
  const char* p = trailer_text_.data();
  const char* const end = p + trailer_text_.size();
  const ParseResult result = take_fields(p, end, p, limits, trailers_);
  if (result.status != ParseStatus::Done) {
    trailers_.clear();
    return fail(result.status == ParseStatus::Bad ? result.why : BadMessage::FieldValue);
  }
  trailers_.remove_if([](const Field& field) { return !allowed_in_trailers(field.id); });
  drop_ambiguous_names(trailers_);
  if (drop_trailers_) trailers_.clear();
  state_ = State::Done;
}

void BodyDecoder::count(std::uint64_t bytes) {
  decoded_ += bytes;
  if (limits_.body != 0 && decoded_ > limits_.body) fail(BadMessage::BodyTooLarge);
}

void BodyDecoder::fail(BadMessage why) {
  state_ = State::Bad;
  why_ = why;
}

std::size_t write_chunk_header(char* out, std::uint64_t size) {
  if (size == 0) return 0;
  char* const end = std::to_chars(out, out + kChunkHeaderMax - kChunkEnd.size(), size, 16).ptr;
  std::memcpy(end, kChunkEnd.data(), kChunkEnd.size());
  return static_cast<std::size_t>(end - out) + kChunkEnd.size();
}

}  // namespace sluice::http
