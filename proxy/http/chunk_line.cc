// SPDX-License-Identifier: MIT
#include "proxy/http/chunk_line.h"

#include "proxy/http/chars.h"
#include "proxy/http/message.h"

namespace sluice::http {
namespace {

bool is_white(char c) {
  return c == ' ' || c == '\t';
}
bool is_token_char(char c) {
  return is_class(c, char_class::kToken);
}

}  // namespace

void ChunkLine::start(std::size_t extension_max) {
  *this = ChunkLine();
  extension_max_ = extension_max;
}

void ChunkLine::feed(char c) {
  switch (state_) {
    case State::SizeStart:
    case State::Size:
      feed_size(c);
      break;
    case State::LineFeed:
      if (c == '\n') {
        state_ = State::Complete;
      } else {
        fail(BadMessage::BareCr);
      }
      break;
    default:
      feed_extension(c);
      break;
  }
}

void ChunkLine::feed_size(char c) {
  if (is_class(c, char_class::kHex)) {
    size_ = size_ << 4 | hex_value(c);
    if (++digits_ > kMaxDigits || size_ > kMaxBodyLength) fail(BadMessage::ChunkSize);
    state_ = State::Size;
  } else if (state_ == State::SizeStart) {
    fail(c == '\n' ? BadMessage::BareLf : BadMessage::ChunkSize);
  } else {
    feed_after(c, BadMessage::ChunkSize);
  }
}

void ChunkLine::feed_after(char c, BadMessage otherwise) {
  if (c == '\r') {
    state_ = State::LineFeed;
  } else if (c == ';') {
    state_ = State::NameStart;
  } else if (is_white(c)) {
    state_ = State::ExtensionGap;
  } else {
    fail(c == '\n' ? BadMessage::BareLf : otherwise);
  }
}

void ChunkLine::feed_extension(char c) {
  if (++extension_bytes_ > extension_max_) {
    fail(BadMessage::ChunkExtensionTooLarge);
    return;
  }
  switch (state_) {
    case State::NameStart:
    case State::Name:
    case State::NameGap:
      feed_name(c);
      break;
    case State::ValueStart:
    case State::Value:
      feed_value(c);
      break;
    case State::Quoted:
    case State::QuotedPair:
      feed_quoted(c);
      break;
    case State::QuotedEnd:
      feed_after(c, BadMessage::ChunkExtension);
      break;
    default:  // ExtensionGap: the line may not end in white space
      if (c == ';') {
        state_ = State::NameStart;
      } else if (!is_white(c)) {
        fail(BadMessage::ChunkExtension);
      }
      break;
  }
}

void ChunkLine::feed_name(char c) {
  if (state_ == State::NameStart) {
    if (is_token_char(c)) {
      state_ = State::Name;
    } else if (!is_white(c)) {
      fail(BadMessage::ChunkExtension);
    }
    return;
  }
  if (state_ == State::Name && is_token_char(c)) return;
  if (c == '=') {
    state_ = State::ValueStart;
  } else if (is_white(c)) {
    state_ = State::NameGap;
  } else if (state_ == State::NameGap && c != ';') {
    fail(BadMessage::ChunkExtension);
  } else {
    feed_after(c, BadMessage::ChunkExtension);
  }
}

void ChunkLine::feed_value(char c) {
  if (is_token_char(c)) {
    state_ = State::Value;
  } else if (state_ == State::Value) {
    feed_after(c, BadMessage::ChunkExtension);
  } else if (c == '"') {
    state_ = State::Quoted;
  } else if (!is_white(c)) {
    fail(BadMessage::ChunkExtension);
  }
}

void ChunkLine::feed_quoted(char c) {
  if (!is_class(c, char_class::kValue)) {
    fail(BadMessage::ChunkExtension);
  } else if (state_ == State::QuotedPair) {
    state_ = State::Quoted;
  } else if (c == '"') {
    state_ = State::QuotedEnd;
  } else if (c == '\\') {
    state_ = State::QuotedPair;
  }
}

}  // namespace sluice::http
