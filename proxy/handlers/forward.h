// SPDX-License-Identifier: MIT
// Forward: hands the request to a backend of a pool and its response back to the client.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "balancer/pool.h"
#include "proxy/backend/stream.h"
#include "proxy/exchange/handler.h"
#include "proxy/handlers/upload.h"
#include "proxy/http/field_edits.h"

namespace sluice::handlers {

struct ForwardOptions {
  http::FieldEdits request_edits;
  bool keeps_fields = false;            // the request's own, as a cache reads them again behind it
  std::vector<std::string> upgrades;    // protocols a client may switch to
  std::optional<WholeBody> whole_body;  // request bodies are collected before they are forwarded
  std::chrono::milliseconds tunnel_idle{};
  backend::Options backend{};
};

// Immutable, part of a Snapshot, which owns the pool it borrows.
class Forward final : public exchange::Handler {
 public:
  Forward(const balancer::Pool& pool, ForwardOptions options)
      : pool_(pool), options_(std::move(options)) {}

  ArenaPtr<exchange::Responder> respond(exchange::Exchange& exchange) const override;

 private:
  const balancer::Pool& pool_;
  const ForwardOptions options_;
};

}  // namespace sluice::handlers
