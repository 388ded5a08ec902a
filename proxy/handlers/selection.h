// SPDX-License-Identifier: MIT
// Selection: what of a representation answers a GET or HEAD, by the request's conditions (RFC 9110
// 13) and ranges (RFC 9110 14). For whoever holds a whole representation: files, the cache.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "proxy/exchange/exchange.h"
#include "proxy/handlers/body_plan.h"
#include "proxy/http/conditional.h"

namespace sluice::handlers {

struct Representation {
  http::Validators validators;
  std::optional<std::uint64_t> size;  // not known yet: no range can be answered
  std::string_view content_type;
  bool of_cache = false;  // RFC 9111 4.3.2: its date stands for a last_modified that is not there
};

// The status: 200, 206, 304, 412 or 416. `plan` then holds the body; not of a 200 without a size.
// REQUIRES: exchange.response_slot() has the fields of the 200, of which those are changed that the
// status asks for. Of a 412 nothing is prepared.
int select(exchange::Exchange& exchange, const Representation& of, BodyPlan& plan);

}  // namespace sluice::handlers
