// SPDX-License-Identifier: MIT
#include "proxy/handlers/cache_watch.h"

#include <chrono>
#include <cstdint>
#include <ctime>
#include <string>

#include "proxy/handlers/cache_status.h"
#include "proxy/handlers/stored_head.h"

namespace sluice::handlers {

using exchange::CacheUse;
using http::FieldId;

namespace {

// What differs in fields that clients choose may be so much that others would wait for it: a step
// at once, and the rest in turns of the loop.
void purge_url(cache::Store& store, net::EventLoop& loop, std::string_view url,
               cache::PurgeCursor cursor = {}) {
  cache::PurgeReport report;
  if (!store.purge_step({cache::Purge::By::Url, url}, cursor, report)) return;
  loop.post([&store, &loop, url = std::string(url), cursor = std::move(cursor)] {
    purge_url(store, loop, url, cursor);
  });
}

// What GET has in chunks is announced to HEAD as 0 by some, and uncompressed by those who compress.
bool has_length_of(const http::BodyFraming& announced, const cache::Entry& stored) {
  if (!announced.announced) return true;
  if (stored.content_length()) return *stored.content_length() == announced.length;
  const bool tells =
      announced.length > 0 && stored.is_whole() && !find_field(stored, FieldId::ContentEncoding);
  return !tells || (stored.body() && stored.body()->available() == announced.length);
}

// RFC 9111 4.3.5, where the head is of a response to HEAD.
bool is_head_of(const cache::Entry& stored, const http::ResponseHead& head) {
  const std::string_view date = last_modified_of(head.fields);
  const auto modified = last_modified_of(stored);
  return stored.status() == head.status && has_length_of(head.body, stored) &&
         (date.empty() || (modified && modified->value == date)) && confirms(stored, head.fields);
}

// Since the request came.
std::chrono::nanoseconds delay_of(const exchange::Exchange& exchange) {
  return exchange.services().loop.now() - exchange.times().begin;
}

bool has_validator(const http::Fields& fields) {
  return !fields.value(FieldId::ETag).empty() || !last_modified_of(fields).empty();
}

}  // namespace

// What the proxy says itself is nothing that a cache has handled.
void CacheWatch::on_head(exchange::Exchange& exchange, http::ResponseHead& head) const {
  if (exchange.cache_use() != CacheUse::Bypass || exchange.failure()) return;
  if (!exchange.cache_key().empty()) learn(exchange, head);
  const cache::Method method = method_for_cache(exchange.request().method);
  const bool reads = method == cache::Method::Get || method == cache::Method::Head;
  head.fields.add(http::FieldId::CacheStatus,
                  cache_status_of({.forwarded = reads ? "bypass" : "method"}, exchange));
}

void CacheWatch::learn(exchange::Exchange& exchange, const http::ResponseHead& head) const {
  constexpr int kOk = 200;
  const cache::Method method = method_for_cache(exchange.request().method);
  if (method == cache::Method::Head && head.status == kOk) compare(exchange, head);
  if (cache::invalidates(method, head.status)) invalidate(exchange, head);
}

// With all that would be found one after the other, until one agrees. What is newer knows better.
void CacheWatch::compare(exchange::Exchange& exchange, const http::ResponseHead& head) const {
  const cache::Key key = store_.key(exchange.cache_key());
  const std::uint64_t purges_before = store_.purges(key);
  const RequestSelector selector(exchange.request().fields);
  const cache::Time said = said_at(head, *rules_, delay_of(exchange));
  for (;;) {
    const cache::EntryPtr stored = store_.find(key, selector, std::time(nullptr), false).entry;
    if (!stored || said < stored->terms().response_time - stored->terms().initial_age) return;
    if (is_head_of(*stored, head)) return freshen_stored(exchange, head, stored, purges_before);
    if (stored->marked_stale()) return;
    stored->mark_stale();
  }
}

// Nothing without a validator: nothing tells then that the body is still the same, and who asks
// often enough would keep it for good. Nor with fields that are this client's alone.
void CacheWatch::freshen_stored(exchange::Exchange& exchange, const http::ResponseHead& head,
                                const cache::EntryPtr& stored, std::uint64_t purges_before) const {
  const bool is_for_all = exchange.answer_fields().empty();
  if (!has_validator(head.fields) || !is_for_all || stored->marked_stale()) return;
  http::ResponseHead fresh;
  freshen(*stored, head, fresh);
  // RFC 9110 6.6.1: what says no Date has that of its arrival.
  if (!head.fields.has(FieldId::Date)) {
    fresh.fields.set(FieldId::Date, exchange.services().date.at(std::time(nullptr)));
  }
  cache::RequestFacts request = request_facts(exchange.request());
  request.method = cache::Method::Get;
  const cache::Judgement judgement = judge(request, fresh, *rules_, delay_of(exchange));
  if (judgement.storing != cache::Storing::Allowed) return;
  const cache::EntryPtr entry = make_entry(
      {stored->key(), fresh, judgement, exchange.request().fields, *rules_, stored->body()});
  if (entry) store_.replace(stored, entry, purges_before);
}

// The target, and what the response says it has made or changed, as far as it is of the same
// origin; whatever else the rules tell responses of that URL apart by.
void CacheWatch::invalidate(exchange::Exchange& exchange, const http::ResponseHead& head) const {
  net::EventLoop& loop = exchange.services().loop;
  purge_url(store_, loop, cache::url_of(exchange.cache_key()));
  for (const http::Field& field : head.fields) {
    const bool names_one = field.id == FieldId::Location || field.id == FieldId::ContentLocation;
    if (!names_one || field.value.empty()) continue;
    const std::string_view url = cache_url_of(exchange, *rules_, field.value);
    if (!url.empty()) purge_url(store_, loop, url);
  }
}

}  // namespace sluice::handlers
