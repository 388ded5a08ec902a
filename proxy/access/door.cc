// SPDX-License-Identifier: MIT
#include "proxy/access/door.h"

#include <utility>

namespace sluice::access {

namespace {

bool is_refused(const RateLimit& limit, const IpAddress& who, Time now) {
  return limit.check(who, now).kind == LimitVerdict::Kind::Refuse;
}

}  // namespace

Door::Entry Door::judge(const IpAddress& client, Time now) const {
  if (client.is_none() || rules_.trusted_proxies.contains(client)) return {};
  if (rules_.drops_denied && rules_.list->find(client) == Listed::Deny) {
    return {TurnedAway::Denied};
  }
  if (rules_.is_jailed(client)) return {TurnedAway::Jailed};
  if (!rules_.connection_rate) return {};
  const LimitVerdict verdict = rules_.connection_rate->check(client, now);
  if (verdict.kind != LimitVerdict::Kind::Refuse) return {};
  return {TurnedAway::TooFast, {}, verdict.by_wider ? Reason::WideLimiter : Reason::Limiter};
}

Door::Entry Door::enter(std::uint32_t listener, const IpAddress& client, Time now) const {
  Entry entry = judge(client, now);
  if (entry.turned_away != TurnedAway::No) return entry;
  const bool counts_client =
      rules_.connections_max > 0 && !client.is_none() && !rules_.trusted_proxies.contains(client);
  Tickets tickets;
  if (counts_client) {
    tickets.client =
        rules_.guard->connections.take(rules_.client_of(client), rules_.connections_max);
    if (!tickets.client) return {TurnedAway::TooMany, {}, Reason::Limiter};
  }
  // The listener's come last: who is turned away for himself takes nothing of what is for all.
  const ListenerBounds& bounds = rules_.listeners[listener];
  if (bounds.connections_max > 0) {
    tickets.listener =
        rules_.guard->listener_connections.take(listener_key(listener), bounds.connections_max);
    if (!tickets.listener) return {TurnedAway::TooMany};
  }
  if (bounds.connection_rate && is_refused(*bounds.connection_rate, listener_key(listener), now)) {
    return {TurnedAway::TooFast};
  }
  if (!tickets.client && !tickets.listener) return {};
  return {TurnedAway::No, std::make_unique<const Tickets>(std::move(tickets))};
}

std::optional<Inmate> Door::note(const IpAddress& client, Reason reason) const {
  if (!rules_.jail || client.is_none() || rules_.is_spared(client)) return std::nullopt;
  return rules_.guard->jail.note(*rules_.jail, client, reason, wall_now());
}

}  // namespace sluice::access
