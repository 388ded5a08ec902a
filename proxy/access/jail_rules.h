// SPDX-License-Identifier: MIT
// The words of the jail: why somebody is put away, from how many events on, for how long, and who
// is. Plain values. Times are of the wall clock, which alone means something after a restart, and
// are given to whoever needs them; a clock that is set lets inmates out early or late by as much.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

#include "proxy/base/ip.h"

namespace sluice::access {

using WallTime = std::chrono::sys_time<std::chrono::milliseconds>;

enum class Reason : std::uint8_t {
  Limiter,       // refused by the rate limiter
  Errors,        // answered with any 4xx
  NotFound,      // 404
  Unauthorized,  // 401
  Malformed,     // what was no request
  Tls,           // the handshake failed
  WideLimiter,   // refused by the bucket that its neighbours share: puts them all away
  Operator       // added by hand; nothing triggers it
};
inline constexpr std::size_t kTriggers = 7;  // the reasons before Operator

// "limiter", "errors", "not_found", "unauthorized", "malformed", "tls", "wide_limiter",
// "operator".
std::string_view word_of(Reason reason);
std::optional<Reason> reason_of(std::string_view word);

// So many events within the window put an address away; none with a count of 0.
struct TriggerRule {
  std::uint16_t count = 0;
  std::chrono::milliseconds window{60'000};
};

// Immutable while in use: a Snapshot's, so that a reload brings others while all inmates stay.
struct JailRules {
  const TriggerRule& rule(Reason reason) const {
    return triggers[static_cast<std::size_t>(reason)];
  }
  TriggerRule& rule(Reason reason) { return triggers[static_cast<std::size_t>(reason)]; }

  // How long for the given time that somebody is caught, from 1: twice as long each time.
  std::chrono::milliseconds sentence(std::uint32_t times) const;

  std::array<TriggerRule, kTriggers> triggers{};
  std::chrono::milliseconds time{std::chrono::minutes{10}};
  std::chrono::milliseconds max{std::chrono::hours{24}};
  // Addresses that agree in so many bits are one. A subscriber with IPv6 has a /64 at least.
  std::uint8_t v4_bits = 32;
  std::uint8_t v6_bits = 64;
  std::uint8_t wide_v6_bits = 48;  // neighbours; 0: there are none
};

struct Inmate {
  bool jailed(WallTime now) const { return now < until; }
  // Until then, who is caught again has been caught before: ten times as long as he was away, and
  // at least an hour. Who was only ever put away by hand is forgotten at once.
  WallTime forgotten_at() const;

  friend bool operator==(const Inmate&, const Inmate&) = default;

  Cidr block;
  Reason reason = Reason::Operator;
  std::uint32_t times = 0;  // caught; by hand does not count
  WallTime since;
  WallTime until;
};

}  // namespace sluice::access
