// SPDX-License-Identifier: MIT
#include "proxy/handlers/cache_rest.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "proxy/base/check.h"
#include "proxy/handlers/stored_head.h"
#include "proxy/http/conditional.h"
#include "proxy/http/date.h"

namespace sluice::handlers {

namespace {

using exchange::Kind;
using exchange::Side;
using http::FieldId;

constexpr int kOk = 200;

bool is_strong(const cache::Entry& entry, const http::Field& modified) {
  const std::optional<http::Field> date = find_field(entry, FieldId::Date);
  if (!date) return false;
  const cache::Time now = entry.terms().response_time;
  const auto changed = http::parse_http_date(modified.value, now);
  const auto sent = http::parse_http_date(date->value, now);
  return changed && sent && http::is_strong_date(*changed, *sent);
}

// What no other representation of the resource has.
std::optional<http::Field> strong_validator(const cache::Entry& entry) {
  if (const auto etag = find_field(entry, FieldId::ETag)) {
    return http::is_strong_etag(etag->value) ? etag : std::nullopt;
  }
  const auto modified = last_modified_of(entry);
  return modified && is_strong(entry, *modified) ? modified : std::nullopt;
}

bool same_codings(const cache::Entry& entry, const http::Fields& fields) {
  FieldLines stored;
  for (const cache::Field field : entry.fields()) {
    if (field.tag == static_cast<std::uint8_t>(FieldId::ContentEncoding)) stored.add(field.value);
  }
  const FieldLines other(fields, FieldId::ContentEncoding);
  return !stored.overflown() && !other.overflown() &&
         std::equal(stored.values().begin(), stored.values().end(), other.values().begin(),
                    other.values().end());
}

bool is_same(const cache::Entry& entry, const http::ResponseHead& head) {
  const std::optional<http::Field> validator = strong_validator(entry);
  if (!validator || head.status != kOk || !same_codings(entry, head.fields)) return false;
  if (validator->id != FieldId::ETag && head.fields.has(FieldId::ETag)) return false;
  return head.fields.count(validator->id) == 1 &&
         head.fields.value(validator->id) == validator->value;
}

}  // namespace

CacheRest::CacheRest(exchange::Exchange& exchange, const FillOptions& options)
    : exchange_(exchange), options_{options.store, options.forward, options.rules, false, false} {}

bool CacheRest::start(const cache::Key& key, const cache::EntryPtr& entry,
                      std::uint64_t sent_bytes) {
  if (entry->status() != kOk || !strong_validator(*entry)) return false;
  entry_ = entry;
  left_out_bytes_ = sent_bytes;
  fill_ = CacheFill::start(options_, exchange_, key, {}, {}, this);
  return true;
}

void CacheRest::stop() {
  if (fill_ != nullptr) std::exchange(fill_, nullptr)->leave();
}

void CacheRest::cut() {
  stop();
  exchange_.fail({Side::Backend, Kind::Truncated});
}

void CacheRest::on_fill_entry(cache::EntryPtr /*entry*/, exchange::CacheUse /*use*/,
                              const http::Fields& /*own*/, bool /*may_outgrow*/) {
  CHECK(false);
}

void CacheRest::on_fill_over() {
  CHECK(false);
}

void CacheRest::on_fill_anew(CacheFill& /*next*/) {
  CHECK(false);
}

void CacheRest::on_fill_failed(exchange::Failure /*failure*/) {
  fill_ = nullptr;
  cut();
}

void CacheRest::on_fill_head(http::ResponseHead& head) {
  exchange_.backend_trace() = fill_->inner().backend_trace();
  if (!is_same(*entry_, head)) cut();
}

void CacheRest::on_fill_body(std::string_view bytes) {
  const std::size_t left_out = std::min<std::uint64_t>(left_out_bytes_, bytes.size());
  left_out_bytes_ -= left_out;
  bytes.remove_prefix(left_out);
  if (!bytes.empty()) exchange_.write(bytes);
}

// One that is shorter than what was sent of it is not the same, whatever it says.
void CacheRest::on_fill_end(const http::Fields& trailers) {
  fill_ = nullptr;
  if (left_out_bytes_ > 0) return cut();
  exchange_.finish(trailers);
}

void CacheRest::on_fill_cut(exchange::Failure /*failure*/) {
  fill_ = nullptr;
  cut();
}

}  // namespace sluice::handlers
