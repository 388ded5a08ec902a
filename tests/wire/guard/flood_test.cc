// SPDX-License-Identifier: MIT
// A flood from one address, at many times its rate, while another address stays within its own: the
// first gets what the rate brings in that time and its burst, the second is never refused. Whatever
// the number of workers.
#include <catch2/catch.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/http_reader.h"
#include "tests/support/sluice_process.h"
#include "tests/wire/guard/common.h"

using sluice::support::RawClient;
using sluice::support::read_response;
using sluice::support::SluiceProcess;
using sluice::wire::is_long;
using sluice::wire::kGet;

namespace {

using Clock = std::chrono::steady_clock;

constexpr int kRate = 200;  // a second
constexpr int kBurst = 50;
constexpr int kConnections = 20;  // of the flooder

std::string flood_config(int workers) {
  return R"({"workers": )" + std::to_string(workers) +
         R"(, "listeners": [{"address": "127.0.0.1:0"}], "access_log": {"format": "off"},
    "routes": [{"respond": {"body": "ok"}}],
    "limits": {"per_ip": {"rate": ")" +
         std::to_string(kRate) + R"(/s", "burst": )" + std::to_string(kBurst) + "}}}";
}

struct Tally {
  int passed = 0;
  int refused = 0;
  std::vector<double> milliseconds;  // of each answer

  void add(int status) { ++(status == 200 ? passed : refused); }
  double p99() const {
    std::vector<double> sorted = milliseconds;
    std::sort(sorted.begin(), sorted.end());
    return sorted.empty() ? 0 : sorted[sorted.size() * 99 / 100];
  }
};

// Nothing is to come, so this is a pause.
void pause_until(RawClient& client, Clock::time_point end) {
  if (Clock::now() >= end) return;
  try {
    client.peek(1, std::chrono::ceil<std::chrono::milliseconds>(end - Clock::now()));
  } catch (const sluice::support::Failure&) {
  }
}

// A request over each connection, and their answers.
struct Round {
  Clock::time_point begin;
  Clock::time_point end;
  Tally tally;
};

// At ten times the rate, over many connections, so that every worker has some.
std::vector<Round> flood(const SluiceProcess& sluice, std::chrono::milliseconds time) {
  constexpr std::chrono::milliseconds kRound{1000 * kConnections / (10 * kRate)};
  std::vector<RawClient> clients;
  for (int i = 0; i < kConnections; ++i) {
    clients.push_back(sluice.connect(0, {.source = "127.0.0.2"}));
  }
  std::vector<Round> rounds;
  const Clock::time_point end = Clock::now() + time;
  for (Clock::time_point next = Clock::now(); next < end; next += kRound) {
    pause_until(clients.front(), next);
    Round round{Clock::now(), {}, {}};
    for (RawClient& client : clients) client.send(kGet);
    for (RawClient& client : clients) round.tally.add(read_response(client).status);
    round.end = Clock::now();
    rounds.push_back(std::move(round));
  }
  return rounds;
}

double seconds_between(Clock::time_point begin, Clock::time_point end) {
  return std::chrono::duration<double>(end - begin).count();
}

int passed_of(const std::vector<Round>& rounds) {
  int passed = 0;
  for (const Round& round : rounds) passed += round.tally.passed;
  return passed;
}

// The least that a correct limiter lets pass, by the client's own clock. A refusal says that the
// bucket was empty, somewhere between the begin and the end of its round; from one to the next all
// that the rate brings must have passed. Unless the client was held up for so long that the bucket
// may have been full meanwhile: what it brought then, nobody can say.
double least_passed(const std::vector<Round>& rounds) {
  double least = 0;
  const Round* empty = nullptr;
  Clock::time_point since;
  for (const Round& round : rounds) {
    if (round.tally.refused == 0) continue;
    if (empty != nullptr && seconds_between(empty->begin, round.end) * kRate < kBurst) {
      least += seconds_between(since, round.begin) * kRate;
      since = round.begin;
    } else {
      if (empty == nullptr) least = kBurst;
      since = round.end;
    }
    empty = &round;
  }
  return least;
}

// A quarter of its rate, until somebody says that it is over.
Tally stay_within(const SluiceProcess& sluice, const std::atomic<bool>& over) {
  RawClient client = sluice.connect(0, {.source = "127.0.0.3"});
  Tally tally;
  while (!over) {
    const Clock::time_point begin = Clock::now();
    client.send(kGet);
    tally.add(read_response(client).status);
    const auto took = Clock::now() - begin;
    tally.milliseconds.push_back(std::chrono::duration<double, std::milli>(took).count());
    pause_until(client, begin + std::chrono::milliseconds(20));
  }
  return tally;
}

// The neighbour, for as long as the other thing takes.
template <typename Meanwhile>
Tally neighbour_during(const SluiceProcess& sluice, const Meanwhile& meanwhile) {
  std::atomic<bool> over = false;
  Tally tally;
  std::thread neighbour([&] { tally = stay_within(sluice, over); });
  meanwhile();
  over = true;
  neighbour.join();
  return tally;
}

}  // namespace

TEST_CASE("flood: a client gets its rate and its burst and no more, and its neighbour all of his",
          "[wire][guard][long]") {
  // Long enough that a request more or less is below one percent.
  const std::chrono::seconds time(is_long() ? 10 : 2);
  for (const int workers : {1, 2, 4}) {
    CAPTURE(workers);
    SluiceProcess sluice(flood_config(workers));
    std::vector<Round> rounds;
    const Tally neighbour = neighbour_during(sluice, [&] { rounds = flood(sluice, time); });
    const double most =
        kBurst + kRate * seconds_between(rounds.front().begin, rounds.back().end) + 1;
    const int passed = passed_of(rounds);
    CAPTURE(rounds.size(), passed, most);
    CHECK(passed <= most);
    CHECK(passed >= least_passed(rounds) * 0.99 - 2);
    if (is_long()) CHECK(passed < static_cast<int>(rounds.size()) * kConnections);
    CHECK(neighbour.refused == 0);
    CHECK(neighbour.passed > 0);
  }
}

// Of a shared machine the best of several rounds says most, each with and without the flood.
TEST_CASE("flood: the neighbour's answers come as fast as without", "[wire][guard][long]") {
  const std::chrono::milliseconds round_time(is_long() ? 5000 : 500);
  for (const int workers : {1, 2}) {
    SluiceProcess sluice(flood_config(workers));
    double alone = 1e9;
    double flooded = 1e9;
    for (int round = 0; round < 3; ++round) {
      alone = std::min(alone, neighbour_during(sluice, [&] {
                                RawClient idle = sluice.connect();
                                pause_until(idle, Clock::now() + round_time);
                              }).p99());
      flooded =
          std::min(flooded, neighbour_during(sluice, [&] { flood(sluice, round_time); }).p99());
    }
    if (is_long())
      WARN(workers << " workers: p99 " << flooded << " ms beside a flood, " << alone
                   << " ms alone");
    if (is_long()) CHECK(flooded <= 2 * alone);
    CHECK(flooded < 1e9);
  }
}
