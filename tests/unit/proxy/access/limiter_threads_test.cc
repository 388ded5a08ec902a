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
using support::ip;
using support::ipv4;
using support::make_ip_table;
using Kind = LimitVerdict::Kind;

constexpr unsigned kThreads = 4;
constexpr std::uint64_t kBurst = 20;
constexpr nanoseconds kEnd = 900ms;  // the clocks may differ by a second

// 1000 a second, and kBurst.
RateRule fast_rule() {
  RateRule rule;
  rule.quota = {1000, 1s, kBurst, 1, 0};
  return rule;
}

template <typename Run>
void in_threads(Run run) {
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < kThreads; ++i) threads.emplace_back([&run, i] { run(i); });
  for (std::thread& thread : threads) thread.join();
}

class Tally {
 public:
  void add(const LimitVerdict& verdict) {
    if (verdict.kind == Kind::Pass) passed_.fetch_add(1, std::memory_order_relaxed);
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

void drain(const RateLimit& limit, std::vector<Tally>& tallies, nanoseconds now) {
  for (std::uint32_t client = 0; client < tallies.size(); ++client) {
    LimitVerdict verdict;
    do {
      verdict = limit.check(ipv4(client), at(now));
      tallies[client].add(verdict);
    } while (verdict.kind == Kind::Pass);
  }
}

}  // namespace

TEST_CASE("limiter threads: what passes is exactly the burst and the rate", "[access]") {
  const auto table = make_ip_table(1000);
  const RateLimit limit("a", fast_rule(), *table);
  std::vector<Tally> tallies(4);
  in_threads([&limit, &tallies](unsigned) {
    drain(limit, tallies, 0ns);
    for (nanoseconds now{0}; now <= kEnd; now += 1ms) hammer(limit, tallies, now);
  });
  drain(limit, tallies, kEnd);
  for (const Tally& tally : tallies) CHECK(tally.passed() == kBurst + 900);
  CHECK(table->untracked() == 0);
}

TEST_CASE("limiter threads: nor more nor less while buckets are thrown out", "[access]") {
  // Half of the slots are for buckets that refuse; through the other half passes everybody else.
  const auto table = make_ip_table(64);
  const RateLimit limit("a", fast_rule(), *table);
  std::vector<Tally> tallies(32);
  drain(limit, tallies, 0ns);
  std::atomic<std::uint64_t> strange{0};
  in_threads([&limit, &tallies, &strange](unsigned thread) {
    std::uint32_t newcomer = (thread + 1) << 24;
    for (nanoseconds now{0}; now <= kEnd; now += 1ms) {
      hammer(limit, tallies, now);
      for (int i = 0; i < 50; ++i) {
        // Each comes once, so nobody's bucket but a new one is right for it.
        const LimitVerdict verdict = limit.check(ipv4(newcomer++), at(now));
        const bool fresh = verdict.kind == Kind::Pass && verdict.remaining == kBurst - 1;
        if (!fresh) strange.fetch_add(1, std::memory_order_relaxed);
      }
    }
  });
  drain(limit, tallies, kEnd);
  for (const Tally& tally : tallies) CHECK(tally.passed() == kBurst + 900);
  CHECK(strange == 0);
}

TEST_CASE("limiter threads: the same newcomer in all threads gets one bucket", "[access]") {
  const auto table = make_ip_table(4096);
  const RateLimit limit("a", fast_rule(), *table);
  std::vector<Tally> tallies(1000);
  in_threads([&limit, &tallies](unsigned) {
    for (std::uint32_t client = 0; client < tallies.size(); ++client) {
      for (std::uint64_t i = 0; i < kBurst; ++i) {
        tallies[client].add(limit.check(ipv4(client), at(0s)));
      }
    }
  });
  for (const Tally& tally : tallies) CHECK(tally.passed() == kBurst);
}

TEST_CASE("limiter threads: what a wider bucket refuses is charged by none", "[access]") {
  const auto table = make_ip_table(1000);
  RateRule rule = fast_rule();
  rule.quota.burst = 300;
  rule.wider_multiple = 2;
  const RateLimit limit("a", rule, *table);
  const IpAddress clients[] = {ip("2001:db8:0:1::"), ip("2001:db8:0:2::"), ip("2001:db8:0:3::"),
                               ip("2001:db8:0:4::")};
  std::vector<Tally> tallies(std::size(clients));
  in_threads([&limit, &tallies, &clients](unsigned thread) {
    for (unsigned i = 0; i < 1200; ++i) {
      const std::size_t client = (thread + i) % tallies.size();
      tallies[client].add(limit.check(clients[client], at(0s)));
    }
  });
  // What a request holds for a moment and gives back may have refused another one, so the last few
  // can be left.
  rule.wider_ipv6_bits = 0;
  const RateLimit own_only("a", rule, *table);
  std::uint64_t passed = 0;
  for (std::size_t i = 0; i < tallies.size(); ++i) {
    passed += tallies[i].passed();
    CHECK(own_only.check(clients[i], at(0s)).remaining == 300 - tallies[i].passed() - 1);
  }
  CHECK(passed == 600);
}

}  // namespace sluice::access
