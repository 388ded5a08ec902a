// SPDX-License-Identifier: MIT
// The access checks of the guard: lists, the jail, requests at once, the rate of requests. Made
// when a Snapshot is compiled, and immutable; they borrow what they refer to.
#pragma once

#include <cstdint>
#include <set>
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
  // `closes`: and the end of their connection, which they had before they were denied, unless it is
  // a proxy's.
  explicit ListCheck(const IpList& list, bool closes = false) : list_(list), closes_(closes) {}
  Verdict check(exchange::Exchange& exchange) const override;

 private:
  const IpList& list_;
  const bool closes_;
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
  RateCheck(const Options& options, std::set<unsigned> costs, IpTable& table);

  Verdict check(exchange::Exchange& exchange) const override;
  void undo(exchange::Exchange& exchange) const override;

 private:
  const RateLimit& limit_for(const exchange::Exchange& exchange) const;
  void add_fields(exchange::Exchange& exchange, const LimitVerdict& verdict) const;

  // The same buckets, at each cost.
  std::vector<std::pair<unsigned, RateLimit>> limits_;
  const bool fields_;
  const bool shadow_;
};

// 503 for requests beyond those that all clients of one listener may have under way at the same
// time. A ListenerRules::bound: who is refused for himself, or waits for his turn, takes nothing of
// what is for all.
class ListenerCheck final : public exchange::AccessCheck {
 public:
  // `listener`: its number.
  ListenerCheck(Guard& guard, std::uint32_t listener, std::uint32_t most)
      : guard_(guard), key_(listener_key(listener)), most_(most) {}
  Verdict check(exchange::Exchange& exchange) const override;

 private:
  Guard& guard_;
  const IpAddress key_;
  const std::uint32_t most_;
};

}  // namespace sluice::access
