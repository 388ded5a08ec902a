// SPDX-License-Identifier: MIT
// What the admin listener answers about the jail: who is put away, and an operator's own orders.
#pragma once

#include "proxy/access/guard.h"
#include "proxy/handlers/admin.h"

namespace sluice::server {

// All that are in, as JSON: [{"block": "192.0.2.7", "reason": "limiter", "times": 2, "since": ...,
// "until": ...}, ...], who is free first before the others.
handlers::AdminAnswer list_blocks(const access::Jail& jail, access::WallTime now);

// ?block=ADDRESS or CIDR, &for=DURATION (an hour without it). Not an address that is never put
// away.
handlers::AdminAnswer add_block(const access::GuardRules& rules,
                                const handlers::AdminRequest& request, access::WallTime now);

// ?block=ADDRESS or CIDR: all within it.
handlers::AdminAnswer remove_block(access::Jail& jail, const handlers::AdminRequest& request,
                                   access::WallTime now);

}  // namespace sluice::server
