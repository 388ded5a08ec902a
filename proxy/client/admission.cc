// SPDX-License-Identifier: MIT
#include "proxy/client/admission.h"

#include <utility>

#include "proxy/access/jail_watch.h"

namespace sluice::client {

namespace {

void count(exchange::Counters& counters, access::TurnedAway why) {
  switch (why) {
    case access::TurnedAway::No:
      return;
    case access::TurnedAway::Denied:
      return counters.connections_denied.add();
    case access::TurnedAway::Jailed:
      return counters.connections_jailed.add();
    case access::TurnedAway::TooMany:
      return counters.connections_too_many.add();
    case access::TurnedAway::TooFast:
      return counters.connections_too_fast.add();
  }
}

void note(const Shared& shared, const IpAddress& client, access::Reason reason) {
  const auto inmate = shared.door->note(client, reason);
  if (inmate) access::log_inmate(shared.services.log, *inmate);
}

}  // namespace

std::optional<access::Pass> admit(Shared& shared, std::uint32_t listener, const IpAddress& client) {
  if (shared.door == nullptr) return access::Pass();
  access::Door::Entry entry = shared.door->enter(listener, client, shared.services.loop.now());
  count(shared.services.counters, entry.turned_away);
  if (entry.offence) note(shared, client, *entry.offence);
  if (entry.turned_away != access::TurnedAway::No) return std::nullopt;
  return std::move(entry.pass);
}

void note_tls_failure(Shared& shared, const IpAddress& client) {
  if (shared.door != nullptr) note(shared, client, access::Reason::Tls);
}

}  // namespace sluice::client
