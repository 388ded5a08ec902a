// SPDX-License-Identifier: MIT
// RateLimit: one rule that gives each client address its token bucket.
//
// Immutable and owned by a Snapshot; the buckets are in an IpTable, which outlives it, and are
// found again by the next Snapshot's rule of the same name. Any thread may check.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "proxy/access/ip_table.h"
#include "proxy/access/token_bucket.h"
#include "proxy/base/ip.h"

namespace sluice::access {

// What an operator writes. Addresses that share their leading bits share a bucket. Who has many
// prefixes to come from meets a second, wider one, which holds a multiple of the quota.
struct RateRule {
  Quota quota;
  bool shadow = false;  // nobody is refused or delayed; only the verdict tells
  unsigned ipv4_bits = 32;
  unsigned ipv6_bits = 64;
  unsigned wider_ipv4_bits = 0;  // 0: none
  unsigned wider_ipv6_bits = 48;
  std::uint64_t wider_multiple = 16;
};

struct LimitVerdict {
  enum class Kind : std::uint8_t { Pass, Delay, Refuse, ShadowRefuse };

  Kind kind = Kind::Pass;
  bool by_wider = false;        // only the wider bucket refuses: others may have emptied it
  nanoseconds wait{0};          // Delay: hold it so long. The refusals: when to come again
  std::uint64_t remaining = 0;  // tokens, of the bucket that has fewer
  nanoseconds full_in{0};       // until that bucket is full
};

class RateLimit {
 public:
  // `name` tells this rule's buckets from those of others, also across reloads and whatever else
  // of the rule changes. `table` is borrowed.
  // REQUIRES: what TokenBucket demands of the quota; wider_multiple > 0.
  RateLimit(std::string_view name, const RateRule& rule, IpTable& table);

  // Judges one request and charges it, unless it is refused. An address that is none passes.
  LimitVerdict check(const IpAddress& client, Time now) const;
  // Takes the charge of a request back that passed, or was delayed: somebody else refused it.
  void put_back(const IpAddress& client, Time now) const;

  // What a full bucket holds, and how long an empty one takes to fill.
  std::uint64_t burst() const { return own_.burst(); }
  nanoseconds fill_time() const { return own_.fill_time(); }

 private:
  // Which part of an address of one family tells it from others.
  struct Prefix {
    explicit Prefix(const IpAddress& mask_of_it, unsigned count);

    std::array<std::uint64_t, 2> mask;
    std::uint8_t bits;
  };
  struct Family {
    Prefix own;
    std::optional<Prefix> wider;
  };

  static Family family(const IpAddress& all_ones, unsigned bits, unsigned wider_bits);

  IpTable::Key key(const IpAddress& client, const Prefix& prefix) const;
  const Family& family_of(const IpAddress& client) const { return client.is_v4() ? v4_ : v6_; }
  LimitVerdict take_both(IpTable::Key own, IpTable::Key wider, Time now) const;
  LimitVerdict verdict(const Outcome& outcome, bool by_wider = false) const;

  const TokenBucket own_;
  const TokenBucket wider_;
  const Family v4_;
  const Family v6_;
  const std::uint64_t id_;
  const bool shadow_;
  IpTable& table_;
};

}  // namespace sluice::access
