// SPDX-License-Identifier: MIT
// The part of the configuration that keeps clients to their share, and some of them out.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "conf/quantities.h"

namespace sluice::conf {

// A token bucket for each client: `burst` requests at once, then as many as the rate brings.
struct RateLimit {
  Rate rate{};          // 0 events: no limit
  int burst = 0;        // 0: "auto", what the rate brings in a second, 1 at least
  int delay = 0;        // so many more wait for their turn before one is refused
  bool shadow = false;  // nobody is refused, only counted: to try a limit out

  bool operator==(const RateLimit&) const = default;
};

// Clients are told apart by address. Who has IPv6 has at least a /64 of them, often a /56 or /48.
struct PerIp : RateLimit {
  bool fields = false;  // tell clients, in RateLimit fields; off, as they are a draft's
  int connections = 0;  // open at once; 0: no limit
  Rate connection_rate{};
  int requests = 0;             // at once; 0: no limit
  int ipv4_prefix = 32;         // bits of an address that count
  int ipv6_prefix = 64;         //
  int ipv6_wide_prefix = 48;    // has a bucket of its own; 0: it has none
  int ipv6_wide_multiple = 16;  // so many times as large

  bool operator==(const PerIp&) const = default;
};

struct RouteLimits {
  RateLimit per_ip;     // beside that of all routes
  int cost = 1;         // tokens that one request takes from every bucket
  Bytes bandwidth = 0;  // instead of that of all routes; 0: no own

  bool operator==(const RouteLimits&) const = default;
};

// Addresses, CIDR blocks, "all", or "file:PATH" with one a line; the longest prefix decides.
struct AccessLists {
  std::vector<std::string> allow;
  std::vector<std::string> deny;

  bool operator==(const AccessLists&) const = default;
};

enum class DenyWith { Status, Drop };

struct Access : AccessLists {
  DenyWith deny_with = DenyWith::Status;  // 403, or no answer at all

  bool operator==(const Access&) const = default;
};

// Who does too much of what nobody should is put away for a while. Of each, so many in a period;
// the defaults are far above what a browser, or a crawler that goes slowly, does by mistake.
struct Jail {
  Rate limited{300, Period::Minute};  // refusals by a limit
  Rate wide_limited{};                // by the one that a wide prefix shares: all of it goes
  Rate malformed{20, Period::Minute};
  Rate tls{60, Period::Minute};           // handshakes that failed
  Rate unauthorized{60, Period::Minute};  // 401
  Rate not_found{300, Period::Minute};    // 404
  Rate errors{};                          // any 4xx
  Duration time = std::chrono::minutes(10);
  Duration max_time = std::chrono::hours(24);  // it doubles for who comes back
  int table = 100'000;                         // inmates at once
  std::string file;                            // keeps them over a restart

  bool operator==(const Jail&) const = default;
};

}  // namespace sluice::conf
