// SPDX-License-Identifier: MIT
// 100,000 requests over 64 connections while the configuration is reloaded five times a second and
// one of two backends is killed and restarted: nothing is lost but what the rules say must be.
#include <catch2/catch.hpp>

#include <signal.h>

#include <chrono>
#include <string>

#include "tests/support/environment.h"
#include "tests/support/load_client.h"
#include "tests/support/metrics.h"
#include "tests/support/process_stats.h"
#include "tests/support/scripted_backend.h"
#include "tests/support/sluice_process.h"
#include "tests/support/temp_dir.h"
#include "tests/wire/configs.h"

using sluice::support::LoadOptions;
using sluice::support::LoadResult;
using sluice::support::ScriptedBackend;
using sluice::support::SluiceProcess;
using sluice::support::status_kib;

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kSoakRequests = 100'000;
constexpr std::chrono::milliseconds kReloadEvery{200};
constexpr std::size_t kSoakGrowthMaxKib = 1024;

std::size_t count(const std::string& text, const std::string& word) {
  std::size_t found = 0;
  for (std::size_t at = text.find(word); at != std::string::npos; at = text.find(word, at + 1)) {
    ++found;
  }
  return found;
}

ScriptedBackend::Script quick() {
  return [](sluice::support::BackendConnection& connection) {
    const std::string answer = sluice::support::response_text(200, std::string(200, 'x'));
    while (connection.recv_head()) connection.send(answer);
  };
}

// What happens to the proxy and its backends while the load runs.
class Turmoil {
 public:
  Turmoil(SluiceProcess& sluice, ScriptedBackend& victim) : sluice_(sluice), victim_(victim) {}

  void step(std::size_t answered) {
    const Clock::time_point now = Clock::now();
    if (now >= next_reload_) {
      next_reload_ = now + kReloadEvery;
      sluice_.process().signal(SIGHUP);
      ++reloads;
    }
    // By then what is kept has been made, however slow the machine is.
    if (resident_at_half_kib == 0 && answered >= kSoakRequests / 2) {
      resident_at_half_kib = status_kib(sluice_.process().pid(), "VmRSS");
    }
    // Killed and restarted at each quarter of the way.
    const std::size_t phase = answered / (kSoakRequests / 8);
    if (phase == phase_) return;
    phase_ = phase;
    if (phase % 2 == 1) {
      victim_.stop();
      ++kills;
    } else {
      victim_.start();
    }
  }

  int reloads = 0;
  int kills = 0;
  std::size_t resident_at_half_kib = 0;

 private:
  SluiceProcess& sluice_;
  ScriptedBackend& victim_;
  Clock::time_point next_reload_ = Clock::now();
  std::size_t phase_ = 0;
};

}  // namespace

TEST_CASE("soak: reloads and a dying backend lose no request that could be saved", "[wire][soak]") {
  ScriptedBackend steady(quick()), victim(quick());
  std::string config = sluice::wire::forwarding_to({steady.address(), victim.address()}, {},
                                                   R"("fail_timeout": "1s")");
  config.replace(config.find("\"workers\": 1"), 12, "\"workers\": 2");
  // A file, which takes as many lines as come.
  const sluice::support::TempDir directory;
  const std::string log_path = directory.file("access.log");
  const std::string format = R"("access_log": {)";
  config.insert(config.find(format) + format.size(), R"("path": ")" + log_path + R"(", )");
  SluiceProcess sluice(config);
  Turmoil turmoil(sluice, victim);
  LoadOptions options;
  options.port = sluice.port();
  options.requests = kSoakRequests;
  options.meanwhile = [&turmoil](std::size_t answered) { turmoil.step(answered); };
  LoadResult result = sluice::support::run_load(options);
  const std::size_t resident_at_end_kib = status_kib(sluice.process().pid(), "VmRSS");
  CHECK(sluice::support::metrics_add_up(sluice) == "");
  // Its writer is a thread that a busy machine may leave waiting.
  const auto unwritten = static_cast<std::size_t>(
      sluice::support::scrape(sluice).value("sluice_access_log_dropped_lines_total"));
  CHECK(sluice.terminate().code == 0);

  const std::string log = sluice::support::read_file(log_path);
  const std::size_t lost = result.broken + result.by_status[502];
  INFO("reloads " << turmoil.reloads << ", kills " << turmoil.kills
                  << ", 502: " << result.by_status[502] << ", broken " << result.broken);
  CHECK(turmoil.kills == 4);
  CHECK(turmoil.reloads > 5);
  CHECK(result.malformed == 0);
  CHECK(result.by_status[200] + lost == kSoakRequests);
  // In flight on the killed backend, on a connection that was new, or with half an answer passed
  // on.
  const std::size_t told =
      count(log, "\"end\":\"backend_closed_early\"") + count(log, "\"end\":\"backend_truncated\"");
  CHECK(told <= lost);
  CHECK(lost <= told + unwritten);
  CHECK(lost <= static_cast<std::size_t>(turmoil.kills) * 64);
  const std::size_t lines = count(log, "\n") - count(log, R"("route":"admin")");
  CHECK(lines + unwritten == kSoakRequests);
  CHECK(unwritten < kSoakRequests / 10);
  INFO("resident: " << turmoil.resident_at_half_kib << " KiB, then " << resident_at_end_kib);
  if (!sluice::support::kSanitized) {
    CHECK(resident_at_end_kib < turmoil.resident_at_half_kib + kSoakGrowthMaxKib);
  }
}
