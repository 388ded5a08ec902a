// SPDX-License-Identifier: MIT
#include "proxy/handlers/stored_answer.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <ctime>
#include <utility>

#include "proxy/handlers/file_version.h"
#include "proxy/handlers/selection.h"
#include "proxy/http/date.h"

namespace sluice::handlers {

namespace {

using cache::Body;
using exchange::Failure;
using exchange::Kind;
using exchange::Side;
using http::FieldId;

std::optional<std::uint64_t> size_of(const cache::Entry& entry) {
  if (!entry.body()) return 0;
  // The state first: a complete body grows no more.
  if (entry.body()->state() == Body::State::Complete) return entry.body()->available();
  return entry.body()->announced();
}

Representation representation_of(const cache::Entry& entry, std::optional<std::uint64_t> size,
                                 StoredAnswer::Of of) {
  Representation out;
  out.size = size;
  out.of_cache = of == StoredAnswer::Of::Response;
  if (!out.of_cache) out.validators.here_since = here_since(entry.tags());
  // RFC 9110 6.6.1: what says no Date has that of its arrival.
  out.validators.date = entry.terms().response_time;
  int dates = 0;  // of several Last-Modified nobody knows which
  for (const cache::Field field : entry.fields()) {
    switch (static_cast<FieldId>(field.tag)) {
      case FieldId::ETag:
        if (out.validators.etag.empty()) out.validators.etag = field.value;
        break;
      case FieldId::LastModified:
        out.validators.last_modified =
            dates++ == 0 ? http::parse_http_date(field.value, entry.terms().response_time)
                         : std::nullopt;
        break;
      case FieldId::Date:
        out.validators.date = http::parse_http_date(field.value, entry.terms().response_time);
        break;
      case FieldId::ContentType:
        out.content_type = field.value;
        break;
      default:
        break;
    }
  }
  return out;
}

bool asks_for_part(const http::Fields& fields) {
  return fields.has(FieldId::IfNoneMatch) || fields.has(FieldId::IfModifiedSince) ||
         fields.has(FieldId::IfMatch) || fields.has(FieldId::IfUnmodifiedSince) ||
         fields.has(FieldId::Range);
}

}  // namespace

void StoredAnswer::start(cache::EntryPtr entry, Of of) {
  entry_ = std::move(entry);
  if (entry_->body()) cursor_ = cache::Cursor(entry_->body());
  send_head(choose(of));
}

// Conditions and ranges are for the 200 alone (RFC 9110 13.2.1, 14.2).
int StoredAnswer::choose(Of of) {
  constexpr int kOk = 200;
  const std::optional<std::uint64_t> size = size_of(*entry_);
  size_known_ = size.has_value();
  if (entry_->status() == kOk && asks_for_part(exchange_.request().fields)) {
    return select(exchange_, representation_of(*entry_, size, of), plan_);
  }
  if (size_known_) plan_.whole(*size);
  return entry_->status();
}

void StoredAnswer::send_head(int status) {
  constexpr int kNotModified = 304;
  constexpr int kPreconditionFailed = 412;
  if (status == kPreconditionFailed) {
    return exchange_.fail({Side::Proxy, Kind::PreconditionFailed});
  }
  http::ResponseHead& head = exchange_.response_slot();
  head.status = status;
  const bool is_head = exchange_.request().method == http::Method::Head;
  if (size_known_ || status == kNotModified) {
    head.body = http::framing_of(status, plan_.size(), is_head);
  } else {
    head.body = {is_head ? http::BodyKind::None : http::BodyKind::Chunked};
  }
  const bool has_body = head.body.has_body();
  if (has_body) exchange_.offer(coded_);
  exchange_.send_head(head);
  if (!has_body) return exchange_.finish();
  sending_ = true;
  send_some();
}

CodedCopy::Source::Name StoredAnswer::name() {
  std::array<char, 20> serial;
  const char* const end = std::to_chars(serial.begin(), serial.end(), entry_->body()->serial()).ptr;
  const std::string_view number(serial.data(), static_cast<std::size_t>(end - serial.data()));
  return {exchange_.arena().join({entry_->key_text(), "\nof:", number}), entry_->tags()};
}

void StoredAnswer::send_instead(cache::BodyPtr copy) {
  cursor_ = cache::Cursor(std::move(copy));
  size_known_ = true;
  plan_ = BodyPlan();
  plan_.whole(cursor_.body()->available());
}

std::string_view StoredAnswer::next(bool* ended) {
  *ended = false;
  if (!size_known_) {
    const Body::State state = cursor_.body()->state();
    const std::string_view bytes = cursor_.piece(exchange_.turn_bytes());
    *ended = bytes.empty() && state == Body::State::Complete;
    return bytes;
  }
  const BodyPlan::Piece piece = plan_.next();
  if (!piece.text.empty()) return piece.text;
  *ended = piece.bytes == 0;
  if (*ended) return {};
  if (cursor_.offset() != piece.from) cursor_.seek(piece.from);
  return cursor_.piece(std::min<std::uint64_t>(piece.bytes, exchange_.turn_bytes()));
}

void StoredAnswer::send_some() {
  for (std::size_t sent = 0; sending_ && sent < exchange_.turn_bytes();) {
    if (exchange_.unsent() > exchange_.rules().response_watermark_bytes) return;  // until drained
    bool ended = false;
    const std::string_view bytes = next(&ended);
    if (ended) {
      stop();
      return exchange_.finish();
    }
    if (bytes.empty()) {
      if (wait()) return;
      if (is_cut()) return on_cut();
      continue;
    }
    exchange_.write(bytes);
    const bool is_text = size_known_ && !plan_.next().text.empty();
    if (!is_text) cursor_.advance(bytes.size());
    if (size_known_) plan_.sent(bytes.size());
    sent += bytes.size();
  }
  if (sending_) exchange_.services().loop.call_again(*this);
}

// The body has failed, and all that it holds is sent.
bool StoredAnswer::is_cut() {
  return cursor_.body()->state() == Body::State::Failed && cursor_.piece(1).empty();
}

void StoredAnswer::on_cut() {
  stop();
  // Whoever goes on, what a filter makes of it is not for others: its size has no bound any more.
  coded_.drop();
  if (on_cut_ && on_cut_()) return;
  const bool is_ours = cursor_.body()->outgrown();
  exchange_.fail(is_ours ? Failure{Side::Proxy, Kind::Exhausted}
                         : Failure{Side::Backend, Kind::Truncated});
}

bool StoredAnswer::wait() {
  if (!waiter_) {
    waiter_ = LoopWaiter::create(exchange_.services().loop,
                                 Delegate<void()>::of<&StoredAnswer::on_news>(this));
  }
  return cursor_.body()->wait(*waiter_, cursor_.offset());
}

void StoredAnswer::on_news() {
  send_some();
}

void StoredAnswer::stop() {
  sending_ = false;
  net::Requeued::ListHook<net::RequeueTag>::unlink();
  if (!waiter_) return;
  waiter_->detach();
  cursor_.body()->stop_waiting(*waiter_);
  waiter_.reset();
}

}  // namespace sluice::handlers
