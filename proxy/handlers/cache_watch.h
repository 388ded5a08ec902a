// SPDX-License-Identifier: MIT
// CacheWatch: sees each response of a route with a cache on its way to the client. What a
// successful unsafe request has changed is taken out of the store (RFC 9111 4.4); what a HEAD that
// passed says of the response to GET that is stored freshens it, or makes it stale (4.3.5). Of a
// response that the cache had nothing to do with, Cache-Status says so.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>

#include "cache/store.h"
#include "proxy/exchange/response_filter.h"
#include "proxy/handlers/cache_rules.h"

namespace sluice::handlers {

// Borrows the store, which outlives every Snapshot.
class CacheWatch final : public exchange::ResponseFilter {
 public:
  CacheWatch(cache::Store& store, std::shared_ptr<const CacheRules> rules)
      : store_(store), rules_(std::move(rules)) {}

  void on_head(exchange::Exchange& exchange, http::ResponseHead& head) const override;

 private:
  void learn(exchange::Exchange& exchange, const http::ResponseHead& head) const;
  void compare(exchange::Exchange& exchange, const http::ResponseHead& head) const;
  void freshen_stored(exchange::Exchange& exchange, const http::ResponseHead& head,
                      const cache::EntryPtr& stored, std::uint64_t purges_before) const;
  void invalidate(exchange::Exchange& exchange, const http::ResponseHead& head) const;

  cache::Store& store_;
  const std::shared_ptr<const CacheRules> rules_;
};

}  // namespace sluice::handlers
