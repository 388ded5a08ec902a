// SPDX-License-Identifier: MIT
#include "proxy/access/jail_watch.h"

#include "conf/units.h"
#include "proxy/exchange/exchange.h"

namespace sluice::access {

namespace {

using exchange::Kind;

// What is only too large (414, 431) is mostly a browser's with too many cookies.
bool is_malformed(Kind kind, int status) {
  constexpr int kBadRequest = 400;
  return status == kBadRequest && (kind == Kind::Malformed || kind == Kind::PathRefused);
}

}  // namespace

void JailWatch::on_finished(const exchange::Exchange& exchange) {
  constexpr int kUnauthorized = 401;
  constexpr int kNotFound = 404;
  constexpr int kErrors = 400;
  constexpr int kServerErrors = 500;
  const int status = exchange.status();
  if (status < kErrors || status >= kServerErrors) return;
  const Kind kind = exchange.failure().kind;
  // Of who is away already, nothing is news; and who left has done no wrong.
  if (kind == Kind::Jailed || kind == Kind::Aborted || kind == Kind::SendTimeout) return;
  const IpAddress& client = exchange.client_address();
  if (client.is_none() || rules_.is_spared(client)) return;
  // Nor has he whose share his neighbours have used up; all of them together may have.
  if (kind == Kind::PrefixRateLimited) return note(client, Reason::WideLimiter);
  if (kind == Kind::RateLimited || kind == Kind::TooManyAtOnce) note(client, Reason::Limiter);
  if (is_malformed(kind, status)) note(client, Reason::Malformed);
  if (status == kUnauthorized) note(client, Reason::Unauthorized);
  if (status == kNotFound) note(client, Reason::NotFound);
  note(client, Reason::Errors);
}

void JailWatch::note(const IpAddress& client, Reason reason) {
  const auto inmate = rules_.guard->jail.note(*rules_.jail, client, reason, wall_now());
  if (inmate) log_inmate(log_, *inmate);
}

void log_inmate(const Log& log, const Inmate& inmate) {
  log.warn("{} is put away for {}: {}", inmate.block.to_string(),
           conf::print(std::chrono::duration_cast<conf::Duration>(inmate.until - inmate.since)),
           word_of(inmate.reason));
}

}  // namespace sluice::access
