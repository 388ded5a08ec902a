// SPDX-License-Identifier: MIT
#include "proxy/access/ip_counts.h"

#include <catch2/catch.hpp>

#include <map>
#include <random>
#include <string>
#include <thread>
#include <vector>

namespace sluice::access {
namespace {

IpAddress address(std::uint32_t number) {
  const std::array<std::uint8_t, 4> bytes{
      static_cast<std::uint8_t>(number >> 24), static_cast<std::uint8_t>(number >> 16),
      static_cast<std::uint8_t>(number >> 8), static_cast<std::uint8_t>(number)};
  return IpAddress::from_v4(bytes);
}

TEST_CASE("counts: a client gets as many as he may have, and again what he gave back") {
  IpCounts counts(1);
  IpCounts::Ticket first = counts.take(address(1), 2);
  IpCounts::Ticket second = counts.take(address(1), 2);
  CHECK(first);
  CHECK(second);
  CHECK_FALSE(counts.take(address(1), 2));
  CHECK(counts.take(address(2), 2));
  first = {};
  CHECK_FALSE(first);
  CHECK(counts.take(address(1), 2));
  CHECK(counts.clients() == 1);
  second = {};
  CHECK(counts.clients() == 0);
}

TEST_CASE("counts: a ticket that moves is given back once") {
  IpCounts counts(1);
  IpCounts::Ticket from = counts.take(address(1), 1);
  IpCounts::Ticket to(std::move(from));
  CHECK(to);
  CHECK_FALSE(counts.take(address(1), 1));
  IpCounts::Ticket other = counts.take(address(2), 1);
  other = std::move(to);
  CHECK(counts.take(address(2), 1));
  CHECK_FALSE(counts.take(address(1), 1));
}

TEST_CASE("counts: are those of a plain map, whatever comes and goes") {
  IpCounts counts(7);
  std::mt19937 random(3);
  std::map<std::uint32_t, std::vector<IpCounts::Ticket>> held;
  for (int step = 0; step < 200'000; ++step) {
    const std::uint32_t client = static_cast<std::uint32_t>(random()) % 3000;
    std::vector<IpCounts::Ticket>& own = held[client];
    if (random() % 2 == 0 && !own.empty()) {
      own.pop_back();
    } else {
      IpCounts::Ticket ticket = counts.take(address(client), 3);
      REQUIRE(static_cast<bool>(ticket) == (own.size() < 3));
      if (ticket) own.push_back(std::move(ticket));
    }
  }
  std::size_t clients = 0;
  for (const auto& [client, own] : held) clients += own.empty() ? 0U : 1U;
  CHECK(counts.clients() == clients);
  held.clear();
  CHECK(counts.clients() == 0);
}

TEST_CASE("counts: several threads together never have more than one may") {
  IpCounts counts(9);
  constexpr std::uint32_t kMost = 4;
  std::array<std::atomic<int>, 3> open{};
  std::atomic<int> above = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      std::mt19937 random(static_cast<unsigned>(t));
      std::vector<std::pair<std::size_t, IpCounts::Ticket>> own;
      for (int step = 0; step < 20'000; ++step) {
        const std::size_t client = random() % open.size();
        if (own.size() > 3) {
          --open[own.back().first];
          own.pop_back();
        }
        IpCounts::Ticket ticket = counts.take(address(static_cast<std::uint32_t>(client)), kMost);
        if (!ticket) continue;
        if (++open[client] > static_cast<int>(kMost)) ++above;
        own.emplace_back(client, std::move(ticket));
      }
      for (auto& [client, ticket] : own) --open[client];
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(above == 0);
  CHECK(counts.clients() == 0);
}

}  // namespace
}  // namespace sluice::access
