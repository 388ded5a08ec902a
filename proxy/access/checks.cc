// SPDX-License-Identifier: MIT
#include "proxy/access/checks.h"

#include <algorithm>

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

unsigned cost_of(const exchange::Exchange& exchange) {
  return exchange.match() ? exchange.match().route->cost : 1;
}

}  // namespace

exchange::AccessCheck::Verdict ListCheck::check(exchange::Exchange& exchange) const {
  if (list_.find(exchange.client_address()) != Listed::Deny) return {};
  return {.failure = {Side::Proxy, Kind::AccessDenied}};
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
  IpCounts::Ticket ticket = rules_.guard->requests.take(rules_.client_of(address), most_);
  if (!ticket) return {.failure = {Side::Proxy, Kind::TooManyAtOnce}};
  exchange.hold(exchange.arena().make<HeldTicket>(std::move(ticket)));
  return {};
}

RateCheck::RateCheck(const Options& options, const std::vector<unsigned>& costs, IpTable& table)
    : fields_(options.fields) {
  std::vector<unsigned> all = {1};
  all.insert(all.end(), costs.begin(), costs.end());
  const unsigned highest = *std::max_element(all.begin(), all.end());
  for (const unsigned cost : all) {
    RateRule rule = options.rule;
    rule.quota.cost = cost;
    rule.quota.highest_cost = highest;
    limits_.emplace_back(cost, RateLimit(options.name, rule, table));
  }
}

const RateLimit& RateCheck::limit_at(unsigned cost) const {
  for (const auto& [known, limit] : limits_) {
    if (known == cost) return limit;
  }
  return limits_.front().second;
}

exchange::AccessCheck::Verdict RateCheck::check(exchange::Exchange& exchange) const {
  exchange::Services& services = exchange.services();
  const LimitVerdict verdict =
      limit_at(cost_of(exchange)).check(exchange.client_address(), services.loop.now());
  if (fields_) add_fields(exchange, verdict);
  switch (verdict.kind) {
    case LimitVerdict::Kind::Pass:
      return {};
    case LimitVerdict::Kind::Delay:
      services.counters.requests_delayed.add();
      return {.failure = {}, .wait = verdict.wait};
    case LimitVerdict::Kind::ShadowRefuse:
      services.counters.requests_shadowed.add();
      return {};
    case LimitVerdict::Kind::Refuse:
      break;
  }
  exchange.answer_fields().add("Retry-After",
                               write_retry_after(field_buffer(exchange), verdict.wait));
  return {.failure = {Side::Proxy, Kind::RateLimited}};
}

void RateCheck::add_fields(exchange::Exchange& exchange, const LimitVerdict& verdict) const {
  const RateLimit& limit = limits_.front().second;
  exchange.answer_fields().add("RateLimit-Policy",
                               write_rate_limit_policy(field_buffer(exchange), kPolicyName,
                                                       limit.burst(), limit.fill_time()));
  exchange.answer_fields().add("RateLimit", write_rate_limit(field_buffer(exchange), kPolicyName,
                                                             verdict.remaining, verdict.full_in));
}

}  // namespace sluice::access
