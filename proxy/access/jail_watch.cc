// SPDX-License-Identifier: MIT
#include "proxy/access/jail_watch.h"

#include <algorithm>
#include <iterator>

#include "conf/units.h"
#include "proxy/exchange/exchange.h"

namespace sluice::access {

namespace {

using exchange::Kind;

// Whatever it is answered with. What is only too large (414, 431) is mostly a browser's with too
// many cookies, and what asks for what nobody here knows (417, 505, a long method) no attack.
bool is_malformed(const exchange::Failure& failure) {
  if (failure.kind == Kind::PathRefused) return true;
  if (failure.kind != Kind::Malformed || failure.message == http::BadMessage::MethodTooLong) {
    return false;
  }
  constexpr int kNoAttacks[] = {414, 417, 431, 505};
  const int status = http::bad_message_status(failure.message);
  return std::find(std::begin(kNoAttacks), std::end(kNoAttacks), status) == std::end(kNoAttacks);
}

}  // namespace

void JailWatch::on_finished(const exchange::Exchange& exchange) {
  constexpr int kUnauthorized = 401;
  constexpr int kNotFound = 404;
  constexpr int kErrors = 400;
  constexpr int kServerErrors = 500;
  const int status = exchange.status();
  const Kind kind = exchange.failure().kind;
  const bool malformed = is_malformed(exchange.failure());  // 501, too
  const bool is_error = status >= kErrors && status < kServerErrors;
  if (!malformed && !is_error) return;
  // Of who is away already, nothing is news; and who left has done no wrong.
  if (kind == Kind::Jailed || kind == Kind::Aborted || kind == Kind::SendTimeout) return;
  const IpAddress& client = exchange.client_address();
  if (client.is_none() || rules_.is_spared(client)) return;
  // Nor has he whose share his neighbours have used up; all of them together may have.
  if (kind == Kind::PrefixRateLimited) return note(client, Reason::WideLimiter);
  if (kind == Kind::RateLimited || kind == Kind::TooManyAtOnce) note(client, Reason::Limiter);
  if (malformed) note(client, Reason::Malformed);
  if (status == kUnauthorized) note(client, Reason::Unauthorized);
  if (status == kNotFound) note(client, Reason::NotFound);
  if (is_error) note(client, Reason::Errors);
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
