// SPDX-License-Identifier: MIT
// Attackers of slowhttptest, whose heads and bodies never end and who read a few bytes a second:
// they hold no backend and little memory, are gone in time, each with its word in the log, and
// nobody else notices. Three hundred of them with short timeouts; with SLUICE_LONG set, as
// `make test-long` does, two thousand with the default configuration.
#include <catch2/catch.hpp>

#include <signal.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "tests/support/access_log_lines.h"
#include "tests/support/environment.h"
#include "tests/support/http_reader.h"
#include "tests/support/process.h"
#include "tests/support/process_stats.h"
#include "tests/support/scripted_backend.h"
#include "tests/support/skip.h"
#include "tests/support/sluice_process.h"
#include "tests/support/temp_dir.h"
#include "tests/wire/guard/common.h"

using namespace std::chrono_literals;
using sluice::support::Deadline;
using sluice::support::descriptor_count;
using sluice::support::LogEntry;
using sluice::support::Process;
using sluice::support::RawClient;
using sluice::support::read_response;
using sluice::support::ScriptedBackend;
using sluice::support::SluiceProcess;
using sluice::support::status_kib;
using sluice::support::Stream;
using sluice::wire::is_long;

namespace {

// One way to be slow.
struct Attack {
  const char* name;
  std::vector<std::string> options;
  std::string target;
  std::string word;
  std::chrono::seconds deadline;  // from the connection on, with the default configuration
};

const std::vector<Attack> kAttacks = {
    {"slow heads", {"-H", "-i", "1", "-x", "10"}, "/", "request_head_timeout", 10s},
    // Each dozen bytes is worth 50 ms of the time.
    {"slow bodies", {"-B", "-i", "1", "-x", "10"}, "/", "request_body_timeout", 12s},
    // Of a file that is larger than what the buffers of a system's own loopback take of each. (With
    // windows below a KiB the kernel cuts it into pieces so small that each costs 50 ms.)
    {"slow readers",
     {"-X", "-n", "1", "-z", "5", "-w", "1024", "-y", "2048"},
     "/files/big",
     "send_timeout",
     30s},
};
constexpr std::chrono::seconds kShortDeadline = 1s;  // of all three, otherwise

// More than those buffers hold, and nothing on the disk.
void write_big_file(const std::string& path) {
  constexpr std::uintmax_t kBytes = 32 * 1024 * 1024;
  std::ofstream(path).close();
  std::filesystem::resize_file(path, kBytes);
}

std::string attacked_config(const ScriptedBackend& backend, const std::string& files) {
  std::string text = R"({"workers": 1, "listeners": [{"address": "127.0.0.1:0"}],
    "access_log": {"format": "json"}, "pools": {"p": {"backends": [")" +
                     backend.address() + R"("]}}, "routes": [{"forward": {"pool": "p"}},
    {"match": {"path": "/files/*"}, "strip_prefix": "/files", "files": {"root": ")" +
                     files + R"("}}])";
  if (!is_long()) {
    text += R"(, "timeouts": {"request_head": "1s", "request_body": "1s", "send": "1s"})";
  }
  return text + "}";
}

std::size_t count_ends(const SluiceProcess& sluice, std::string_view word) {
  const std::vector<LogEntry> entries = sluice::support::log_entries(sluice);
  const auto is_it = [word](const LogEntry& entry) { return entry.end == word; };
  return static_cast<std::size_t>(std::count_if(entries.begin(), entries.end(), is_it));
}

// What was seen while the program ran, by honest clients: one that keeps its connection, and new
// ones.
struct Seen {
  int served = 0;
  std::chrono::milliseconds slowest{0};  // of two requests, one of each
  std::size_t descriptors = 0;           // of the proxy, at most
  std::size_t ended = 0;                 // attackers, by the log
};

bool is_served(RawClient& client) {
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  return read_response(client).body == "ok";
}

// Until all attackers have ended, or should have.
Seen serve_during(const Attack& attack, std::size_t attackers, SluiceProcess& sluice,
                  const Deadline& deadline) {
  using Clock = std::chrono::steady_clock;
  Seen seen;
  RawClient kept = sluice.connect();
  while (seen.ended < attackers && !deadline.expired()) {
    const Clock::time_point begin = Clock::now();
    RawClient fresh = sluice.connect();
    if (!is_served(kept) || !is_served(fresh)) return {};
    seen.served += 2;
    const auto took = std::chrono::ceil<std::chrono::milliseconds>(Clock::now() - begin);
    seen.slowest = std::max(seen.slowest, took);
    seen.descriptors = std::max(seen.descriptors, descriptor_count(sluice.process_id()));
    try {
      kept.peek(1, std::chrono::milliseconds(50));  // a pause: nothing is to come
    } catch (const sluice::support::Failure&) {
    }
    if (seen.served % 8 == 0) seen.ended = count_ends(sluice, attack.word);
  }
  return seen;
}

void run(const std::string& program, const Attack& attack) {
  const std::size_t attackers = is_long() ? 2000 : 300;
  const std::string rate = is_long() ? "500" : "300";
  const std::chrono::seconds in_time = (is_long() ? 4s + attack.deadline : 1s + kShortDeadline);
  sluice::support::TempDir files;
  write_big_file(files.file("big"));
  ScriptedBackend backend(ScriptedBackend::answer(200, "ok"));
  SluiceProcess sluice(attacked_config(backend, files.path().string()));
  RawClient first = sluice.connect();
  REQUIRE(is_served(first));
  const std::size_t before_kib = status_kib(sluice.process_id(), "VmRSS");
  const std::size_t at_rest = descriptor_count(sluice.process_id());

  std::vector<std::string> arguments = {
      program,
      "-c",
      std::to_string(attackers),
      "-r",
      rate,
      "-l",
      "90",
      "-p",
      "3",
      "-u",
      "http://127.0.0.1:" + std::to_string(sluice.port()) + attack.target};
  arguments.insert(arguments.end(), attack.options.begin(), attack.options.end());
  Process process(arguments);
  const Seen seen = serve_during(attack, attackers, sluice, Deadline(in_time + 10s));
  const std::size_t grown_kib = status_kib(sluice.process_id(), "VmHWM") - before_kib;
  std::printf("attackers: %zu %s, %zu ended; %d requests served, two in %lld ms at most; %zu KiB\n",
              attackers, attack.name, seen.ended, seen.served,
              static_cast<long long>(seen.slowest.count()), grown_kib);
  INFO(attack.name << "\n" << process.output(Stream::Out));
  CHECK(seen.ended == attackers);
  CHECK(seen.served > 20);
  CHECK(seen.descriptors > at_rest + attackers / 2);  // or it was no attack
  if (!sluice::support::kSanitized) CHECK(grown_kib < attackers * 16);
  // Those of the honest clients, and of the probes that ask whether the service is there.
  CHECK(backend.connections() < 10);
  // Readers find out only when they have read what their own system holds; they are gone here.
  const Deadline soon;
  while (descriptor_count(sluice.process_id()) > at_rest + 10 && !soon.expired()) {
  }
  CHECK(descriptor_count(sluice.process_id()) <= at_rest + 10);
  process.signal(SIGINT);
  process.wait();
}

}  // namespace

TEST_CASE("attackers: slow heads, bodies and readers hold no backend and are gone in time",
          "[wire][long]") {
  const auto program = sluice::support::find_program("slowhttptest");
  if (!program) sluice::support::skip("no slowhttptest");
  for (const Attack& attack : kAttacks) run(*program, attack);
}
