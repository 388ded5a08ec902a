// SPDX-License-Identifier: MIT
#include "proxy/access/jail_rules.h"

#include <algorithm>

namespace sluice::access {
namespace {

constexpr std::array<std::string_view, kTriggers + 1> kWords = {
    "limiter",   "errors", "not_found",    "unauthorized",
    "malformed", "tls",    "wide_limiter", "operator"};

}  // namespace

std::string_view word_of(Reason reason) {
  return kWords[static_cast<std::size_t>(reason)];
}

std::optional<Reason> reason_of(std::string_view word) {
  const auto* const found = std::find(kWords.begin(), kWords.end(), word);
  if (found == kWords.end()) return std::nullopt;
  return static_cast<Reason>(found - kWords.begin());
}

std::chrono::milliseconds JailRules::sentence(std::uint32_t times) const {
  std::chrono::milliseconds sentence = std::min(time, max);
  for (std::uint32_t i = 1; i < times && sentence < max && sentence.count() > 0; ++i) {
    sentence = sentence > max / 2 ? max : sentence * 2;
  }
  return sentence;
}

WallTime Inmate::forgotten_at() const {
  if (times == 0) return until;
  return until + std::max<std::chrono::milliseconds>(10 * (until - since), std::chrono::hours{1});
}

}  // namespace sluice::access
