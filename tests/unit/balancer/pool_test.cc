// SPDX-License-Identifier: MIT
#include "balancer/pool.h"

#include <algorithm>
#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <map>
#include <queue>
#include <thread>
#include <vector>

#include "tests/unit/balancer/at.h"

namespace sluice::balancer {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const TimePoint kNow = at(seconds(0));

std::vector<Pool::Address> addresses(const std::vector<int>& weights) {
  std::vector<Pool::Address> result;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    result.push_back({"10.0.0." + std::to_string(i + 1) + ":80", weights[i]});
  }
  return result;
}

conf::Pool options(conf::Policy policy, int max_fails = 1) {
  conf::Pool result;
  result.policy = policy;
  result.max_fails = max_fails;
  return result;
}

struct Fixture {
  explicit Fixture(const std::vector<int>& weights, conf::Policy policy = conf::Policy::RoundRobin,
                   int max_fails = 1)
      : pool("shop", options(policy, max_fails), addresses(weights), registry) {}

  std::optional<Selection> acquire(TimePoint now = kNow) {
    Tried tried;
    return pool.acquire(tried, now);
  }
  // The members of `count` requests, one after the other.
  std::vector<std::size_t> sequence(std::size_t count) {
    std::vector<std::size_t> members;
    for (std::size_t i = 0; i < count; ++i) members.push_back(acquire()->member);
    return members;
  }
  void eject(std::size_t member, TimePoint now = kNow) {
    const HealthPolicy policy{.max_fails = 1, .fail_timeout = pool.options().fail_timeout};
    pool.members()[member].backend->health().on_failure(policy, now);
    REQUIRE_FALSE(pool.eligible(member, now));
  }

  BackendRegistry registry;
  Pool pool;
};

TEST_CASE("pool: round robin gives nginx's smooth order, under both policies when idle",
          "[balancer][pool]") {
  for (const auto policy : {conf::Policy::RoundRobin, conf::Policy::LeastConnections}) {
    Fixture fixture({5, 1, 1}, policy);
    const std::vector<std::size_t> turn{0, 0, 1, 0, 2, 0, 0};
    CHECK(fixture.sequence(7) == turn);
    CHECK(fixture.sequence(7) == turn);
  }
}

TEST_CASE("pool: a selection counts in flight until its lease ends", "[balancer][pool]") {
  Fixture fixture({1, 1});
  auto first = fixture.acquire();
  REQUIRE(first);
  const Backend& backend = *fixture.pool.members()[first->member].backend;
  CHECK(&first->lease.backend() == &backend);
  CHECK(backend.in_flight() == 1);
  CHECK_FALSE(first->trial);
  first.reset();
  CHECK(backend.in_flight() == 0);
}

TEST_CASE("pool: a retry goes to a member not yet tried, until there is none", "[balancer][pool]") {
  for (const auto policy : {conf::Policy::RoundRobin, conf::Policy::LeastConnections}) {
    for (const std::size_t size : {3U, 64U, 65U, 200U}) {
      Fixture fixture(std::vector<int>(size, 1), policy, 0);
      fixture.sequence(size / 2);  // begin somewhere
      Tried tried;
      std::vector<bool> seen(size);
      for (std::size_t i = 0; i < size; ++i) {
        const auto selection = fixture.pool.acquire(tried, kNow);
        REQUIRE(selection);
        REQUIRE_FALSE(seen[selection->member]);
        seen[selection->member] = true;
      }
      CHECK(tried.count() == size);
      CHECK_FALSE(fixture.pool.acquire(tried, kNow));
    }
  }
}

TEST_CASE("pool: four workers together keep to the weights", "[balancer][pool][threads]") {
  const std::vector<int> weights{5, 1, 2, 4};
  for (const bool one_ejected : {false, true}) {
    Fixture fixture(weights);
    if (one_ejected) fixture.eject(2);
    const int shares = one_ejected ? 10 : 12;
    constexpr int kTurns = 6000;
    std::vector<std::atomic<int>> counts(weights.size());
    std::vector<std::thread> workers;
    for (int w = 0; w < 4; ++w) {
      workers.emplace_back([&fixture, &counts, shares] {
        for (int i = 0; i < shares * kTurns / 4; ++i) ++counts[fixture.acquire()->member];
      });
    }
    for (std::thread& worker : workers) worker.join();
    for (std::size_t i = 0; i < weights.size(); ++i) {
      const int expected = one_ejected && i == 2 ? 0 : weights[i] * kTurns;
      CHECK(counts[i] >= expected - 1);
      CHECK(counts[i] <= expected + 1);
    }
    for (const Member& member : fixture.pool.members()) CHECK(member.backend->in_flight() == 0);
  }
}

