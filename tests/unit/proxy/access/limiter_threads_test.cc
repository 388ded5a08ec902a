// SPDX-License-Identifier: MIT
// Several threads on one table, each with a clock of its own that it steps by hand.
#include <algorithm>
#include <atomic>
#include <catch2/catch.hpp>
#include <random>
#include <thread>
#include <vector>

#include "proxy/access/rate_limit.h"
#include "tests/support/limiter_rig.h"

namespace sluice::access {
namespace {

using namespace std::chrono_literals;
using support::at;
using support::ipv4;
using support::ipv6;
using support::make_ip_table;
using VerdictKind = LimitVerdict::Kind;

constexpr unsigned kTakers = 4;
constexpr std::uint64_t kBurst = 20;
constexpr nanoseconds kEnd = 900ms;  // the clocks may differ by a second

// 1000 a second, and kBurst.
RateRule fast_rule() {
  RateRule rule;
  rule.quota = {1000, 1s, kBurst, 1, 0};
  return rule;
}

template <typename Run>
void in_threads(unsigned count, Run run) {
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < count; ++i) threads.emplace_back([&run, i] { run(i); });
  for (std::thread& thread : threads) thread.join();
}

// Returns when so many have arrived, to all of them as nearly at once as can be.
void meet(std::atomic<std::uint64_t>& arrived, std::uint64_t expected) {
  arrived.fetch_add(1);
  for (unsigned i = 0; arrived.load() < expected; ++i) {
    if (i > 1000) std::this_thread::yield();
  }
}

class Tally {
 public:
  void add(const LimitVerdict& verdict) {
    if (verdict.kind == VerdictKind::Pass) passed_.fetch_add(1, std::memory_order_relaxed);
  }
  std::uint64_t passed() const { return passed_; }

 private:
  std::atomic<std::uint64_t> passed_{0};
};

// More requests at each millisecond than come back, so that no bucket is ever full again.
void hammer(const RateLimit& limit, std::vector<Tally>& tallies, nanoseconds now) {
  for (std::uint32_t client = 0; client < tallies.size(); ++client) {
    for (int i = 0; i < 3; ++i) tallies[client].add(limit.check(ipv4(client), at(now)));
  }
}

void drain_clients(const RateLimit& limit, std::vector<Tally>& tallies, nanoseconds now) {
  for (std::uint32_t client = 0; client < tallies.size(); ++client) {
    LimitVerdict verdict;
    do {
      verdict = limit.check(ipv4(client), at(now));
      tallies[client].add(verdict);
    } while (verdict.kind == VerdictKind::Pass);
  }
}

}  // namespace

TEST_CASE("limiter threads: what passes is exactly the burst and the rate", "[access]") {
  const auto table = make_ip_table(1000);
  const RateLimit limit("a", fast_rule(), *table);
  std::vector<Tally> tallies(4);
  in_threads(kTakers, [&limit, &tallies](unsigned) {
    drain_clients(limit, tallies, 0ns);
    for (nanoseconds now{0}; now <= kEnd; now += 1ms) hammer(limit, tallies, now);
  });
  drain_clients(limit, tallies, kEnd);
  for (const Tally& tally : tallies) CHECK(tally.passed() == kBurst + 900);
  CHECK(table->untracked() == 0);
}

TEST_CASE("limiter threads: nor more nor less while buckets are thrown out", "[access]") {
  // Half of the slots are for buckets that refuse; through the other half passes everybody else.
  const auto table = make_ip_table(64);
  const RateLimit limit("a", fast_rule(), *table);
  std::vector<Tally> tallies(32);
  drain_clients(limit, tallies, 0ns);
  std::atomic<std::uint64_t> strange{0};
  in_threads(kTakers, [&limit, &tallies, &strange](unsigned thread) {
    std::uint32_t newcomer = (thread + 1) << 24;
    for (nanoseconds now{0}; now <= kEnd; now += 1ms) {
      hammer(limit, tallies, now);
      for (int i = 0; i < 50; ++i) {
        // Each comes once, so nobody's bucket but a new one is right for it.
        const LimitVerdict verdict = limit.check(ipv4(newcomer++), at(now));
        const bool fresh = verdict.kind == VerdictKind::Pass && verdict.remaining == kBurst - 1;
        if (!fresh) strange.fetch_add(1, std::memory_order_relaxed);
      }
    }
  });
  drain_clients(limit, tallies, kEnd);
  for (const Tally& tally : tallies) CHECK(tally.passed() == kBurst + 900);
  CHECK(strange == 0);
}

TEST_CASE("limiter threads: the same newcomer in two threads gets one bucket", "[access]") {
  constexpr std::uint32_t kClients = 50'000;
  const auto table = make_ip_table(std::size_t{kClients} * 4);
  RateRule rule = fast_rule();
  rule.quota.burst = 1;
  const RateLimit limit("a", rule, *table);
  std::atomic<std::uint64_t> passed{0};
  std::atomic<std::uint64_t> arrived{0};
  in_threads(2, [&limit, &passed, &arrived](unsigned) {
    for (std::uint32_t client = 0; client < kClients; ++client) {
      const IpAddress address = ipv4(client);
      meet(arrived, 2 * (std::uint64_t{client} + 1));
      if (limit.check(address, at(0s)).kind == VerdictKind::Pass) ++passed;
    }
  });
  CHECK(passed == kClients);
  CHECK(table->untracked() == 0);
}

TEST_CASE("limiter threads: what a wider bucket refuses is charged by none", "[access]") {
  constexpr unsigned kRounds = 2000;
  constexpr unsigned kClients = 4;
  const auto table = make_ip_table(100'000);
  RateRule rule = fast_rule();
  rule.quota.burst = 8;
  rule.wider_multiple = 2;
  const RateLimit limit("a", rule, *table);
  std::vector<Tally> tallies(std::size_t{kRounds} * kClients);
  // Each round has a /48 of its own, and an end of what that has left.
  in_threads(kTakers, [&limit, &tallies](unsigned thread) {
    for (unsigned round = 0; round < kRounds; ++round) {
      for (unsigned i = 0; i < 8 * kClients; ++i) {
        const unsigned client = (thread + i) % kClients;
        tallies[round * kClients + client].add(limit.check(ipv6(round, client), at(0s)));
      }
    }
  });
  rule.wider_ipv6_bits = 0;
  const RateLimit own_only("a", rule, *table);
  unsigned wrong = 0;
  for (unsigned round = 0; round < kRounds; ++round) {
    std::uint64_t passed = 0;
    for (unsigned client = 0; client < kClients; ++client) {
      const std::uint64_t mine = tallies[round * kClients + client].passed();
      passed += mine;
      const LimitVerdict verdict = own_only.check(ipv6(round, client), at(0s));
      const std::uint64_t left = verdict.kind == VerdictKind::Pass ? verdict.remaining + 1 : 0;
      if (left != 8 - mine) ++wrong;
    }
    if (passed != 16) ++wrong;
  }
  CHECK(wrong == 0);
}

}  // namespace sluice::access
