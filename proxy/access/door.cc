// SPDX-License-Identifier: MIT
#include "proxy/access/door.h"

namespace sluice::access {

Door::Entry Door::enter(const IpAddress& client, Time now) const {
  if (client.is_none()) return {};
  if (rules_.drops_denied && rules_.list.find(client) == Listed::Deny) {
    return {TurnedAway::Denied, {}};
  }
  if (rules_.is_jailed(client)) return {TurnedAway::Jailed, {}};
  const bool counted = rules_.connections_max > 0 || rules_.connection_rate;
  if (!counted || rules_.trusted_proxies.contains(client)) return {};
  if (rules_.connection_rate &&
      rules_.connection_rate->check(client, now).kind == LimitVerdict::Kind::Refuse) {
    return {TurnedAway::TooFast, {}};
  }
  if (rules_.connections_max == 0) return {};
  Entry entry;
  entry.ticket = rules_.guard->connections.take(rules_.client_of(client), rules_.connections_max);
  if (!entry.ticket) entry.turned_away = TurnedAway::TooMany;
  return entry;
}

std::optional<Inmate> Door::on_tls_failed(const IpAddress& client) const {
  if (!rules_.jail || client.is_none() || rules_.is_spared(client)) return std::nullopt;
  return rules_.guard->jail.note(*rules_.jail, client, Reason::Tls, wall_now());
}

}  // namespace sluice::access
