// SPDX-License-Identifier: MIT
#include "proxy/access/checks.h"

#include "proxy/access/limit_fields.h"
#include "proxy/exchange/exchange.h"

namespace sluice::access {

namespace {

using exchange::Kind;
using exchange::Side;

constexpr std::string_view kPolicyName = "default";

// Given back with the exchange.
class HeldTicket final : public exchange::Held {
 public:
  explicit HeldTicket(IpCounts::Ticket ticket) : ticket_(std::move(ticket)) {}

 private:
  IpCounts::Ticket ticket_;
};

LimitFieldBuffer field_buffer(exchange::Exchange& exchange) {
  return LimitFieldBuffer(exchange.arena().allocate(kMaxLimitField), kMaxLimitField);
}

// Until the exchange ends; without a ticket the request is refused.
exchange::AccessCheck::Verdict hold(exchange::Exchange& exchange, IpCounts::Ticket ticket,
                                    Kind refusal) {
  // RFC 6585 4, RFC 9110 15.6.4. When one of the others ends nobody knows.
  if (!ticket) return {.failure = {Side::Proxy, refusal}, .retry_after = "1"};
  exchange.hold(exchange.arena().make<HeldTicket>(std::move(ticket)));
  return {};
}

unsigned cost_of(const exchange::Exchange& exchange) {
  return exchange.match() ? exchange.match().route->cost : 1;
}

}  // namespace

exchange::AccessCheck::Verdict ListCheck::check(exchange::Exchange& exchange) const {
  if (list_.find(exchange.client_address()) != Listed::Deny) return {};
  const bool ends = closes_ && !exchange.peer_trusted();
  return {.failure = {ends ? Side::Client : Side::Proxy, Kind::AccessDenied}};
}

// The connection ends, too, unless it is a proxy's, and others come by it.
exchange::AccessCheck::Verdict JailCheck::check(exchange::Exchange& exchange) const {
  if (!rules_.is_jailed(exchange.client_address())) return {};
  const Side side = exchange.peer_trusted() ? Side::Proxy : Side::Client;
  return {.failure = {side, Kind::Jailed}};
}

exchange::AccessCheck::Verdict AtOnceCheck::check(exchange::Exchange& exchange) const {
  const IpAddress& address = exchange.client_address();
  if (address.is_none()) return {};
  return hold(exchange, rules_.guard->requests.take(rules_.client_of(address), most_),
              Kind::TooManyAtOnce);
}

RateCheck::RateCheck(const Options& options, std::set<unsigned> costs, IpTable& table)
    : fields_(options.fields), shadow_(options.rule.shadow) {
  costs.insert(1);
  for (const unsigned cost : costs) {
    RateRule rule = options.rule;
    rule.quota.cost = cost;
    rule.quota.highest_cost = *costs.rbegin();
    limits_.emplace_back(cost, RateLimit(options.name, rule, table));
  }
}

const RateLimit& RateCheck::limit_for(const exchange::Exchange& exchange) const {
  const unsigned cost = cost_of(exchange);
  for (const auto& [known, limit] : limits_) {
    if (known == cost) return limit;
  }
  return limits_.front().second;
}

exchange::AccessCheck::Verdict RateCheck::check(exchange::Exchange& exchange) const {
  exchange::Services& services = exchange.services();
  const LimitVerdict verdict =
      limit_for(exchange).check(exchange.client_address(), services.loop.now());
  if (fields_) add_fields(exchange, verdict);
  switch (verdict.kind) {
    case LimitVerdict::Kind::Pass:
      return {};
    case LimitVerdict::Kind::Delay:
      return {.failure = {}, .wait = verdict.wait};
    case LimitVerdict::Kind::ShadowRefuse:
      services.counters.requests_shadowed.add();
      return {};
    case LimitVerdict::Kind::Refuse:
      break;
  }
  const Kind kind = verdict.by_wider ? Kind::PrefixRateLimited : Kind::RateLimited;
  return {.failure = {Side::Proxy, kind},
          .retry_after = write_retry_after(field_buffer(exchange), verdict.wait)};
}

// What was said of what is left does not fit another's refusal. In shadow it may be that nothing
// was taken; and who has waited has used up his turn: those behind him wait as long as they were
// told.
void RateCheck::undo(exchange::Exchange& exchange) const {
  exchange.answer_fields().clear();
  if (shadow_ || exchange.has_waited()) return;
  limit_for(exchange).put_back(exchange.client_address(), exchange.services().loop.now());
}

void RateCheck::add_fields(exchange::Exchange& exchange, const LimitVerdict& verdict) const {
  const RateLimit& limit = limits_.front().second;
  exchange.answer_fields().add("RateLimit-Policy",
                               write_rate_limit_policy(field_buffer(exchange), kPolicyName,
                                                       limit.burst(), limit.fill_time()));
  exchange.answer_fields().add("RateLimit", write_rate_limit(field_buffer(exchange), kPolicyName,
                                                             verdict.remaining, verdict.full_in));
}

exchange::AccessCheck::Verdict ListenerCheck::check(exchange::Exchange& exchange) const {
  return hold(exchange, guard_.listener_requests.take(key_, most_), Kind::ListenerBusy);
}

}  // namespace sluice::access
