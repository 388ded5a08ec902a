// SPDX-License-Identifier: MIT
#include "proxy/http/head_writer.h"

#include <charconv>
#include <cstdint>

#include "proxy/http/hop_by_hop.h"
#include "proxy/http/status.h"

namespace sluice::http {
namespace {

constexpr std::string_view kRequestVersion = " HTTP/1.1\r\n";
constexpr std::string_view kResponseVersion = "HTTP/1.1 ";
constexpr std::string_view kColon = ": ";
constexpr std::string_view kCrlf = "\r\n";
constexpr std::string_view kLength = "Content-Length: ";
constexpr std::string_view kChunked = "Transfer-Encoding: chunked\r\n";
constexpr std::string_view kClose = "Connection: close\r\n";
constexpr std::string_view kKeepAlive = "Connection: keep-alive\r\n";
constexpr std::string_view kUpgrade = "Connection: upgrade\r\n";
constexpr std::size_t kMaxDigits = 20;

// What the writer itself may add to the start line and the fields.
constexpr std::size_t kOwnBytes =
    kLength.size() + kMaxDigits + kCrlf.size() + kChunked.size() + kKeepAlive.size() + kCrlf.size();
constexpr std::size_t kStartLineBytes = 80;  // versions, status, spaces, longest registered reason

constexpr FieldSet kOwnFields =
    field_set({FieldId::ContentLength, FieldId::TransferEncoding, FieldId::Connection,
               FieldId::KeepAlive, FieldId::ProxyConnection});

char* put(char* out, std::string_view text) {
  return out + text.copy(out, text.size());
}

char* put_field(char* out, const Field& field) {
  out = put(out, field.name);
  out = put(out, kColon);
  out = put(out, field.value);
  return put(out, kCrlf);
}

char* put_fields(char* out, const Fields& fields, ConnectionField connection) {
  const FieldSet skipped = connection == ConnectionField::Upgrade
                               ? kOwnFields
                               : kOwnFields | field_set(FieldId::Upgrade);
  for (const Field& field : fields) {
    if ((skipped & field_set(field.id)) == 0) out = put_field(out, field);
  }
  return out;
}

char* put_framing(char* out, const BodyFraming& body) {
  if (body.kind == BodyKind::Chunked) return put(out, kChunked);
  const bool counted =
      body.kind == BodyKind::Length || (body.kind == BodyKind::None && body.announced);
  if (!counted) return out;
  out = put(out, kLength);
  out = std::to_chars(out, out + kMaxDigits, body.length).ptr;
  return put(out, kCrlf);
}

char* put_connection(char* out, ConnectionField connection) {
  switch (connection) {
    case ConnectionField::Close:
      return put(out, kClose);
    case ConnectionField::KeepAlive:
      return put(out, kKeepAlive);
    case ConnectionField::Upgrade:
      return put(out, kUpgrade);
    case ConnectionField::None:
      break;
  }
  return out;
}

std::size_t fields_bound(const Fields& fields) {
  std::size_t bytes = 0;
  for (const Field& field : fields) {
    bytes += field.name.size() + kColon.size() + field.value.size() + kCrlf.size();
  }
  return bytes;
}

char* put_status_line(char* out, int status, std::string_view reason) {
  const std::string_view line = status_line(status);
  if (!line.empty() && (reason.empty() || reason == reason_phrase(status))) return put(out, line);
  out = put(out, kResponseVersion);
  out = std::to_chars(out, out + kMaxDigits, status).ptr;
  *out++ = ' ';
  out = put(out, reason);
  return put(out, kCrlf);
}

}  // namespace

std::size_t request_head_bound(std::string_view method, std::string_view target,
                               const Fields& fields) {
  return method.size() + target.size() + kStartLineBytes + fields_bound(fields) + kOwnBytes;
}

std::size_t request_head_bound(const RequestHead& head, std::string_view target) {
  return request_head_bound(head.method_text, target, head.fields);
}

char* write_request_head(char* out, std::string_view method, std::string_view target,
                         const Fields& fields, BodyFraming body, ConnectionField connection) {
  out = put(out, method);
  *out++ = ' ';
  if (target.starts_with('?')) *out++ = '/';
  out = put(out, target);
  out = put(out, kRequestVersion);
  out = put_fields(out, fields, connection);
  out = put_framing(out, body);
  out = put_connection(out, connection);
  return put(out, kCrlf);
}

std::size_t response_head_bound(std::string_view reason, const Fields& fields) {
  return reason.size() + kStartLineBytes + fields_bound(fields) + kOwnBytes;
}

char* write_response_head(char* out, int status, std::string_view reason, const Fields& fields,
                          BodyFraming body, ConnectionField connection) {
  out = put_status_line(out, status, reason);
  out = put_fields(out, fields, connection);
  const bool framed = status >= 200 && status != 204;
  if (framed) out = put_framing(out, body);
  out = put_connection(out, connection);
  return put(out, kCrlf);
}

std::size_t trailers_bound(const Fields& trailers) {
  return fields_bound(trailers) + kCrlf.size();
}

char* write_trailers(char* out, const Fields& trailers) {
  for (const Field& field : trailers) {
    if (allowed_in_trailers(field.id)) out = put_field(out, field);
  }
  return put(out, kCrlf);
}

}  // namespace sluice::http
