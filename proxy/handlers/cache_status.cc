// SPDX-License-Identifier: MIT
#include "proxy/handlers/cache_status.h"

#include <fmt/compile.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstddef>

namespace sluice::handlers {

namespace {

using exchange::CacheUse;

std::string_view words_of(CacheUse use, http::Method method) {
  switch (use) {
    case CacheUse::Hit:
    case CacheUse::Stale:
      return "hit";
    case CacheUse::Revalidated:
      return "fwd=stale; fwd-status=304";
    case CacheUse::Joined:
      return "fwd=miss; collapsed";
    case CacheUse::Bypass:
      return method == http::Method::Get || method == http::Method::Head ? "fwd=bypass"
                                                                         : "fwd=method";
    case CacheUse::Miss:
    case CacheUse::Pass:
    case CacheUse::None:
      break;
  }
  return "fwd=miss";
}

}  // namespace

std::string_view cache_status_of(const CacheStatus& status, exchange::Exchange& exchange) {
  constexpr std::size_t kRoom = 96;
  char* const out = exchange.arena().allocate(kRoom);
  const std::string_view words = words_of(status.use, exchange.request().method);
  const std::string_view stored = status.stored ? "; stored" : "";
  const auto end = status.ttl
                       ? fmt::format_to_n(out, kRoom, FMT_COMPILE("sluice; {}{}; ttl={}"), words,
                                          stored, *status.ttl)
                       : fmt::format_to_n(out, kRoom, FMT_COMPILE("sluice; {}{}"), words, stored);
  return {out, std::min(end.size, kRoom)};
}

}  // namespace sluice::handlers
