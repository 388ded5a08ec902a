// SPDX-License-Identifier: MIT
// Forward: hands the request to a backend of a pool and its response back to the client.
#pragma once

#include <string>

#include "balancer/pool.h"
#include "proxy/exchange/handler.h"
#include "proxy/http/field_edits.h"

namespace sluice::handlers {

// Immutable, part of a Snapshot, which owns the pool it borrows.
class Forward final : public exchange::Handler {
 public:
  Forward(const balancer::Pool& pool, http::FieldEdits request_edits)
      : pool_(pool), request_edits_(std::move(request_edits)) {}

  ArenaPtr<exchange::Responder> respond(exchange::Exchange& exchange) const override;

 private:
  const balancer::Pool& pool_;
  const http::FieldEdits request_edits_;
};

}  // namespace sluice::handlers
