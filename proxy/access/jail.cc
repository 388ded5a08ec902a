// SPDX-License-Identifier: MIT
#include "proxy/access/jail.h"

#include <algorithm>
#include <mutex>
#include <random>
#include <tuple>

#include "proxy/base/check.h"

namespace sluice::access {
namespace {

constexpr std::chrono::milliseconds kLongest = std::chrono::hours{24 * 365 * 100};
constexpr std::size_t kExpiredAtOnce = 64;
constexpr std::size_t kCopiedAtOnce = 512;

std::uint64_t random_seed() {
  std::random_device device;
  return std::uint64_t{device()} << 32 | device();
}

Prefix prefix_of(const JailRules& rules, const IpAddress& address, Reason reason) {
  if (address.is_v4()) return Prefix::of(address, 96U + std::min<unsigned>(rules.v4_bits, 32));
  const unsigned own = std::min<unsigned>(rules.v6_bits, 128);
  const bool wide = reason == Reason::WideLimiter && rules.wide_v6_bits != 0;
  return Prefix::of(address, wide ? std::min<unsigned>(rules.wide_v6_bits, own) : own);
}

}  // namespace

Jail::Jail(const JailOptions& options)
    : Jail(options, options.hash_seed ? *options.hash_seed : random_seed()) {}

Jail::Jail(const JailOptions& options, std::uint64_t seed)
    : counters_(options.counters, seed), table_(options.table, seed) {}

bool Jail::is_jailed(const IpAddress& address, WallTime now) const {
  return table_.filter().any(address, [this, now](const Prefix& prefix) {
    const std::shared_lock lock(mutex_);
    return table_.is_jailed(prefix, now);
  });
}

std::optional<Inmate> Jail::note(const JailRules& rules, const IpAddress& address, Reason trigger,
                                 WallTime now) {
  CHECK(trigger != Reason::Operator);
  const TriggerRule& rule = rules.rule(trigger);
  if (rule.count == 0 || address.is_none()) return std::nullopt;
  const Prefix prefix = prefix_of(rules, address, trigger);
  if (!counters_.note(prefix, trigger, rule, now)) return std::nullopt;
  const std::lock_guard lock(mutex_);
  const std::optional<Inmate> caught = table_.put_away(prefix, trigger, rules, now);
  if (caught) changed();
  return caught;
}

Inmate Jail::add(const Cidr& block, std::chrono::milliseconds duration, WallTime now) {
  CHECK(!block.base.is_none());
  const std::lock_guard lock(mutex_);
  const Inmate added = table_.add(Prefix::of(block), now + std::min(duration, kLongest), now);
  changed();
  return added;
}

std::size_t Jail::remove(const Cidr& block, WallTime now) {
  CHECK(!block.base.is_none());
  const std::lock_guard lock(mutex_);
  changed();
  return table_.remove(Prefix::of(block), now);
}

std::vector<Inmate> Jail::list(WallTime now) const {
  std::vector<Inmate> inmates = records(now);
  std::erase_if(inmates, [now](const Inmate& inmate) { return !inmate.jailed(now); });
  return inmates;
}

std::vector<Inmate> Jail::records(WallTime now) const {
  std::vector<Inmate> records = copy();
  std::erase_if(records, [now](const Inmate& inmate) { return inmate.forgotten_at() <= now; });
  std::sort(records.begin(), records.end(), [](const Inmate& a, const Inmate& b) {
    return std::tie(a.until, a.block.base.bytes, a.block.bits) <
           std::tie(b.until, b.block.base.bytes, b.block.bits);
  });
  // Who was released meanwhile was met twice.
  records.erase(std::unique(records.begin(), records.end()), records.end());
  return records;
}

std::vector<Inmate> Jail::copy() const {
  std::vector<Inmate> records;
  JailTable::Walk walk;
  for (bool more = true; more;) {
    // Memory is got without the lock.
    if (records.capacity() - records.size() < kCopiedAtOnce) {
      records.reserve(2 * records.size() + kCopiedAtOnce);
    }
    const std::shared_lock lock(mutex_);
    more = table_.copy(walk, kCopiedAtOnce, records);
  }
  return records;
}

std::size_t Jail::restore(std::span<const Inmate> inmates, WallTime now) {
  const std::lock_guard lock(mutex_);
  std::size_t taken = 0;
  for (const Inmate& inmate : inmates) {
    if (inmate.forgotten_at() <= now) continue;
    table_.put(inmate, now);
    ++taken;
  }
  if (taken != 0) changed();
  return taken;
}

void Jail::expire(WallTime now) {
  std::size_t moved = kExpiredAtOnce;
  while (moved == kExpiredAtOnce) {
    const std::lock_guard lock(mutex_);
    moved = table_.expire(now, kExpiredAtOnce);
  }
}

}  // namespace sluice::access
