// SPDX-License-Identifier: MIT
// The line before each chunk (RFC 9112 7.1): chunk-size [ chunk-ext ] CRLF, one byte at a time, as
// it is short and may be cut anywhere. For BodyDecoder.
#pragma once

#include <cstddef>
#include <cstdint>

#include "proxy/http/bad_message.h"

namespace sluice::http {

class ChunkLine {
 public:
  // Sixteen digits hold every 64-bit size; more can only be zeros in front, sent to confuse.
  static constexpr unsigned kMaxDigits = 16;

  // `extension_max` is the most bytes one line may spend on extensions.
  void start(std::size_t extension_max);

  // True once the line is over, complete or bad; feed() must not be called any more.
  bool ended() const { return state_ == State::Complete || why_ != BadMessage::None; }
  void feed(char c);

  // REQUIRES: ended().
  BadMessage why() const { return why_; }
  std::uint64_t size() const { return size_; }
  std::size_t extension_bytes() const { return extension_bytes_; }

 private:
  enum class State : std::uint8_t {
    SizeStart,
    Size,
    ExtensionGap,  // white space, a ';' must come
    NameStart,
    Name,
    NameGap,  // white space, a '=' or ';' must come
    ValueStart,
    Value,
    Quoted,
    QuotedPair,
    QuotedEnd,
    LineFeed,
    Complete,
  };

  void feed_size(char c);
  void feed_extension(char c);
  void feed_name(char c);
  void feed_value(char c);
  void feed_quoted(char c);
  // After a complete size, name or value: the next extension, white space, or the end of the line.
  void feed_after(char c, BadMessage otherwise);
  void fail(BadMessage why) { why_ = why; }

  std::uint64_t size_ = 0;
  std::size_t extension_bytes_ = 0;
  std::size_t extension_max_ = 0;
  unsigned digits_ = 0;
  State state_ = State::SizeStart;
  BadMessage why_ = BadMessage::None;
};

}  // namespace sluice::http
