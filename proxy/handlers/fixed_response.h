// SPDX-License-Identifier: MIT
// FixedResponse: a route's answer as it stands in the configuration ("respond").
// Immutable, shared by all workers.
#pragma once

#include <string>

#include "proxy/exchange/handler.h"

namespace sluice::handlers {

class FixedResponse final : public exchange::Handler {
 public:
  // 204, 205 and 304 are sent without the body. REQUIRES: 200 <= status <= 999, and a content type
  // that is a field value.
  FixedResponse(int status, std::string body, std::string content_type);

  ArenaPtr<exchange::Responder> respond(exchange::Exchange& exchange) const override;

 private:
  int status_;
  std::string body_;
  std::string content_type_;
};

}  // namespace sluice::handlers
