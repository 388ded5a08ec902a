// SPDX-License-Identifier: MIT
// Who gets the requests, across workers: counted by the backends themselves.
#include <catch2/catch.hpp>

#include <array>
#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "tests/support/load_client.h"
#include "tests/support/scripted_backend.h"
#include "tests/support/sluice_process.h"

using sluice::support::BackendConnection;
using sluice::support::LoadResult;
using sluice::support::run_load;
using sluice::support::ScriptedBackend;
using sluice::support::SluiceProcess;

namespace {

constexpr std::size_t kRequests = 30'000;

using Counts = std::array<std::atomic<std::size_t>, 3>;

ScriptedBackend::Script counting(std::atomic<std::size_t>& count) {
  return [&count](BackendConnection& connection) {
    while (connection.recv_head()) {
      ++count;
      connection.respond(200, "ok");
    }
  };
}

std::string balancing(const std::string& policy, const std::array<std::string, 3>& backends) {
  return R"({"workers": 2, "listeners": [{"address": "127.0.0.1:0"}],
             "access_log": {"format": "off"},
             "pools": {"p": {"policy": ")" +
         policy + R"(", "backends": [)" + backends[0] + "," + backends[1] + "," + backends[2] +
         R"(]}}, "routes": [{"match": {}, "forward": {"pool": "p"}}]})";
}

std::string weighted(const ScriptedBackend& backend, int weight) {
  return R"({"address": ")" + backend.address() + R"(", "weight": )" + std::to_string(weight) + "}";
}

LoadResult load(const SluiceProcess& sluice) {
  sluice::support::LoadOptions options;
  options.port = sluice.port();
  options.connections = 24;
  options.requests = kRequests;
  return run_load(options);
}

}  // namespace

TEST_CASE("balance: round robin is even to one request over two workers", "[wire][balance]") {
  const std::array<int, 3> weights = GENERATE(std::array{1, 1, 1}, std::array{5, 3, 2});
  Counts counts{};
  ScriptedBackend a(counting(counts[0])), b(counting(counts[1])), c(counting(counts[2]));
  SluiceProcess sluice(balancing(
      "round_robin", {weighted(a, weights[0]), weighted(b, weights[1]), weighted(c, weights[2])}));
  LoadResult result = load(sluice);
  CHECK(result.by_status[200] == kRequests);
  const int sum = weights[0] + weights[1] + weights[2];
  for (std::size_t i = 0; i < 3; ++i) {
    const double share = static_cast<double>(kRequests) * weights[i] / sum;
    INFO("backend " << i);
    CHECK(std::abs(static_cast<double>(counts[i]) - share) <= 1.0);
  }
}

TEST_CASE("balance: least connections spares a slow backend", "[wire][balance]") {
  // The slow one answers a request only after the others have answered so many.
  constexpr std::size_t kSlowness = 40;
  Counts counts{};
  std::mutex mutex;
  std::condition_variable advanced;
  auto fast = [&](std::atomic<std::size_t>& count) {
    return [&](BackendConnection& connection) {
      while (connection.recv_head()) {
        ++count;
        connection.respond(200, "ok");
        std::lock_guard lock(mutex);
        advanced.notify_all();
      }
    };
  };
  auto slow = [&](BackendConnection& connection) {
    while (connection.recv_head()) {
      const std::size_t begin = counts[1] + counts[2];
      ++counts[0];
      std::unique_lock lock(mutex);
      advanced.wait(lock, [&] {
        const std::size_t done = counts[0] + counts[1] + counts[2];
        return counts[1] + counts[2] >= begin + kSlowness || done + 2 * 24 >= kRequests;
      });
      lock.unlock();
      connection.respond(200, "ok");
    }
  };
  ScriptedBackend a(slow), b(fast(counts[1])), c(fast(counts[2]));
  SluiceProcess sluice(
      balancing("least_connections", {weighted(a, 1), weighted(b, 1), weighted(c, 1)}));
  LoadResult result = load(sluice);
  CHECK(result.by_status[200] == kRequests);
  const std::size_t quick = std::min<std::size_t>(counts[1], counts[2]);
  // Which of the two is the quicker, and so gets more, is the machine's to say; that equals share
  // evenly is shown where nothing runs beside (pool_test.cc).
  INFO("slow " << counts[0] << ", quick " << counts[1] << " and " << counts[2]);
  CHECK(counts[0] > 0);
  CHECK(counts[0] * 2 < quick);
}
