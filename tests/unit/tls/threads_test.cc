// SPDX-License-Identifier: MIT
// One context and one key ring under several threads, as workers use them.
#include <array>
#include <atomic>
#include <catch2/catch.hpp>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/temp_dir.h"
#include "tests/unit/tls/pair.h"

namespace sluice::tls {
namespace {

using support::make_certificate;
using support::SslSessionPtr;
using support::TempDir;
using test::make_context;
using test::make_tickets;
using test::Pair;

struct Counts {
  int connected = 0;
  int resumed = 0;
};

// Handshakes one after the other, each with the ticket of the one before.
Counts shake_hands(const std::shared_ptr<const ServerContext>& context, const std::string& name,
                   int times) {
  Counts counts;
  SslSessionPtr session;
  for (int i = 0; i < times; ++i) {
    Pair pair(context, {.server_name = name,
                        .min_version = TLS1_3_VERSION,
                        .alpn = "\x08http/1.1",
                        .resume = session.get()});
    if (!pair.connect() || pair.read_ticket() != "!") continue;
    ++counts.connected;
    if (pair.server.resumed()) ++counts.resumed;
    session = pair.client.take_session();
  }
  return counts;
}

TEST_CASE("tls threads: workers share a context while keys rotate", "[tls][threads]") {
  constexpr int kTimes = 40;
  const TempDir dir;
  const auto tickets = make_tickets();
  const auto context = make_context({make_certificate(dir.path(), "a", {"a.example"}),
                                     make_certificate(dir.path(), "b", {"b.example"})},
                                    *tickets);
  std::array<Counts, 4> counts;
  std::atomic<bool> done{false};
  std::vector<std::thread> workers;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    workers.emplace_back([&context, &counts, i] {
      counts[i] = shake_hands(context, i % 2 == 0 ? "a.example" : "b.example", kTimes);
    });
  }
  // Faster than any real clock, yet no key is forgotten: each hour counts from the last.
  std::thread rotator([&tickets, &done] {
    for (int hour = 1; hour <= 12 && !done; ++hour) {
      tickets->rotate(TicketKeys::Clock::time_point(std::chrono::hours(hour)));
      std::this_thread::yield();
    }
  });
  for (std::thread& worker : workers) worker.join();
  done = true;
  rotator.join();
  for (const Counts& count : counts) {
    CHECK(count.connected == kTimes);
    CHECK(count.resumed == kTimes - 1);
  }
}

}  // namespace
}  // namespace sluice::tls
