// SPDX-License-Identifier: MIT
// Everything that can be wrong with the grammar of an HTTP/1 message, in one table: the word for
// the log and the status a client is answered with. (A backend's bad message is a 502 whatever the
// word; proxy/exchange/failure.cc decides that.) After any of these the connection is closed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace sluice::http {

enum class BadMessage : std::uint8_t {
  None,
  // the start line
  RequestLine,
  RequestLineTooLong,
  Method,
  MethodTooLong,
  Target,
  Version,
  UnsupportedVersion,
  StatusLine,
  Status,
  // the field lines
  FieldName,
  SpaceInFieldName,
  FieldValue,
  ObsFold,
  BareCr,
  BareLf,
  FieldTooLarge,
  HeadTooLarge,
  TooManyFields,
  // what the fields say
  ConnectionOptions,
  MissingHost,
  DuplicateHost,
  Host,
  ContentLength,
  DuplicateContentLength,
  LengthAndEncoding,
  EncodingInHttp10,
  TransferEncoding,
  LengthRequired,
  BodyNotAllowed,
  Expectation,
  MaxForwards,
  // the body
  ChunkSize,
  ChunkExtension,
  ChunkExtensionTooLarge,
  ChunkEnd,
  TrailersTooLarge,
  BodyTooLarge,
};
inline constexpr std::size_t kBadMessages = static_cast<std::size_t>(BadMessage::BodyTooLarge) + 1;

// "bad_chunk_size"; "none" for None.
std::string_view bad_message_word(BadMessage why);

// 400, 411, 413, 414, 417, 431, 501 or 505; 0 for None.
int bad_message_status(BadMessage why);

}  // namespace sluice::http
