// SPDX-License-Identifier: MIT
#include "proxy/access/door.h"

#include <utility>

namespace sluice::access {

namespace {

bool is_refused(const RateLimit& limit, const IpAddress& who, Time now) {
  return limit.check(who, now).kind == LimitVerdict::Kind::Refuse;
}

}  // namespace

TurnedAway Door::judge(const IpAddress& client, Time now) const {
  if (client.is_none() || rules_.trusted_proxies.contains(client)) return TurnedAway::No;
  if (rules_.drops_denied && rules_.list->find(client) == Listed::Deny) return TurnedAway::Denied;
  if (rules_.is_jailed(client)) return TurnedAway::Jailed;
  if (!rules_.connection_rate) return TurnedAway::No;
  return is_refused(*rules_.connection_rate, client, now) ? TurnedAway::TooFast : TurnedAway::No;
}

Door::Entry Door::enter(std::uint32_t listener, const IpAddress& client, Time now) const {
  const TurnedAway why = judge(client, now);
  if (why != TurnedAway::No) return {why, {}};
  const bool counts_client =
      rules_.connections_max > 0 && !client.is_none() && !rules_.trusted_proxies.contains(client);
  Tickets tickets;
  if (counts_client) {
    tickets.client =
        rules_.guard->connections.take(rules_.client_of(client), rules_.connections_max);
    if (!tickets.client) return {TurnedAway::TooMany, {}};
  }
  // The listener's come last: who is turned away for himself takes nothing of what is for all.
  const ListenerBounds& bounds = rules_.listeners[listener];
  if (bounds.connections_max > 0) {
    tickets.listener =
        rules_.guard->listener_connections.take(listener_key(listener), bounds.connections_max);
    if (!tickets.listener) return {TurnedAway::TooMany, {}};
  }
  if (bounds.connection_rate && is_refused(*bounds.connection_rate, listener_key(listener), now)) {
    return {TurnedAway::TooFast, {}};
  }
  if (!tickets.client && !tickets.listener) return {};
  return {TurnedAway::No, std::make_unique<const Tickets>(std::move(tickets))};
}

std::optional<Inmate> Door::on_tls_failed(const IpAddress& client) const {
  if (!rules_.jail || client.is_none() || rules_.is_spared(client)) return std::nullopt;
  return rules_.guard->jail.note(*rules_.jail, client, Reason::Tls, wall_now());
}

}  // namespace sluice::access
