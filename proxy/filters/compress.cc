// SPDX-License-Identifier: MIT
#include "proxy/filters/compress.h"

#include <algorithm>
#include <chrono>
#include <optional>

#include "proxy/exchange/exchange.h"
#include "proxy/http/accept_encoding.h"
#include "proxy/http/digests.h"
#include "proxy/http/media_type.h"

namespace sluice::filters {

namespace {

using http::BodyKind;
using http::FieldId;

// The client waits no longer than this for bytes that the encoder keeps. The timers are late by two
// ticks of it.
constexpr std::chrono::milliseconds kHeldMax{100};
constexpr std::chrono::milliseconds kHeld = kHeldMax - 2 * net::TimerWheel::kTick;
static_assert(kHeld >= kHeld.zero());

// The body of one response. Borrows the exchange, in whose arena it lives, and what is offered
// there to keep it.
class CompressedBody final : public exchange::BodyFilter {
 public:
  CompressedBody(exchange::Exchange& exchange, EncoderPool::Handle encoder)
      : exchange_(exchange),
        encoder_(std::move(encoder)),
        output_(exchange.client_sink(), exchange.coded_bodies()),
        held_(exchange.services().loop.timers(),
              net::Timer::Callback::of<&CompressedBody::on_held>(this)) {}

  void write(std::string_view bytes) override {
    encode(bytes, Encoder::Then::More);
    if (!held_.armed()) held_.set(exchange_.services().loop.now() + kHeld);
  }

  bool finish() override {
    held_.clear();
    encode({}, Encoder::Then::Finish);
    if (whole_) output_.end();
    return whole_;
  }

  // Nobody said in the head that one would come.
  bool keeps(const http::Field& trailer) const override { return !http::is_digest(trailer.name); }

 private:
  class Output final : public ByteSink {
   public:
    Output(ByteSink& client, exchange::CodedBodies* kept) : client_(client), kept_(kept) {}

    void write(std::string_view bytes) override {
      client_.write(bytes);
      if (kept_ != nullptr) kept_->keep(bytes);
    }
    std::size_t unsent() const override { return client_.unsent(); }
    void end() {
      if (kept_ != nullptr) kept_->keep_end();
    }

   private:
    ByteSink& client_;
    exchange::CodedBodies* const kept_;  // or none
  };

  void on_held() { encode({}, Encoder::Then::Flush); }
  void encode(std::string_view bytes, Encoder::Then then) {
    whole_ = whole_ && encoder_->encode(bytes, then, output_);
  }

