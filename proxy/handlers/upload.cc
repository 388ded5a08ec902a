// SPDX-License-Identifier: MIT
#include "proxy/handlers/upload.h"

namespace sluice::handlers {

namespace {

using exchange::Failure;
using exchange::Kind;
using exchange::Side;

}  // namespace

Upload::Upload(exchange::Exchange& exchange, const WholeBody* whole, net::Requeued& owner)
    : exchange_(exchange),
      owner_(owner),
      whole_(whole),
      watermark_bytes_(exchange.rules().request_watermark_bytes),
      held_(exchange.services().loop.blocks(),
            {watermark_bytes_, whole != nullptr ? &whole->directory : nullptr}),
      pump_(watermark_bytes_),
      complete_(!exchange.request().body.has_body()) {}

Failure Upload::collect() {
  const http::BodyFraming& body = exchange_.request().body;
  const bool declared = body.kind == http::BodyKind::Length;
  if (whole_ != nullptr && declared && body.length > whole_->bytes_max) {
    return {Side::Client, Kind::BodyTooLarge};
  }
  if (!complete_) exchange_.resume();
  return {};
}

Failure Upload::on_body(std::string_view bytes) {
  if (!streaming_) return keep(bytes);
  if (stream_ != nullptr) pump_.on_data(bytes);
  return {};
}

Failure Upload::keep(std::string_view bytes) {
  if (whole_ != nullptr && held_.size() + bytes.size() > whole_->bytes_max) {
    return {Side::Client, Kind::BodyTooLarge};
  }
  if (!held_.append(bytes)) return {Side::Proxy, Kind::BufferFailed};
  if (whole_ == nullptr && held_.size() >= watermark_bytes_) {
    full_ = true;
    exchange_.pause();
  }
  return {};
}

void Upload::on_end(const http::Fields& trailers) {
  complete_ = true;
  trailers_ = &trailers;
  if (streaming_) send_end();
}

Failure Upload::begin(backend::BackendStream& stream) {
  stream_ = &stream;
  sent_ = 0;
  ended_ = false;
  return send_held();
}

Failure Upload::on_backend_drained() {
  if (stream_ == nullptr) return {};
  if (!streaming_) return send_held();
  pump_.on_drained();
  return {};
}

Failure Upload::send_held() {
  if (ended_) return {};
  const std::uint64_t start = sent_;
  while (sent_ < held_.size()) {
    if (stream_->unsent() > watermark_bytes_) return {};  // goes on when it has drained
    if (sent_ - start >= kTurnBytes) {
      exchange_.services().loop.call_again(owner_);
      return {};
    }
    bool failed = false;
    const std::string_view piece = held_.read_at(sent_, &failed);
    if (failed) return {Side::Proxy, Kind::BufferFailed};
    stream_->write(piece);
    sent_ += piece.size();
  }
  if (complete_) {
    send_end();
  } else {
    stream_on();
  }
  return {};
}

void Upload::send_end() {
  if (stream_ == nullptr) return;
  ended_ = true;
  exchange_.backend_trace().asked = exchange_.services().loop.now();
  if (trailers_ != nullptr) {
    stream_->finish(*trailers_);
  } else {
    stream_->finish({});
  }
}

void Upload::stream_on() {
  streaming_ = true;
  held_.clear();
  pump_.attach(&exchange_, stream_);
  exchange_.resume();
}

void Upload::stop() {
  pump_.detach();
  stream_ = nullptr;
}

}  // namespace sluice::handlers
