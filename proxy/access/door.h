// SPDX-License-Identifier: MIT
// Door: who may have a connection, asked as soon as its client is known, before TLS. Immutable,
// part of a Snapshot; any thread may ask.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "proxy/access/guard.h"
#include "proxy/access/ip_counts.h"
#include "proxy/access/jail_rules.h"
#include "proxy/access/token_bucket.h"
#include "proxy/base/ip.h"

namespace sluice::access {

// Why a connection is closed without an answer.
enum class TurnedAway : std::uint8_t { No, Denied, Jailed, TooMany, TooFast };

// What a connection takes for as long as it lasts; none where nothing is limited.
struct Tickets {
  IpCounts::Ticket client;
  IpCounts::Ticket listener;
};
using Pass = std::unique_ptr<const Tickets>;

class Door {
 public:
  // Borrows the rules.
  explicit Door(const GuardRules& rules) : rules_(rules) {}

  struct Entry {
    TurnedAway turned_away = TurnedAway::No;
    Pass pass{};
    std::optional<Reason> offence{};  // what note() is to hear of; none in what others have used up
  };
  // `listener`: its number. For trusted proxies, and peers on Unix sockets (no address), only the
  // listener's own bounds hold.
  Entry enter(std::uint32_t listener, const IpAddress& client, Time now) const;

  // For the jail. Who is put away for it, to be logged.
  std::optional<Inmate> note(const IpAddress& client, Reason reason) const;

 private:
  Entry judge(const IpAddress& client, Time now) const;

  const GuardRules& rules_;
};

}  // namespace sluice::access
