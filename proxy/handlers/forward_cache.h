// SPDX-License-Identifier: MIT
// ForwardCache: a Forward behind a shared cache (RFC 9111). What is stored and may be used answers
// at once; of all who miss the same response at the same time one fetches it, and the others read
// it as it comes.
#pragma once

#include <memory>
#include <utility>

#include "cache/store.h"
#include "proxy/exchange/handler.h"
#include "proxy/handlers/cache_rules.h"
#include "proxy/handlers/forward.h"

namespace sluice::handlers {

// Immutable, part of a Snapshot. Borrows the store, which outlives every Snapshot.
class ForwardCache final : public exchange::Handler {
 public:
  ForwardCache(std::unique_ptr<Forward> forward, cache::Store& store,
               std::shared_ptr<const CacheRules> rules)
      : forward_(std::move(forward)), store_(store), rules_(std::move(rules)) {}

  ArenaPtr<exchange::Responder> respond(exchange::Exchange& exchange) const override;

 private:
  const std::unique_ptr<Forward> forward_;
  cache::Store& store_;
  const std::shared_ptr<const CacheRules> rules_;
};

}  // namespace sluice::handlers
