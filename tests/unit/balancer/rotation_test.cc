// SPDX-License-Identifier: MIT
#include "balancer/rotation.h"

#include <catch2/catch.hpp>
#include <numeric>
#include <random>
#include <string>
#include <vector>

namespace sluice::balancer {
namespace {

using Weights = std::vector<std::uint32_t>;
using Order = std::vector<std::uint32_t>;

// nginx's rule as its manual tells it, one score per member.
Order scored_order(const Weights& weights) {
  std::uint32_t divisor = 0;
  for (const std::uint32_t weight : weights) divisor = std::gcd(divisor, weight);
  const std::int64_t total = std::accumulate(weights.begin(), weights.end(), std::int64_t{0});
  std::vector<std::int64_t> scores(weights.size(), 0);
  Order order;
  for (std::int64_t pick = 0; pick < total / divisor; ++pick) {
    std::size_t best = 0;
    for (std::size_t i = 0; i < weights.size(); ++i) {
      scores[i] += weights[i];
      if (scores[i] > scores[best]) best = i;
    }
    scores[best] -= total;
    order.push_back(static_cast<std::uint32_t>(best));
  }
  return order;
}

TEST_CASE("rotation: the smooth order of small pools", "[balancer][rotation]") {
  struct Row {
    Weights weights;
    Order order;
  };
  const Row rows[] = {
      {{}, {}},
      {{7}, {0}},
      {{1, 1, 1}, {0, 1, 2}},
      {{4, 4}, {0, 1}},
      {{5, 1, 1}, {0, 0, 1, 0, 2, 0, 0}},
      {{10, 2, 2}, {0, 0, 1, 0, 2, 0, 0}},
      {{1, 2}, {1, 0, 1}},
      {{0, 1}, {0, 1}},
  };
  for (const Row& row : rows) CHECK(smooth_order(row.weights) == row.order);
}

TEST_CASE("rotation: the order is that of one score per member", "[balancer][rotation]") {
  std::mt19937 generator(20240601);
  const auto below = [&generator](std::uint32_t end) {
    return static_cast<std::uint32_t>(generator() % end);
  };
  for (int round = 0; round < 300; ++round) {
    Weights weights(1 + below(12));
    const std::uint32_t largest = 1 + below(round % 2 == 0 ? 4 : 256);
    for (std::uint32_t& weight : weights) weight = 1 + below(largest);
    CAPTURE(weights);
    REQUIRE(smooth_order(weights) == scored_order(weights));
  }
}

TEST_CASE("rotation: a huge pool of equals takes each once", "[balancer][rotation]") {
  const Order order = smooth_order(Weights(100000, 256));
  REQUIRE(order.size() == 100000);
  CHECK(order.front() == 0);
  CHECK(order.back() == 99999);
}

TEST_CASE("rotation: with members unwanted, the others keep their shares", "[balancer][rotation]") {
  const Weights weights{3, 1, 2, 2, 4};
  for (std::size_t unwanted = 0; unwanted < weights.size(); ++unwanted) {
    Rotation rotation(weights, std::make_shared<Ticket>());
    std::vector<std::uint32_t> counts(weights.size());
    constexpr std::uint32_t kTurns = 100;
    for (std::uint32_t i = 0; i < kTurns * (12 - weights[unwanted]); ++i) {
      ++counts[rotation.next([unwanted](std::size_t member) { return member != unwanted; })];
    }
    for (std::size_t i = 0; i < weights.size(); ++i) {
      CHECK(counts[i] == (i == unwanted ? 0 : kTurns * weights[i]));
    }
  }
}

TEST_CASE("rotation: nobody wanted, or nobody there, gives no member", "[balancer][rotation]") {
  const Rotation empty({}, std::make_shared<Ticket>());
  CHECK(empty.next([](std::size_t) { return true; }) == kNoMember);
  const Rotation three(Weights{1, 2, 3}, std::make_shared<Ticket>());
  CHECK(three.next([](std::size_t) { return false; }) == kNoMember);
}

TEST_CASE("rotation: the one wanted member of a huge pool is found", "[balancer][rotation]") {
  const Rotation rotation(Weights(5000, 1), std::make_shared<Ticket>());
  for (const std::size_t wanted : {std::size_t{0}, std::size_t{2500}, std::size_t{4999}}) {
    for (int i = 0; i < 10; ++i) {
      REQUIRE(rotation.next([wanted](std::size_t member) { return member == wanted; }) == wanted);
    }
  }
}

}  // namespace
}  // namespace sluice::balancer
