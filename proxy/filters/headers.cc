// SPDX-License-Identifier: MIT
#include "proxy/filters/headers.h"

#include "proxy/exchange/exchange.h"

namespace sluice::filters {

void HeaderFilter::on_head(exchange::Exchange& exchange, http::ResponseHead& head) const {
  if (exchange.failure()) return edits_.apply_beside_content(head.fields);
  edits_.apply(head.fields);
}

}  // namespace sluice::filters
