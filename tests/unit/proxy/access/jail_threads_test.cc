// SPDX-License-Identifier: MIT
// The jail under several threads at once: what must hold whatever they do.
#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "proxy/access/jail.h"
#include "tests/unit/proxy/access/addresses.h"

namespace sluice::access {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr int kThreads = 4;
constexpr int kSteps = 4000;

IpAddress numbered(std::uint64_t i) {
  const std::array<std::uint8_t, 4> raw{10, 0, static_cast<std::uint8_t>(i >> 8),
                                        static_cast<std::uint8_t>(i)};
  return IpAddress::from_v4(raw);
}

TEST_CASE("jail: of all threads that note at the same time, one is told who is caught",
          "[access][jail][threads]") {
  constexpr std::uint64_t kAddresses = 64;
  Jail jail({.table = 1000, .counters = 4096, .hash_seed = 1});
  JailRules rules;
  rules.rule(Reason::Limiter) = {100, hours{1}};
  std::array<std::atomic<int>, kAddresses> told{};
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&jail, &rules, &told] {
      // 50 of each thread, so that only all together reach the count, and twice.
      for (std::uint64_t i = 0; i < 50 * kAddresses; ++i) {
        const std::uint64_t who = i % kAddresses;
        if (jail.note(rules, numbered(who), Reason::Limiter, noon())) ++told[who];
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (std::uint64_t i = 0; i < kAddresses; ++i) {
    REQUIRE(told[i] == 1);
    REQUIRE(jail.is_jailed(numbered(i), noon()));
  }
  CHECK(jail.size() == kAddresses);
}

TEST_CASE("jail: who is in is seen to be in by every thread, whatever others do",
          "[access][jail][threads]") {
  Jail jail({.table = 200, .counters = 256, .hash_seed = 1});
  JailRules rules;
  rules.rule(Reason::Tls) = {2, seconds{60}};
  rules.time = milliseconds{500};
  jail.add(cidr("192.0.2.0/24"), hours{24}, noon());
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&jail, &rules, &wrong, t] {
      std::mt19937_64 random(static_cast<std::uint64_t>(t));
      for (int step = 0; step < kSteps; ++step) {
        const WallTime now = noon() + milliseconds{step};
        const IpAddress address = numbered(random() % 1000);
        jail.note(rules, address, Reason::Tls, now);
        jail.is_jailed(address, now);
        if (!jail.is_jailed(IpAddress::parse("192.0.2.7").value(), now)) ++wrong;
        if (jail.is_jailed(IpAddress::parse("192.0.3.7").value(), now)) ++wrong;
        if (step % 64 == 0) jail.expire(now);
        if (step % 128 == 0) jail.remove(Cidr{address, 128}, now);
        if (step % 256 == 0 && jail.list(now).empty()) ++wrong;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(wrong == 0);
  CHECK(jail.size() <= 200);
  jail.expire(noon() + hours{24});
  CHECK(jail.size() == 0);
}

TEST_CASE(
    "jail: what is copied in steps lacks nobody who was in all the time, and has no one twice",
    "[access][jail][threads]") {
  constexpr std::size_t kStaying = 3000;
  Jail jail({.table = 10'000, .counters = 4096, .hash_seed = 1});
  JailRules rules;
  rules.rule(Reason::Tls) = {1, seconds{60}};
  rules.time = milliseconds{1000};
  for (std::uint64_t i = 0; i < kStaying; ++i) jail.note(rules, numbered(i), Reason::Tls, noon());
  std::atomic<bool> done{false};
  // They are released, and no longer in, but remembered.
  std::thread releasing([&jail, &done] {
    for (int step = 0; step < 1000 && !done; ++step) jail.expire(noon() + milliseconds{2 * step});
  });
  bool all = true;
  for (int times = 0; times < 50; ++times) all = all && jail.records(noon()).size() == kStaying;
  done = true;
  releasing.join();
  CHECK(all);
}

}  // namespace
}  // namespace sluice::access
