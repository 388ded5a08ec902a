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

using sluice::support::RawClient;
using sluice::support::read_response;
using sluice::support::SluiceProcess;

namespace {

using Clock = std::chrono::steady_clock;

constexpr int kRate = 200;  // a second
constexpr int kBurst = 50;
constexpr std::string_view kGet = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

std::string config(int workers) {
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

bool is_long() {
  return std::getenv("SLUICE_LONG") != nullptr;
}

// Nothing is to come, so this is a pause.
void pause_until(RawClient& client, Clock::time_point end) {
  if (Clock::now() >= end) return;
  try {
    client.peek(1, std::chrono::ceil<std::chrono::milliseconds>(end - Clock::now()));
  } catch (const sluice::support::Failure&) {
  }
}

// At ten times the rate, over many connections, so that every worker has some.
Tally flood(const SluiceProcess& sluice, std::chrono::milliseconds time) {
  constexpr int kConnections = 20;
  constexpr std::chrono::milliseconds kRound{1000 * kConnections / (10 * kRate)};
  std::vector<RawClient> clients;
  for (int i = 0; i < kConnections; ++i) {
    clients.push_back(sluice.connect(0, {.source = "127.0.0.2"}));
  }
  Tally tally;
  const Clock::time_point end = Clock::now() + time;
  for (Clock::time_point next = Clock::now(); next < end; next += kRound) {
    pause_until(clients.front(), next);
    for (RawClient& client : clients) client.send(kGet);
    for (RawClient& client : clients) tally.add(read_response(client).status);
  }
  return tally;
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
    SluiceProcess sluice(config(workers));
    Tally flooder;
    double seconds = 0;
    const Tally neighbour = neighbour_during(sluice, [&] {
      const Clock::time_point begin = Clock::now();
      flooder = flood(sluice, time);
      seconds = std::chrono::duration<double>(Clock::now() - begin).count();
    });
    const double granted = kRate * seconds + kBurst;
    CAPTURE(seconds, flooder.passed, flooder.refused, granted);
    CHECK(flooder.passed <= granted + 1);
    // Who is held up himself, on a busy machine, does not ask for all of it.
    if (is_long() || flooder.refused > 5 * flooder.passed) {
      CHECK(flooder.passed >= granted * 0.99 - 2);
    }
    CHECK(neighbour.refused == 0);
    CHECK(neighbour.passed > 0);
  }
}

// Of a shared machine the best of several rounds says most, each with and without the flood.
TEST_CASE("flood: the neighbour's answers come as fast as without", "[wire][guard][long]") {
  const std::chrono::milliseconds round_time(is_long() ? 5000 : 500);
  for (const int workers : {1, 2}) {
    SluiceProcess sluice(config(workers));
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
