// SPDX-License-Identifier: MIT
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <memory>
#include <random>
#include <span>
#include <thread>
#include <vector>

#include "benchmarks/micro/micro.h"
#include "proxy/access/rate_limit.h"

namespace sluice::bench {

namespace {

using access::RateLimit;
using access::Time;

constexpr std::size_t kChecks = 1'000'000;

// A million addresses or one, in an order of their own.
std::vector<IpAddress> draw_clients(IpFamily family, std::size_t distinct) {
  std::mt19937_64 random(1);
  std::vector<IpAddress> clients;
  clients.reserve(kChecks);
  for (std::size_t i = 0; i < kChecks; ++i) {
    std::array<std::uint8_t, 16> bytes{0x20, 0x01, 0x0d, 0xb8};
    const std::uint64_t number = i < distinct ? random() : 0;
    for (unsigned at = 0; at < 4; ++at) {
      bytes[at + 4] = static_cast<std::uint8_t>(number >> (8 * at));
    }
    clients.push_back(i >= distinct ? clients[i - distinct]
                      : family == IpFamily::V4
                          ? IpAddress::from_v4(std::span(bytes).subspan<4, 4>())
                          : IpAddress::from_v6(bytes));
  }
  std::shuffle(clients.begin(), clients.end(), random);
  return clients;
}

// Each thread checks all the clients, a microsecond of the limiter's clock apart.
double check_ns(const RateLimit& limit, const std::vector<IpAddress>& clients, int threads) {
  using Clock = std::chrono::steady_clock;
  const Clock::time_point start = Clock::now();
  const auto check_all = [&limit, &clients, start] {
    Time now = start;
    for (const IpAddress& client : clients) {
      limit.check(client, now);
      now += std::chrono::microseconds(1);
    }
  };
  std::vector<std::thread> others;
  for (int i = 1; i < threads; ++i) others.emplace_back(check_all);
  check_all();
  for (std::thread& other : others) other.join();
  const double ns = std::chrono::duration<double, std::nano>(Clock::now() - start).count();
  return ns / static_cast<double>(clients.size());
}

void print_row(const char* what, std::size_t table_keys, const std::vector<IpAddress>& clients) {
  const auto table = access::IpTable::create(table_keys);
  if (!table) {
    std::printf("  %s: %s\n", what, table.error().text().c_str());
    return;
  }
  access::RateRule rule;
  rule.quota = {100, std::chrono::seconds(1), 200, 1, 0};
  const RateLimit limit("bench", rule, **table);
  std::printf("  %-36s", what);
  std::printf("  %5.0f", check_ns(limit, clients, 1));
  for (const int threads : {1, 2}) {
    double best = check_ns(limit, clients, threads);
    for (int run = 1; run < 5; ++run) best = std::min(best, check_ns(limit, clients, threads));
    std::printf("  %9.0f", best);
  }
  std::printf("\n");
}

}  // namespace

void measure_limiter() {
  std::printf("\nA check of the limiter, ns each\n");
  std::printf("  %-36s  first  1 thread  2 threads\n", "");
  print_row("IPv4, one address", 2'000'000, draw_clients(IpFamily::V4, 1));
  print_row("IPv4, 1,000,000 addresses", 2'000'000, draw_clients(IpFamily::V4, kChecks));
  print_row("IPv4, as many, room for 100,000", 100'000, draw_clients(IpFamily::V4, kChecks));
  print_row("IPv6, one address, two buckets", 2'000'000, draw_clients(IpFamily::V6, 1));
  print_row("IPv6, 1,000,000 addresses, as many", 4'000'000, draw_clients(IpFamily::V6, kChecks));
}

}  // namespace sluice::bench
