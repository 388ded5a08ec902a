// SPDX-License-Identifier: MIT
#include "balancer/health.h"

#include <algorithm>
#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <thread>
#include <vector>

#include "tests/unit/balancer/at.h"

namespace sluice::balancer {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr HealthPolicy kOneFail{.max_fails = 1, .fail_timeout = seconds(10)};
constexpr HealthPolicy kThreeFails{.max_fails = 3, .fail_timeout = seconds(10)};

TEST_CASE("health: a new backend is whole", "[balancer][health]") {
  Health health;
  CHECK(health.eligible(kOneFail, at(seconds(0))));
  CHECK(health.admit(kOneFail, at(seconds(0))) == Admission::Admitted);
  CHECK_FALSE(health.on_success(kOneFail, false));
}

TEST_CASE("health: the max_fails-th failure ejects, and is the only one to say so",
          "[balancer][health]") {
  Health health;
  CHECK_FALSE(health.on_failure(kThreeFails, at(seconds(0))));
  CHECK_FALSE(health.on_failure(kThreeFails, at(seconds(1))));
  CHECK(health.eligible(kThreeFails, at(seconds(1))));
  CHECK(health.admit(kThreeFails, at(seconds(1))) == Admission::Admitted);
  CHECK(health.on_failure(kThreeFails, at(seconds(2))));
  CHECK_FALSE(health.eligible(kThreeFails, at(seconds(2))));
  CHECK(health.admit(kThreeFails, at(seconds(2))) == Admission::Refused);
  CHECK_FALSE(health.on_failure(kThreeFails, at(seconds(3))));
}

TEST_CASE("health: an ejected backend gets one trial per fail_timeout", "[balancer][health]") {
  Health health;
  REQUIRE(health.on_failure(kOneFail, at(seconds(0))));
  CHECK_FALSE(health.eligible(kOneFail, at(milliseconds(9999))));
  CHECK(health.eligible(kOneFail, at(seconds(10))));
  CHECK(health.admit(kOneFail, at(seconds(10))) == Admission::Trial);
  CHECK_FALSE(health.eligible(kOneFail, at(seconds(10))));
  CHECK(health.admit(kOneFail, at(milliseconds(19999))) == Admission::Refused);
  CHECK(health.admit(kOneFail, at(seconds(20))) == Admission::Trial);
}

TEST_CASE("health: looking takes no trial", "[balancer][health]") {
  Health health;
  health.on_failure(kOneFail, at(seconds(0)));
  for (int i = 0; i < 5; ++i) CHECK(health.eligible(kOneFail, at(seconds(10))));
  CHECK(health.admit(kOneFail, at(seconds(10))) == Admission::Trial);
}

TEST_CASE("health: the success of the trial makes whole, once", "[balancer][health]") {
  Health health;
  health.on_failure(kOneFail, at(seconds(0)));
  REQUIRE(health.admit(kOneFail, at(seconds(10))) == Admission::Trial);
  CHECK(health.on_success(kOneFail, true));
  CHECK_FALSE(health.on_success(kOneFail, true));
  CHECK(health.admit(kOneFail, at(seconds(10))) == Admission::Admitted);
}

TEST_CASE("health: the failure of the trial puts aside for another fail_timeout",
          "[balancer][health]") {
  Health health;
  health.on_failure(kOneFail, at(seconds(0)));
  REQUIRE(health.admit(kOneFail, at(seconds(10))) == Admission::Trial);
  CHECK_FALSE(health.on_failure(kOneFail, at(seconds(13))));
  CHECK_FALSE(health.eligible(kOneFail, at(milliseconds(22999))));
  CHECK(health.eligible(kOneFail, at(seconds(23))));
}

TEST_CASE("health: a success begun before the ejection changes nothing", "[balancer][health]") {
  Health health;
  health.on_failure(kOneFail, at(seconds(0)));
  CHECK_FALSE(health.on_success(kOneFail, false));
  CHECK_FALSE(health.eligible(kOneFail, at(seconds(1))));
}

TEST_CASE("health: a failure after the trial began outweighs the trial's success",
          "[balancer][health]") {
  Health health;
  health.on_failure(kOneFail, at(seconds(0)));
  REQUIRE(health.admit(kOneFail, at(seconds(10))) == Admission::Trial);
  health.on_failure(kOneFail, at(seconds(11)));
  CHECK_FALSE(health.on_success(kOneFail, true));
  CHECK_FALSE(health.eligible(kOneFail, at(seconds(12))));
}

TEST_CASE("health: failures short of max_fails are forgotten by a success one window later",
          "[balancer][health]") {
  Health health;
  health.on_failure(kThreeFails, at(seconds(0)));
  health.on_failure(kThreeFails, at(seconds(1)));

  SECTION("within the window an ordinary success forgets nothing") {
    CHECK(health.admit(kThreeFails, at(seconds(5))) == Admission::Admitted);
    health.on_success(kThreeFails, false);
    CHECK(health.on_failure(kThreeFails, at(seconds(6))));
  }
  SECTION("after it the first request decides, and the others still pass") {
    CHECK(health.admit(kThreeFails, at(seconds(11))) == Admission::Trial);
    CHECK(health.admit(kThreeFails, at(seconds(11))) == Admission::Admitted);
    CHECK_FALSE(health.on_success(kThreeFails, true));  // was not ejected
    CHECK_FALSE(health.on_failure(kThreeFails, at(seconds(12))));
    CHECK_FALSE(health.on_failure(kThreeFails, at(seconds(12))));
    CHECK(health.on_failure(kThreeFails, at(seconds(12))));
  }
}

TEST_CASE("health: max_fails 0 never ejects and counts nothing", "[balancer][health]") {
  constexpr HealthPolicy kNever{.max_fails = 0, .fail_timeout = seconds(10)};
  Health health;
  for (int i = 0; i < 100; ++i) CHECK_FALSE(health.on_failure(kNever, at(seconds(0))));
  CHECK(health.eligible(kNever, at(seconds(0))));
  CHECK(health.admit(kNever, at(seconds(0))) == Admission::Admitted);
  CHECK_FALSE(health.on_success(kNever, true));
  CHECK(health.eligible(kOneFail, at(seconds(0))));  // nor does a reload find old failures
}

TEST_CASE("health: fail_timeout 0 counts but never puts aside", "[balancer][health]") {
  constexpr HealthPolicy kNoTime{.max_fails = 1, .fail_timeout = seconds(0)};
  Health health;
  CHECK(health.on_failure(kNoTime, at(seconds(0))));
  CHECK(health.eligible(kNoTime, at(seconds(0))));
  CHECK(health.admit(kNoTime, at(seconds(0))) == Admission::Trial);
  CHECK(health.admit(kNoTime, at(seconds(0))) == Admission::Trial);
}

TEST_CASE("health: a clock that goes back counts as no time passed", "[balancer][health]") {
  Health health;
  health.on_failure(kOneFail, at(seconds(100)));
  CHECK_FALSE(health.eligible(kOneFail, at(seconds(50))));
  CHECK(health.admit(kOneFail, at(seconds(50))) == Admission::Refused);
  health.on_failure(kOneFail, at(seconds(40)));  // does not shorten the time aside either
  CHECK_FALSE(health.eligible(kOneFail, at(seconds(109))));
  CHECK(health.eligible(kOneFail, at(seconds(110))));
  CHECK_FALSE(health.eligible(kOneFail, TimePoint(seconds(-5))));
}

TEST_CASE("health: any number of failures stays ejected", "[balancer][health]") {
  constexpr HealthPolicy kMost{.max_fails = 1000000, .fail_timeout = seconds(10)};
  Health health;
  int ejections = 0;
  for (int i = 0; i < 70000; ++i) ejections += health.on_failure(kMost, at(seconds(0))) ? 1 : 0;
  CHECK(ejections == 1);
  CHECK_FALSE(health.eligible(kMost, at(seconds(1))));
  CHECK_FALSE(health.eligible(kOneFail, at(seconds(1))));
  REQUIRE(health.admit(kOneFail, at(seconds(10))) == Admission::Trial);
  CHECK(health.on_success(kOneFail, true));
  CHECK(health.eligible(kOneFail, at(seconds(10))));
}

TEST_CASE("health: among threads exactly one takes the trial of each fail_timeout",
          "[balancer][health][threads]") {
  constexpr std::size_t kRounds = 400000;
  Health health;
  health.on_failure(kOneFail, at(seconds(0)));
  // The machine's clock only brings the threads together: each round of 250 ns of it stands for one
  // fail_timeout, and whoever runs asks for its trial at once, with nothing else shared that would
  // line them up. What must hold does not depend on who runs when.
  const auto start = std::chrono::steady_clock::now();
  std::vector<std::atomic<int>> trials(kRounds);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&health, &trials, start] {
      for (std::size_t round = 0; round < kRounds;) {
        const TimePoint now = at(seconds(10) * (round + 1));
        if (health.admit(kOneFail, now) == Admission::Trial) ++trials[round];
        const std::chrono::nanoseconds elapsed = std::chrono::steady_clock::now() - start;
        round = static_cast<std::size_t>(elapsed.count()) / 250;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  const auto at_most_once = [](const std::atomic<int>& count) { return count.load() <= 1; };
  CHECK(std::all_of(trials.begin(), trials.end(), at_most_once));
  CHECK(trials.front() == 1);
}

TEST_CASE("health: among threads exactly one failure ejects", "[balancer][health][threads]") {
  constexpr HealthPolicy kTenThousand{.max_fails = 10000, .fail_timeout = seconds(10)};
  Health health;
  std::atomic<int> ejections{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&health, &ejections, &kTenThousand] {
      for (int i = 0; i < 2500; ++i) {
        if (health.on_failure(kTenThousand, at(seconds(0)))) ++ejections;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(ejections == 1);
  CHECK_FALSE(health.eligible(kTenThousand, at(seconds(0))));
}

}  // namespace
}  // namespace sluice::balancer
