// SPDX-License-Identifier: MIT
#include "proxy/handlers/cache_status.h"

#include <fmt/compile.h>
#include <fmt/format.h>

#include <cstddef>
#include <iterator>

namespace sluice::handlers {

std::string_view cache_status_of(const CacheStatus& status, exchange::Exchange& exchange) {
  fmt::basic_memory_buffer<char, 96> text;
  const auto out = std::back_inserter(text);
  fmt::format_to(out, FMT_COMPILE("sluice; {}{}"),
                 status.forwarded.empty() ? "hit" : "fwd=", status.forwarded);
  if (status.forward_status != 0) {
    fmt::format_to(out, FMT_COMPILE("; fwd-status={}"), status.forward_status);
  }
  if (status.collapsed) fmt::format_to(out, FMT_COMPILE("; collapsed"));
  if (status.stored) fmt::format_to(out, FMT_COMPILE("; stored"));
  if (status.ttl) fmt::format_to(out, FMT_COMPILE("; ttl={}"), *status.ttl);
  return exchange.arena().copy({text.data(), text.size()});
}

}  // namespace sluice::handlers
