// SPDX-License-Identifier: MIT
// Rules: the part of a Snapshot that exchanges work by. Immutable, shared by all workers; an
// exchange keeps the Rules it began under until it ends, whatever is reloaded meanwhile.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "proxy/base/ip.h"
#include "proxy/http/forwarded.h"
#include "proxy/route/table.h"

namespace sluice::exchange {

class AccessCheck;

// Of one listener.
struct ListenerRules {
  // Null: it no longer is in the configuration, and its last connections go on without a route.
  const route::Table* table = nullptr;
  std::vector<const AccessCheck*> checks;  // in order; for all requests, before those of the route
  // Asked when nobody else refuses, and the request's turn has come; null: none.
  const AccessCheck* bound = nullptr;
};

struct Rules {
  std::vector<ListenerRules> listeners;  // by number, which stays with a listener over reloads
  CidrSet trusted_proxies;
  http::ClientField client_field = http::ClientField::XForwardedFor;  // what they write
  std::uint64_t body_bytes_max = 0;                                   // 0: no limit
  std::chrono::milliseconds total_timeout{};  // of an exchange that is no tunnel; 0: none
  std::size_t request_watermark_bytes = 64 * 1024;
  std::size_t response_watermark_bytes = 256 * 1024;
};

}  // namespace sluice::exchange
