// SPDX-License-Identifier: MIT
// Bodies on the wire (RFC 9112 sections 6 and 7): finding the payload in what was received, without
// copying it, and the few bytes that frame a chunk that is sent.
//
// One decoder belongs to one message at a time and is reset for the next; not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "proxy/http/bad_message.h"
#include "proxy/http/chunk_line.h"
#include "proxy/http/headers.h"
#include "proxy/http/message.h"

namespace sluice::http {

struct BodyLimits {
  std::uint64_t body = 0;       // payload bytes; 0: as many as come
  std::size_t trailers = 8192;  // bytes of the trailer section
  std::size_t trailer_fields = 32;
  std::size_t chunk_extension = 256;  // bytes of extensions, per chunk
  std::uint64_t chunk_extensions =
      16 * 1024;  // and over the whole body: they cost work for nothing
};

class BodyDecoder {
 public:
  struct Step {
    std::size_t consumed = 0;  // bytes of the input that are dealt with, `data` included
    std::string_view data;     // the next piece of the payload, inside of the input
    bool done = false;         // the body, with its trailers, ends at `consumed`
    bool bad = false;          // `data` may be dropped; every later step is bad, too
    BadMessage why = BadMessage::None;
  };

  BodyDecoder() = default;  // of an empty body
  BodyDecoder(const BodyFraming& framing, const BodyLimits& limits) { reset(framing, limits); }
  // The trailers point into the decoder.
  BodyDecoder(const BodyDecoder&) = delete;
  BodyDecoder& operator=(const BodyDecoder&) = delete;

  void reset(const BodyFraming& framing, const BodyLimits& limits);

  // Call again with the rest of the input until it is consumed, or the step is done or bad. An
  // empty body is done at the first step, even without input.
  Step decode(std::string_view in);

  // Of a body with a length, what of it is still to come; of any other, 0. So many bytes of that
  // passed elsewhere: decode() goes on behind them. REQUIRES: less than all of it.
  std::uint64_t length_left() const { return state_ == State::Length ? left_ : 0; }
  void skip(std::uint64_t bytes);

  bool done() const { return state_ == State::Done; }

  // The connection was closed by the peer: was this the whole body? Only a body that lasts until
  // close, or that was done already, is; anything else is truncated and must not pass as whole.
  bool complete_at_eof() const { return state_ == State::UntilClose || done(); }

  std::uint64_t decoded_bytes() const { return decoded_; }

  // Empty until done(). Fields that decide about framing, routing, access or content are left out
  // (RFC 9110 6.5.1), and so are names a backend could fold into another (hop_by_hop.h), for which
  // no route makes an exception. Nothing is left with BodyFraming::drop_trailers. Valid until
  // reset().
  const Fields& trailers() const { return trailers_; }

 private:
  enum class State : std::uint8_t {
    Length,
    UntilClose,
    ChunkSize,
    ChunkData,
    ChunkCr,
    ChunkLf,
    Trailers,
    Done,
    Bad,
  };

  // Each takes what it can from the front of `in`, moves the state on, and returns the bytes taken.
  std::size_t take_framing(std::string_view in);
  std::size_t take_chunk_line(std::string_view in);
  std::size_t take_trailers(std::string_view in);
  std::string_view take_payload(std::string_view in);

  void end_chunk_line();
  void parse_trailers();
  void count(std::uint64_t bytes);
  void fail(BadMessage why);

  State state_ = State::Done;
  bool drop_trailers_ = false;
  BadMessage why_ = BadMessage::None;
  std::uint64_t left_ = 0;  // of the body (Length) or of the chunk
  std::uint64_t decoded_ = 0;
  std::uint64_t extension_bytes_ = 0;
  BodyLimits limits_;
  ChunkLine line_;
  std::string trailer_text_;
  Fields trailers_;  // views into trailer_text_
};

// Sixteen digits and CRLF.
inline constexpr std::size_t kChunkHeaderMax = 18;

// Writes "1f\r\n" and returns its length: before `size` bytes of payload, with kChunkEnd behind
// them. Writes nothing for a size of 0, which would end the body. REQUIRES: room for
// kChunkHeaderMax.
std::size_t write_chunk_header(char* out, std::uint64_t size);

inline constexpr std::string_view kChunkEnd = "\r\n";
inline constexpr std::string_view kLastChunk = "0\r\n";  // trailers and an empty line follow
inline constexpr std::string_view kChunkedBodyEnd = "0\r\n\r\n";  // without trailers

}  // namespace sluice::http
