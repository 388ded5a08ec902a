// SPDX-License-Identifier: MIT
#include "proxy/client/http1_response.h"

#include "proxy/base/check.h"
#include "proxy/http/body_framing.h"
#include "proxy/http/status.h"

namespace sluice::client {

namespace {

// What the body is framed as for this client: RFC 9112 6.1 forbids chunked towards HTTP/1.0.
http::BodyFraming framing_for(const http::BodyFraming& body, http::Version version) {
  bool unknown = body.kind == http::BodyKind::Chunked || body.kind == http::BodyKind::UntilClose;
  if (!unknown) return body;
  return {version == http::Version::Http11 ? http::BodyKind::Chunked : http::BodyKind::UntilClose};
}

}  // namespace

void Http1Response::reset(http::Version client_version, bool keep_alive) {
  version_ = client_version;
  keep_alive_ = keep_alive;
  chunked_ = head_sent_ = finished_ = false;
}

void Http1Response::append(std::string_view text) {
  stream_.write(text);
}

void Http1Response::send_continue() {
  if (version_ == http::Version::Http11 && !head_sent_) append("HTTP/1.1 100 Continue\r\n\r\n");
}

void Http1Response::send_informational(const http::ResponseHead& head) {
  if (version_ == http::Version::Http10 || head_sent_) return;
  append_head(head, {}, http::ConnectionField::None);
}

void Http1Response::open_tunnel(const http::ResponseHead& head) {
  CHECK(!head_sent_);
  head_sent_ = true;
  keep_alive_ = false;
  const bool upgraded = head.status == 101;
  append_head(head, {}, upgraded ? http::ConnectionField::Upgrade : http::ConnectionField::None);
}

void Http1Response::send_head(const http::ResponseHead& head, bool may_keep_alive) {
  CHECK(!head_sent_);
  head_sent_ = true;
  http::BodyFraming body = framing_for(head.body, version_);
  chunked_ = body.kind == http::BodyKind::Chunked;
  keep_alive_ =
      keep_alive_ && head.keep_alive && may_keep_alive && body.kind != http::BodyKind::UntilClose;
  // HTTP/1.1 is persistent unless told otherwise, HTTP/1.0 the other way round (RFC 9112 9.3).
  http::ConnectionField connection = http::ConnectionField::None;
  if (!keep_alive_)
    connection = http::ConnectionField::Close;
  else if (version_ == http::Version::Http10)
    connection = http::ConnectionField::KeepAlive;
  append_head(head, body, connection);
}

void Http1Response::append_head(const http::ResponseHead& head, http::BodyFraming body,
                                http::ConnectionField connection) {
  char* begin = stream_.reserve(http::response_head_bound(head.reason, head.fields));
  char* end =
      http::write_response_head(begin, head.status, head.reason, head.fields, body, connection);
  stream_.commit(static_cast<std::size_t>(end - begin));
}

void Http1Response::write(std::string_view bytes) {
  if (bytes.empty()) return;
  if (!chunked_) return append(bytes);
  char* header = stream_.reserve(http::kChunkHeaderMax);
  stream_.commit(http::write_chunk_header(header, bytes.size()));
  append(bytes);
  append(http::kChunkEnd);
}

void Http1Response::finish(const http::Fields& trailers) {
  finished_ = true;
  if (!chunked_) return;
  append(http::kLastChunk);
  char* begin = stream_.reserve(http::trailers_bound(trailers));
  char* end = http::write_trailers(begin, trailers);
  stream_.commit(static_cast<std::size_t>(end - begin));
}

}  // namespace sluice::client
