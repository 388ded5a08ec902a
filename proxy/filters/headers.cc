// SPDX-License-Identifier: MIT
#include "proxy/filters/headers.h"

namespace sluice::filters {

void HeaderFilter::on_head(exchange::Exchange&, http::ResponseHead& head) const {
  edits_.apply(head.fields);
}

}  // namespace sluice::filters
