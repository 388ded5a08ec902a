// SPDX-License-Identifier: MIT
#include "proxy/handlers/fixed_response.h"

#include <utility>

#include "proxy/base/check.h"
#include "proxy/exchange/exchange.h"
#include "proxy/handlers/whole_answer.h"

namespace sluice::handlers {

FixedResponse::FixedResponse(int status, std::string body, std::string content_type)
    : status_(status), body_(std::move(body)), content_type_(std::move(content_type)) {
  CHECK(status_ >= 200 && status_ <= 999);
  CHECK(http::is_field_value(content_type_));
}

ArenaPtr<exchange::Responder> FixedResponse::respond(exchange::Exchange& exchange) const {
  const Answer answer{
      .status = status_, .content_type = content_type_, .body = body_, .location = {}};
  return exchange.arena().make<WholeAnswer>(exchange, answer);
}

}  // namespace sluice::handlers