TEST_CASE("pool: four workers under least connections keep the loads level",
          "[balancer][pool][threads]") {
  Fixture fixture({1, 2, 1}, conf::Policy::LeastConnections);
  std::vector<std::vector<Selection>> held(4);
  std::vector<std::thread> workers;
  for (std::vector<Selection>& mine : held) {
    workers.emplace_back([&fixture, &mine] {
      for (int i = 0; i < 1000; ++i) mine.push_back(*fixture.acquire());
    });
  }
  for (std::thread& worker : workers) worker.join();
  // Workers that pick at the same instant see the same counts: off by a few, never adrift.
  const auto members = fixture.pool.members();
  CHECK(std::abs(static_cast<int>(members[0].backend->in_flight()) - 1000) <= 8);
  CHECK(std::abs(static_cast<int>(members[1].backend->in_flight()) - 2000) <= 8);
  CHECK(std::abs(static_cast<int>(members[2].backend->in_flight()) - 1000) <= 8);
  held.clear();
  for (const Member& member : members) CHECK(member.backend->in_flight() == 0);
}

TEST_CASE("pool: least connections weighs the requests in flight", "[balancer][pool]") {
  Fixture fixture({1, 3}, conf::Policy::LeastConnections);
  std::vector<Selection> held;
  std::vector<int> counts(2);
  for (int i = 0; i < 8; ++i) {
    held.push_back(*fixture.acquire());
    ++counts[held.back().member];
  }
  CHECK(counts == std::vector<int>{2, 6});
}

TEST_CASE("pool: least connections splits evenly among the members that are equally idle",
          "[balancer][pool]") {
  Fixture fixture({1, 1, 1, 1}, conf::Policy::LeastConnections);
  // The last two each hold one slow request.
  std::vector<Lease> slow;
  slow.emplace_back(*fixture.pool.members()[2].backend);
  slow.emplace_back(*fixture.pool.members()[3].backend);
  std::map<std::size_t, int> counts;
  for (const std::size_t member : fixture.sequence(1000)) ++counts[member];
  CHECK(counts == std::map<std::size_t, int>{{0, 500}, {1, 500}});
}

TEST_CASE("pool: under least connections a slow backend gets fewer requests", "[balancer][pool]") {
  struct Running {
    TimePoint end;
    Selection selection;
    bool operator>(const Running& other) const { return end > other.end; }
  };
  const auto simulate = [](conf::Policy policy) {
    Fixture fixture({1, 1, 1}, policy);
    const milliseconds times[] = {milliseconds(10), milliseconds(10), milliseconds(100)};
    std::vector<Running> running;
    std::vector<int> counts(3);
    for (int arrival = 0; arrival < 3000; ++arrival) {
      const TimePoint now = at(milliseconds(2) * arrival);
      std::erase_if(running, [now](const Running& request) { return request.end <= now; });
      auto selection = fixture.acquire(now);
      ++counts[selection->member];
      running.push_back({now + times[selection->member], std::move(*selection)});
    }
    return counts;
  };
  const std::vector<int> level = simulate(conf::Policy::RoundRobin);
  CHECK(level == std::vector<int>{1000, 1000, 1000});
  const std::vector<int> adapted = simulate(conf::Policy::LeastConnections);
  CHECK(adapted[2] < 300);
  CHECK(adapted[2] > 30);  // it still takes its part
  CHECK(std::abs(adapted[0] - adapted[1]) < 300);
}

TEST_CASE("pool: an ejected member is passed over and comes back by a trial", "[balancer][pool]") {
  for (const auto policy : {conf::Policy::RoundRobin, conf::Policy::LeastConnections}) {
    Fixture fixture({1, 1, 1}, policy);
    auto failed = fixture.acquire();
    REQUIRE(failed->member == 0);
    CHECK(fixture.pool.report_failure(*failed, kNow));
    CHECK_FALSE(fixture.pool.report_failure(*failed, kNow));
    failed.reset();
    std::map<std::size_t, int> counts;
    for (const std::size_t member : fixture.sequence(100)) ++counts[member];
    CHECK(counts == std::map<std::size_t, int>{{1, 50}, {2, 50}});

    const TimePoint later = at(seconds(10));
    std::vector<Selection> trials;
    for (int i = 0; i < 30; ++i) {
      auto selection = fixture.acquire(later);
      if (selection->trial) trials.push_back(std::move(*selection));
    }
    REQUIRE(trials.size() == 1);
    CHECK(trials[0].member == 0);
    CHECK_FALSE(fixture.pool.eligible(0, later));
    CHECK(fixture.pool.report_success(trials[0]));
    CHECK(fixture.pool.eligible(0, later));
  }
}

