// SPDX-License-Identifier: MIT
#include "proxy/http/bad_message.h"

#include <array>
#include <cstddef>

namespace sluice::http {
namespace {

struct Row {
  BadMessage why;
  std::string_view word;
  int status;
};

constexpr std::array kRows = {
    Row{BadMessage::None, "none", 0},
    Row{BadMessage::RequestLine, "bad_request_line", 400},
    Row{BadMessage::RequestLineTooLong, "request_line_too_long", 414},
    Row{BadMessage::Method, "bad_method", 400},
    Row{BadMessage::MethodTooLong, "method_too_long", 501},
    Row{BadMessage::Target, "bad_target", 400},
    Row{BadMessage::Version, "bad_version", 400},
    Row{BadMessage::UnsupportedVersion, "unsupported_version", 505},
    Row{BadMessage::StatusLine, "bad_status_line", 400},
    Row{BadMessage::Status, "bad_status", 400},
    Row{BadMessage::FieldName, "bad_field_name", 400},
    Row{BadMessage::SpaceInFieldName, "space_in_field_name", 400},
    Row{BadMessage::FieldValue, "bad_field_value", 400},
    Row{BadMessage::ObsFold, "obs_fold", 400},
    Row{BadMessage::BareCr, "bare_cr", 400},
    Row{BadMessage::BareLf, "bare_lf", 400},
    Row{BadMessage::FieldTooLarge, "field_too_large", 431},
    Row{BadMessage::HeadTooLarge, "head_too_large", 431},
    Row{BadMessage::TooManyFields, "too_many_fields", 431},
    Row{BadMessage::ConnectionOptions, "too_many_connection_options", 400},
    Row{BadMessage::MissingHost, "missing_host", 400},
    Row{BadMessage::DuplicateHost, "duplicate_host", 400},
    Row{BadMessage::Host, "bad_host", 400},
    Row{BadMessage::ContentLength, "bad_content_length", 400},
    Row{BadMessage::DuplicateContentLength, "duplicate_content_length", 400},
    Row{BadMessage::LengthAndEncoding, "length_and_encoding", 400},
    Row{BadMessage::EncodingInHttp10, "encoding_in_http10", 400},
    Row{BadMessage::TransferEncoding, "unsupported_transfer_encoding", 501},
    Row{BadMessage::LengthRequired, "length_required", 411},
    Row{BadMessage::BodyNotAllowed, "body_not_allowed", 400},
    Row{BadMessage::Expectation, "unknown_expectation", 417},
    Row{BadMessage::MaxForwards, "bad_max_forwards", 400},
    Row{BadMessage::ChunkSize, "bad_chunk_size", 400},
    Row{BadMessage::ChunkExtension, "bad_chunk_extension", 400},
    Row{BadMessage::ChunkExtensionTooLarge, "chunk_extension_too_large", 400},
    Row{BadMessage::ChunkEnd, "bad_chunk_end", 400},
    Row{BadMessage::TrailersTooLarge, "trailers_too_large", 431},
    Row{BadMessage::BodyTooLarge, "body_too_large", 413},
};

constexpr bool rows_follow_the_enum() {
  for (std::size_t i = 0; i < kRows.size(); ++i) {
    if (kRows[i].why != static_cast<BadMessage>(i)) return false;
  }
  return kRows.size() == static_cast<std::size_t>(BadMessage::BodyTooLarge) + 1;
}
static_assert(rows_follow_the_enum());

}  // namespace

std::string_view bad_message_word(BadMessage why) {
  return kRows[static_cast<std::size_t>(why)].word;
}

int bad_message_status(BadMessage why) {
  return kRows[static_cast<std::size_t>(why)].status;
}

}  // namespace sluice::http
