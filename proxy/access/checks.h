// SPDX-License-Identifier: MIT
// The access checks of the guard: lists, the jail, requests at once, the rate of requests. Made
// when a Snapshot is compiled, and immutable; they borrow what they refer to.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "proxy/access/guard.h"
#include "proxy/access/ip_list.h"
#include "proxy/access/rate_limit.h"
#include "proxy/exchange/access_check.h"

namespace sluice::access {

// 403 for those whom a list denies.
class ListCheck final : public exchange::AccessCheck {
 public:
  explicit ListCheck(const IpList& list) : list_(list) {}
  Verdict check(exchange::Exchange& exchange) const override;

 private:
  const IpList& list_;
};

// 403 for those who are put away, on connections that they had before, or through a proxy.
class JailCheck final : public exchange::AccessCheck {
 public:
  explicit JailCheck(const GuardRules& rules) : rules_(rules) {}
  Verdict check(exchange::Exchange& exchange) const override;

 private:
  const GuardRules& rules_;
};

// 429 for requests beyond those that one client may have answered at the same time.
class AtOnceCheck final : public exchange::AccessCheck {
 public:
  AtOnceCheck(const GuardRules& rules, std::uint32_t most) : rules_(rules), most_(most) {}
  Verdict check(exchange::Exchange& exchange) const override;

 private:
  const GuardRules& rules_;
  const std::uint32_t most_;
};

// 429 for those who ask too often.
class RateCheck final : public exchange::AccessCheck {
 public:
  struct Options {
    std::string name;     // tells its buckets from those of others, over reloads, too
    RateRule rule;        // at the cost of 1
    bool fields = false;  // tells clients what is left
  };
  // `costs`: those of all routes that it will be asked about, besides 1.
  RateCheck(const Options& options, const std::vector<unsigned>& costs, IpTable& table);

  Verdict check(exchange::Exchange& exchange) const override;

 private:
  const RateLimit& limit_at(unsigned cost) const;
  void add_fields(exchange::Exchange& exchange, const LimitVerdict& verdict) const;

  // The same buckets, at each cost.
  std::vector<std::pair<unsigned, RateLimit>> limits_;
  const bool fields_;
};

}  // namespace sluice::access
