// SPDX-License-Identifier: MIT
#include "proxy/handlers/cache_watch.h"

#include <string>

#include "proxy/handlers/cache_status.h"

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

}  // namespace

// What the proxy says itself is nothing that a cache has handled.
void CacheWatch::on_head(exchange::Exchange& exchange, http::ResponseHead& head) const {
  if (exchange.cache_use() != CacheUse::Bypass || exchange.failure()) return;
  const cache::Method method = method_for_cache(exchange.request().method);
  const bool is_ours = !exchange.cache_url().empty();
  if (is_ours && cache::invalidates(method, head.status)) invalidate(exchange, head);
  const bool reads = method == cache::Method::Get || method == cache::Method::Head;
  head.fields.add(http::FieldId::CacheStatus,
                  cache_status_of({.forwarded = reads ? "bypass" : "method"}, exchange));
}

// The target, and what the response says it has made or changed, as far as it is of the same
// origin; whatever else the rules tell responses of that URL apart by.
void CacheWatch::invalidate(exchange::Exchange& exchange, const http::ResponseHead& head) const {
  net::EventLoop& loop = exchange.services().loop;
  purge_url(store_, loop, exchange.cache_url());
  for (const FieldId id : {FieldId::Location, FieldId::ContentLocation}) {
    const std::string_view uri = head.fields.value(id);
    if (uri.empty()) continue;
    const std::string_view url = cache_url_of(exchange, *rules_, uri);
    if (!url.empty()) purge_url(store_, loop, url);
  }
}

}  // namespace sluice::handlers
