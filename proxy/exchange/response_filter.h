// SPDX-License-Identifier: MIT
// ResponseFilter: changes a response head on its way to the client, and may have the body pass
// through a BodyFilter. Per route, made when a Snapshot is compiled, immutable, shared by all
// workers.
#pragma once

#include <string_view>

#include "proxy/http/message.h"

namespace sluice::exchange {

class Exchange;

class ResponseFilter {
 public:
  virtual ~ResponseFilter() = default;
  // Also of the head that opens a tunnel (Exchange::is_tunnel()), which has no body to filter.
  // Views put into `head` must live as long as the exchange: from its arena or from the filter.
  virtual void on_head(Exchange& exchange, http::ResponseHead& head) const = 0;
  // Whether a field of that name may come beside the head: in an interim one, or in the trailers.
  virtual bool passes(std::string_view /*name*/) const { return true; }
};

}  // namespace sluice::exchange
