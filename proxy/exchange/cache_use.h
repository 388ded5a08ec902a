// SPDX-License-Identifier: MIT
// CacheUse: what the cache had to do with an exchange, for its log line and its Cache-Status.
#pragma once

#include <cstdint>
#include <string_view>

namespace sluice::exchange {

enum class CacheUse : std::uint8_t {
  None,         // the route has no cache
  Bypass,       // the request, or a rule, wanted none
  Hit,          // answered from the store
  Stale,        // answered from the store although its freshness was over
  Revalidated,  // answered from the store after the backend had said that nothing changed
  Miss,         // fetched, for this exchange
  Joined,       // answered by a fetch that another exchange began
  Pass,         // fetched, and not to be stored
};

// "hit"; empty for None.
constexpr std::string_view word_of(CacheUse use) {
  switch (use) {
    case CacheUse::Bypass:
      return "bypass";
    case CacheUse::Hit:
      return "hit";
    case CacheUse::Stale:
      return "stale";
    case CacheUse::Revalidated:
      return "revalidated";
    case CacheUse::Miss:
      return "miss";
    case CacheUse::Joined:
      return "joined";
    case CacheUse::Pass:
      return "pass";
    case CacheUse::None:
      break;
  }
  return {};
}

}  // namespace sluice::exchange