TEST_CASE("pool: with all members ejected there is none", "[balancer][pool]") {
  for (const auto policy : {conf::Policy::RoundRobin, conf::Policy::LeastConnections}) {
    Fixture fixture({1, 1}, policy);
    fixture.eject(0);
    fixture.eject(1);
    CHECK_FALSE(fixture.acquire());
    CHECK(fixture.acquire(at(seconds(10))));
    CHECK(fixture.acquire(at(seconds(10))));
    CHECK_FALSE(fixture.acquire(at(seconds(10))));
  }
}

TEST_CASE("pool: workers racing for the last trial get it once, the others none",
          "[balancer][pool][threads]") {
  Fixture fixture({1, 1, 1});
  for (std::size_t i = 0; i < 3; ++i) fixture.eject(i);
  constexpr int kRounds = 500;
  std::atomic<int> arrived{0};
  std::vector<std::atomic<int>> taken(kRounds);
  std::vector<std::thread> workers;
  for (int w = 0; w < 4; ++w) {
    workers.emplace_back([&fixture, &arrived, &taken] {
      for (int round = 0; round < kRounds; ++round) {
        ++arrived;
        while (arrived.load() < (round + 1) * 4) std::this_thread::yield();
        const auto selection = fixture.acquire(at(seconds(10) * (round + 1)));
        if (selection && selection->trial) ++taken[static_cast<std::size_t>(round)];
      }
    });
  }
  for (std::thread& worker : workers) worker.join();
  int wrong = 0;
  for (const std::atomic<int>& count : taken) wrong += count.load() == 3 ? 0 : 1;
  CHECK(wrong == 0);  // four requests, three trials
}

TEST_CASE("pool: a lone member is never ejected", "[balancer][pool]") {
  Fixture fixture({1});
  for (int i = 0; i < 5; ++i) {
    const auto selection = fixture.acquire();
    REQUIRE(selection);
    CHECK_FALSE(fixture.pool.report_failure(*selection, kNow));
  }
  CHECK(fixture.pool.eligible(0, kNow));
}

TEST_CASE("pool: with nothing resolved there is none", "[balancer][pool]") {
  for (const auto policy : {conf::Policy::RoundRobin, conf::Policy::LeastConnections}) {
    Fixture fixture({}, policy);
    CHECK_FALSE(fixture.acquire());
    CHECK(fixture.pool.members().empty());
  }
}

TEST_CASE("pool: an address that stands twice is one member with both weights",
          "[balancer][pool]") {
  BackendRegistry registry;
  const std::vector<Pool::Address> list{{"10.0.0.1:80", 1}, {"10.0.0.2:80", 2}, {"10.0.0.1:80", 3}};
  const Pool pool("shop", conf::Pool(), list, registry);
  REQUIRE(pool.members().size() == 2);
  CHECK(pool.members()[0].weight == 4);
  CHECK(pool.members()[1].weight == 2);
}

TEST_CASE("pool: a reload keeps counts, health and the place in the rotation", "[balancer][pool]") {
  BackendRegistry registry;
  const conf::Pool round_robin = options(conf::Policy::RoundRobin);
  const HealthPolicy policy{.max_fails = 1, .fail_timeout = round_robin.fail_timeout};
  auto old_pool = std::make_unique<Pool>("shop", round_robin, addresses({1, 1, 1, 1}), registry);
  Tried tried;
  auto running = old_pool->acquire(tried, kNow);
  REQUIRE(running->member == 0);
  old_pool->members()[3].backend->health().on_failure(policy, kNow);

  // The second is gone, the others have moved up.
  auto list = addresses({1, 1, 1, 1});
  list.erase(list.begin() + 1);
  const Pool pool("shop", round_robin, list, registry);
  CHECK(pool.members()[0].backend->in_flight() == 1);
  CHECK_FALSE(pool.eligible(2, kNow));
  Tried fresh;
  CHECK(pool.acquire(fresh, kNow)->member == 1);  // ticket 1

  running.reset();
  old_pool.reset();
  CHECK(registry.sweep() == 1);
  CHECK(registry.size() == 3);
  CHECK(pool.members()[0].backend->in_flight() == 0);
}

}  // namespace
}  // namespace sluice::balancer
