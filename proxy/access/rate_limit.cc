// SPDX-License-Identifier: MIT
#include "proxy/access/rate_limit.h"

#include <algorithm>
#include <bit>
#include <limits>

#include "proxy/base/check.h"

namespace sluice::access {

namespace {

using Bytes = std::array<std::uint64_t, 2>;

// FNV-1a: the operator chooses the names, so nobody has to be kept from choosing two that meet.
std::uint64_t hash_of(std::string_view name) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return hash;
}

std::uint64_t saturating(std::uint64_t count, std::uint64_t multiple) {
  constexpr std::uint64_t kMax = std::numeric_limits<std::uint64_t>::max();
  return count > kMax / multiple ? kMax : count * multiple;
}

Quota times(Quota quota, std::uint64_t multiple) {
  CHECK(multiple > 0);
  quota.tokens = saturating(quota.tokens, multiple);
  quota.burst = saturating(quota.burst, multiple);
  quota.delay = saturating(quota.delay, multiple);
  return quota;
}

IpAddress all_ones_v4() {
  return IpAddress::from_v4(std::array<std::uint8_t, 4>{0xff, 0xff, 0xff, 0xff});
}

IpAddress all_ones_v6() {
  std::array<std::uint8_t, 16> bytes{};
  bytes.fill(0xff);
  return IpAddress::from_v6(bytes);
}

// What a request with two buckets is told: the worse of each.
Outcome tighter(const Outcome& a, const Outcome& b) {
  Outcome both = b.remaining < a.remaining ? b : a;
  both.kind = std::max(a.kind, b.kind);
  both.wait = std::max(a.wait, b.wait);
  return both;
}

}  // namespace

RateLimit::Prefix::Prefix(const IpAddress& mask_of_it, unsigned count)
    : mask(std::bit_cast<Bytes>(mask_of_it.bytes)), bits(static_cast<std::uint8_t>(count)) {}

RateLimit::RateLimit(std::string_view name, const RateRule& rule, IpTable& table)
    : own_(rule.quota),
      wider_(times(rule.quota, rule.wider_multiple)),
      v4_(family(all_ones_v4(), rule.ipv4_bits, rule.wider_ipv4_bits)),
      v6_(family(all_ones_v6(), rule.ipv6_bits, rule.wider_ipv6_bits)),
      id_(hash_of(name)),
      shadow_(rule.shadow),
      table_(table) {}

RateLimit::Family RateLimit::family(const IpAddress& all_ones, unsigned bits, unsigned wider_bits) {
  Family made{Prefix(all_ones.masked(bits), bits), std::nullopt};
  // One that is not wider would be the same bucket once more.
  if (wider_bits > 0 && wider_bits < bits) {
    made.wider.emplace(all_ones.masked(wider_bits), wider_bits);
  }
  return made;
}

LimitVerdict RateLimit::check(const IpAddress& client, Time now) const {
  if (client.is_none()) return {LimitVerdict::Kind::Pass, false, {}, own_.burst(), {}};
  const Family& family = family_of(client);
  const IpTable::Key own = key(client, family.own);
  table_.prefetch(own);
  if (!family.wider) return verdict(table_.take(own, own_, now));
  const IpTable::Key wider = key(client, *family.wider);
  table_.prefetch(wider);
  return take_both(own, wider, now);
}

void RateLimit::put_back(const IpAddress& client, Time now) const {
  if (client.is_none()) return;
  const Family& family = family_of(client);
  table_.put_back(key(client, family.own), own_, now);
  if (family.wider) table_.put_back(key(client, *family.wider), wider_, now);
}

IpTable::Key RateLimit::key(const IpAddress& client, const Prefix& prefix) const {
  Bytes bytes = std::bit_cast<Bytes>(client.bytes);
  bytes[0] &= prefix.mask[0];
  bytes[1] &= prefix.mask[1];
  return table_.key(bytes, prefix.bits, id_);
}

// Who is refused by one of the two is charged by neither. Between the test of the wider bucket and
// its charge others may have emptied it: then the own one gets back what it gave.
LimitVerdict RateLimit::take_both(IpTable::Key own, IpTable::Key wider, Time now) const {
  const Outcome tested = table_.test(wider, wider_, now);
  if (tested.kind == Outcome::Kind::Refuse) {
    const Outcome alone = table_.test(own, own_, now);
    return verdict(tighter(tested, alone), alone.kind != Outcome::Kind::Refuse);
  }
  const Outcome mine = table_.take(own, own_, now);
  if (mine.kind == Outcome::Kind::Refuse) return verdict(mine);
  const Outcome ours = table_.take(wider, wider_, now);
  if (ours.kind != Outcome::Kind::Refuse) return verdict(tighter(mine, ours));
  table_.put_back(own, own_, now);
  return verdict(ours, true);
}

LimitVerdict RateLimit::verdict(const Outcome& outcome, bool by_wider) const {
  LimitVerdict verdict{LimitVerdict::Kind::Pass, by_wider, outcome.wait, outcome.remaining,
                       outcome.full_in};
  if (outcome.kind == Outcome::Kind::Refuse) {
    verdict.kind = shadow_ ? LimitVerdict::Kind::ShadowRefuse : LimitVerdict::Kind::Refuse;
  } else if (outcome.kind == Outcome::Kind::Delay && !shadow_) {
    verdict.kind = LimitVerdict::Kind::Delay;
  } else {
    verdict.wait = {};
  }
  return verdict;
}

}  // namespace sluice::access
