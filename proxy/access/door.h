// SPDX-License-Identifier: MIT
// Door: who may have a connection, asked as soon as its client is known, before TLS. Immutable,
// part of a Snapshot; any thread may ask.
#pragma once

#include <cstdint>
#include <optional>

#include "proxy/access/guard.h"
#include "proxy/access/ip_counts.h"
#include "proxy/access/jail_rules.h"
#include "proxy/access/token_bucket.h"
#include "proxy/base/ip.h"

namespace sluice::access {

// Why a connection is closed without an answer.
enum class TurnedAway : std::uint8_t { No, Denied, Jailed, TooMany, TooFast };

class Door {
 public:
  // Borrows the rules.
  explicit Door(const GuardRules& rules) : rules_(rules) {}

  struct Entry {
    TurnedAway turned_away = TurnedAway::No;
    IpCounts::Ticket ticket;  // for as long as the connection lasts
  };
  // Trusted proxies, and peers on Unix sockets, always may.
  Entry enter(const IpAddress& client, Time now) const;

  // Its TLS handshake failed. Who is put away for it, to be logged.
  std::optional<Inmate> on_tls_failed(const IpAddress& client) const;

 private:
  const GuardRules& rules_;
};

}  // namespace sluice::access
