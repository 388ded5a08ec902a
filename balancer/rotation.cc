// SPDX-License-Identifier: MIT
#include "balancer/rotation.h"

#include <map>
#include <numeric>

namespace sluice::balancer {
namespace {

// nginx's rule: each pick adds every member's weight to its score, takes the highest score (the
// first in the list on a tie) and subtracts the sum of the weights from the winner's. Members of
// equal weight therefore win in turn, in list order, and a class of them can be followed by its
// front alone: a pick costs the number of different weights, not of members.
struct WeightClass {
  std::int64_t weight = 0;
  std::vector<std::uint32_t> members;  // in list order
  std::size_t front = 0;               // who wins next
  std::int64_t wins = 0;               // of the front

  std::int64_t score(std::int64_t picks, std::int64_t total) const {
    return picks * weight - wins * total;
  }
  std::uint32_t take_front() {
    const std::uint32_t winner = members[front];
    if (++front == members.size()) {
      front = 0;
      ++wins;
    }
    return winner;
  }
};

std::uint32_t at_least_one(std::uint32_t weight) {
  return std::max<std::uint32_t>(weight, 1);
}

std::vector<WeightClass> classes_of(std::span<const std::uint32_t> weights) {
  std::uint32_t divisor = 0;
  for (const std::uint32_t weight : weights) divisor = std::gcd(divisor, at_least_one(weight));
  std::map<std::uint32_t, WeightClass> by_weight;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    WeightClass& entry = by_weight[at_least_one(weights[i])];
    entry.weight = at_least_one(weights[i]) / divisor;
    entry.members.push_back(static_cast<std::uint32_t>(i));
  }
  std::vector<WeightClass> classes;
  classes.reserve(by_weight.size());
  for (auto& [weight, entry] : by_weight) classes.push_back(std::move(entry));
  return classes;
}

}  // namespace

std::vector<std::uint32_t> smooth_order(std::span<const std::uint32_t> weights) {
  std::vector<WeightClass> classes = classes_of(weights);
  std::int64_t total = 0;
  for (const WeightClass& entry : classes) {
    total += entry.weight * static_cast<std::int64_t>(entry.members.size());
  }
  std::vector<std::uint32_t> order;
  order.reserve(static_cast<std::size_t>(total));
  for (std::int64_t picks = 1; picks <= total; ++picks) {
    const auto loses_to = [picks, total](const WeightClass& a, const WeightClass& b) {
      const std::int64_t score_a = a.score(picks, total);
      const std::int64_t score_b = b.score(picks, total);
      return score_a != score_b ? score_a < score_b : a.members[a.front] > b.members[b.front];
    };
    order.push_back(std::max_element(classes.begin(), classes.end(), loses_to)->take_front());
  }
  return order;
}

}  // namespace sluice::balancer
