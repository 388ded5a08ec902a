// SPDX-License-Identifier: MIT
#include "proxy/handlers/cache_status.h"

#include <fmt/compile.h>
#include <fmt/format.h>

#include <cstddef>

namespace sluice::handlers {

std::string_view cache_status_of(const CacheStatus& status, exchange::Exchange& exchange) {
  constexpr std::size_t kRestMax = 96;  // everything but the word behind "fwd="
  char* const text = exchange.arena().allocate(kRestMax + status.forwarded.size());
  char* out = fmt::format_to(text, FMT_COMPILE("sluice; {}{}"),
                             status.forwarded.empty() ? "hit" : "fwd=", status.forwarded);
  if (status.forward_status != 0) {
    out = fmt::format_to(out, FMT_COMPILE("; fwd-status={}"), status.forward_status);
  }
  if (status.collapsed) out = fmt::format_to(out, FMT_COMPILE("; collapsed"));
  if (status.stored) out = fmt::format_to(out, FMT_COMPILE("; stored"));
  if (status.ttl) out = fmt::format_to(out, FMT_COMPILE("; ttl={}"), *status.ttl);
  return {text, static_cast<std::size_t>(out - text)};
}

}  // namespace sluice::handlers