  exchange::Exchange& exchange_;
  EncoderPool::Handle encoder_;
  Output output_;
  net::Timer held_;
  bool whole_ = true;  // false: the encoder broke, and the response will be cut off at its end
};

bool list_of_any_has(const http::Fields& fields, FieldId id, std::string_view token) {
  return std::any_of(fields.begin(), fields.end(), [id, token](const http::Field& field) {
    return field.id == id && http::list_contains_token(field.value, token);
  });
}

// RFC 9111 5.2.2.6; of both fields that may say so (RFC 9213), whichever holds for caches.
bool forbids_to_transform(const http::Fields& fields) {
  return std::any_of(fields.begin(), fields.end(), [](const http::Field& field) {
    const bool is_control =
        field.id == FieldId::CacheControl || field.id == FieldId::CdnCacheControl;
    return is_control && http::list_contains_directive(field.value, "no-transform");
  });
}

// The backend vouches for the bytes as they are, before or behind them.
bool has_digest(const http::Fields& fields) {
  return std::any_of(
      http::kDigests.begin(), http::kDigests.end(), [&fields](std::string_view name) {
        return fields.find(name) != nullptr || list_of_any_has(fields, FieldId::Trailer, name);
      });
}

bool may_change(const http::Fields& fields) {
  return !fields.has(FieldId::ContentEncoding) && !forbids_to_transform(fields) &&
         !http::is_live(fields) && !has_digest(fields);
}

// The size of the body that the head announces, to HEAD too.
std::optional<std::uint64_t> announced_size(const http::BodyFraming& body) {
  const bool known =
      body.kind == BodyKind::Length || (body.kind == BodyKind::None && body.announced);
  return known ? std::optional(body.length) : std::nullopt;
}

void add_vary(http::Fields& fields) {
  if (list_of_any_has(fields, FieldId::Vary, "*")) return;
  if (list_of_any_has(fields, FieldId::Vary, "Accept-Encoding")) return;
  fields.add(FieldId::Vary, "Accept-Encoding");
}

std::string_view weakened(Arena& arena, std::string_view etag) {
  constexpr std::string_view kWeak = "W/";
  char* const out = arena.allocate(kWeak.size() + etag.size());
  etag.copy(out + kWeak.copy(out, kWeak.size()), etag.size());
  return {out, kWeak.size() + etag.size()};
}

// Two representations may not share a strong one (RFC 9110 8.8.1).
void weaken_etag(exchange::Exchange& exchange, http::Fields& fields) {
  const std::string_view etag = fields.value(FieldId::ETag);
  if (etag.starts_with('"')) fields.set(FieldId::ETag, weakened(exchange.arena(), etag));
}

// Which representation the client has, its own tag says, where both may be meant for it. The answer
// may not make a strong one of it, by which it would ask for ranges.
void keep_weak(exchange::Exchange& exchange, http::Fields& fields) {
  const std::string_view etag = fields.value(FieldId::ETag);
  if (!etag.starts_with('"')) return;
  const std::string_view weak = weakened(exchange.arena(), etag);
  const http::Fields& asked = exchange.request().fields;
  const bool has_it = std::any_of(asked.begin(), asked.end(), [weak](const http::Field& field) {
    return field.id == FieldId::IfNoneMatch && field.value.find(weak) != std::string_view::npos;
  });
  if (has_it) fields.set(FieldId::ETag, weak);
}

// `size`: of the compressed body, where it is known.
void describe(exchange::Exchange& exchange, http::ResponseHead& head, std::string_view coding,
              std::optional<std::uint64_t> size) {
  head.fields.add(FieldId::ContentEncoding, coding);
  weaken_etag(exchange, head.fields);
  // Ranges are of the content as it is, and would be put together with this.
  head.fields.remove(FieldId::AcceptRanges);
  head.fields.remove(FieldId::ContentLength);
  const bool drop_trailers = head.body.kind == BodyKind::Chunked && head.body.drop_trailers;
  const bool has_body = head.body.has_body();
  if (size) {
    head.body = {BodyKind::Length, *size};
  } else {
    head.body = {has_body ? BodyKind::Chunked : BodyKind::None};
    head.body.drop_trailers = has_body && drop_trailers;
  }
}

}  // namespace

MediaPattern::MediaPattern(std::string_view text) {
  const std::size_t star = text.find('*');
  open_ = star != std::string_view::npos;
  begin_ = text.substr(0, star);
  if (open_) end_ = text.substr(star + 1);
}

bool MediaPattern::matches(std::string_view type) const {
  if (!open_) return http::iequals(type, begin_);
  return type.size() >= begin_.size() + end_.size() &&
         http::iequals(type.substr(0, begin_.size()), begin_) &&
         http::iequals(type.substr(type.size() - end_.size()), end_);
}

Compress::Compress(CompressOptions options) : options_(std::move(options)) {
  for (const Coding coding : options_.codings) names_.push_back(name_of(coding));
}

bool Compress::is_type(const http::Fields& fields) const {
  const std::string_view type = http::media_type(fields);
  return std::any_of(options_.types.begin(), options_.types.end(),
                     [type](const MediaPattern& pattern) { return pattern.matches(type); });
}

bool Compress::depends_on_client(const http::ResponseHead& head) const {
  constexpr int kNoContent = 204;
  if (head.status == kNoContent || head.fields.has(FieldId::ContentRange)) return false;
  return is_type(head.fields) && may_change(head.fields);
}

bool Compress::is_large_enough(const http::BodyFraming& body, bool is_head) const {
  if (body.kind == BodyKind::None && !is_head) return false;
  const std::optional<std::uint64_t> size = announced_size(body);
  return !size || (*size != 0 && *size >= options_.size_min);
}

// RFC 9110 15.3.7: what the 200 would have, as far as a part tells: of several parts the type is
// that of their wrapping.
void Compress::on_part(http::ResponseHead& head) const {
  const bool is_wrapped = http::iequals(http::media_type(head.fields), "multipart/byteranges");
  if ((is_wrapped || is_type(head.fields)) && may_change(head.fields)) add_vary(head.fields);
}

void Compress::on_not_modified(exchange::Exchange& exchange, http::ResponseHead& head) const {
  const bool may_be_type = !head.fields.has(FieldId::ContentType) || is_type(head.fields);
  if (!may_be_type || !may_change(head.fields)) return;
  if (choose_for(exchange.request()) != names_.size()) keep_weak(exchange, head.fields);
  add_vary(head.fields);
}

std::size_t Compress::choose_for(const http::RequestHead& request) const {
  // Without chunks a client cannot tell the end from a cut.
  if (request.version != http::Version::Http11) return names_.size();
  // RFC 9111 5.2.1.6: the client asks for what the backend sends.
  if (forbids_to_transform(request.fields)) return names_.size();
  return http::choose_encoding(request.fields, names_);
}

void Compress::on_head(exchange::Exchange& exchange, http::ResponseHead& head) const {
  constexpr int kPartialContent = 206;
  constexpr int kNotModified = 304;
  if (exchange.is_tunnel()) return;
  if (head.status == kPartialContent) return on_part(head);
  if (head.status == kNotModified) return on_not_modified(exchange, head);
  const http::RequestHead& request = exchange.request();
  if (!depends_on_client(head)) return;
  // Whatever its size, which the same response may announce another time, and not now.
  add_vary(head.fields);
  if (!is_large_enough(head.body, request.method == http::Method::Head)) return;
  const std::size_t chosen = choose_for(request);
  EncoderPool* const encoders = exchange.services().encoders;
  if (chosen == names_.size() || encoders == nullptr) return;
  std::optional<std::uint64_t> kept_size;
  if (head.body.has_body() && exchange.coded_bodies() != nullptr) {
    kept_size = exchange.coded_bodies()->use(names_[chosen]);
  }
  if (head.body.has_body() && !kept_size) {
    EncoderPool::Handle encoder = encoders->take(options_.codings[chosen], options_.level);
    if (encoder == nullptr) return;
    exchange.set_body_filter(exchange.arena().make<CompressedBody>(exchange, std::move(encoder)));
  }
  describe(exchange, head, names_[chosen], kept_size);
}

}  // namespace sluice::filters
