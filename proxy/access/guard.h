// SPDX-License-Identifier: MIT
// Guard: what is known of clients: their buckets, who is put away, what each has open. Owned by the
// Server and outlives every Snapshot; thread-safe. GuardRules: what a Snapshot makes of it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "conf/result.h"
#include "proxy/access/ip_counts.h"
#include "proxy/access/ip_list.h"
#include "proxy/access/ip_table.h"
#include "proxy/access/jail.h"
#include "proxy/access/rate_limit.h"
#include "proxy/base/ip.h"

namespace sluice::access {

struct Guard {
  // `buckets`: how many of them.
  static Result<std::unique_ptr<Guard>> create(std::size_t buckets, const JailOptions& jail);

  Guard(std::unique_ptr<IpTable> buckets, const JailOptions& jail_options, std::uint64_t seed)
      : table(std::move(buckets)),
        jail(jail_options),
        connections(seed),
        listener_connections(seed),
        requests(seed),
        listener_requests(seed) {}

  const std::unique_ptr<IpTable> table;
  Jail jail;
  IpCounts connections;
  IpCounts listener_connections;  // by listener_key()
  IpCounts requests;
  IpCounts listener_requests;  // by listener_key()
};

// What all clients of one listener may do together.
struct ListenerBounds {
  std::uint32_t connections_max = 0;  // 0: no limit
  std::optional<RateLimit> connection_rate;
};

// Immutable, part of a Snapshot. Borrows the Guard.
struct GuardRules {
  // Whom the limits, the counts and the jail are about: who shares a prefix is one client.
  IpAddress client_of(const IpAddress& address) const {
    return address.masked(address.is_v4() ? ipv4_bits : ipv6_bits);
  }
  // Never put away: those whom others' connections come through, and those who are allowed.
  bool is_spared(const IpAddress& address) const {
    return trusted_proxies.contains(address) || list->find(address) == Listed::Allow;
  }
  bool is_jailed(const IpAddress& address) const;

  Guard* guard = nullptr;
  CidrSet trusted_proxies;
  std::shared_ptr<const IpList> list;
  bool drops_denied = false;      // at accept; otherwise they get their 403
  std::optional<JailRules> jail;  // none: nobody more is caught; who is in, or added, stays in
  std::optional<RateLimit> connection_rate;
  std::uint32_t connections_max = 0;      // of one client; 0: no limit
  std::vector<ListenerBounds> listeners;  // by number
  unsigned ipv4_bits = 32;
  unsigned ipv6_bits = 64;
};

// What stands for a listener where an address is asked for.
IpAddress listener_key(std::uint32_t number);

// The wall clock, which the jail's sentences are of.
WallTime wall_now();

}  // namespace sluice::access
