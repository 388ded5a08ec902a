// SPDX-License-Identifier: MIT
// The store within its size.
#include <catch2/catch.hpp>

#include <string>
#include <string_view>
#include <vector>

#include "tests/support/environment.h"
#include "tests/support/metrics.h"
#include "tests/support/process_stats.h"
#include "tests/support/scripted_backend.h"
#include "tests/support/skip.h"
#include "tests/support/sluice_process.h"
#include "tests/wire/cache_rig.h"

using sluice::support::BackendConnection;
using sluice::support::RawClient;
using sluice::support::Response;
using sluice::support::response_text;
using sluice::support::ScriptedBackend;
using sluice::support::SluiceProcess;
using sluice::support::status_kib;
using sluice::wire::as_chunk;
using sluice::wire::caching;
using sluice::wire::chunked_head;
using sluice::wire::wait_for_in_flight;

namespace {

constexpr std::size_t kObjectBytes = 16 * 1024;

Response fetch(RawClient& client, const std::string& target) {
  client.send("GET " + target + " HTTP/1.1\r\nHost: a.example\r\n\r\n");
  return read_response(client);
}

bool is_hit(const Response& response) {
  return response.field("Cache-Status").starts_with("sluice; hit");
}

}  // namespace

TEST_CASE("cache: of 20 MiB in a store of 1 MiB the hot object stays, and memory is bounded",
          "[wire][cache]") {
  ScriptedBackend backend(ScriptedBackend::answer(200, std::string(kObjectBytes, 'x'),
                                                  {{"Cache-Control", "max-age=1000"}}));
  SluiceProcess sluice(caching(backend, {}, R"("cache": {"size": "1MiB"})"));
  RawClient client = sluice.connect();
  fetch(client, "/hot");
  CHECK(is_hit(fetch(client, "/hot")));
  constexpr int kObjects = 1280;
  constexpr int kWarm = 128;
  std::size_t resident_before = 0;
  for (int i = 0; i < kObjects; ++i) {
    if (i == kWarm) resident_before = status_kib(sluice.process_id(), "VmRSS");
    const Response response = fetch(client, "/" + std::to_string(i));
    CHECK(response.body.size() == kObjectBytes);
    if (i % 8 == 0) CHECK(is_hit(fetch(client, "/hot")));
  }
  // 18 MiB have come since. What the allocator keeps, and a sanitizer's quarantine, is not ours.
  const std::size_t resident = status_kib(sluice.process_id(), "VmRSS");
  constexpr std::size_t kGrowthMaxKib = 8 * 1024;
  if (!sluice::support::kSanitized) CHECK(resident < resident_before + kGrowthMaxKib);
  // What was evicted is fetched again.
  const int asked = backend.request_count();
  CHECK_FALSE(is_hit(fetch(client, "/0")));
  CHECK(backend.request_count() == asked + 1);
  CHECK(is_hit(fetch(client, "/0")));
}

// Each held as much as max_object, in memory that stayed with the process for good.
TEST_CASE("cache: of clients that do not read, what they hold is bounded, and given back",
          "[wire][cache][regression]") {
  if (sluice::support::kSanitized) sluice::support::skip("a sanitizer's memory is its own");
  constexpr int kClients = 60;
  constexpr std::size_t kLargeBytes = std::size_t{4} << 20;  // more than the system buffers
  const bool announced = GENERATE(true, false);
  ScriptedBackend backend([announced](BackendConnection& connection) {
    const std::string body(kLargeBytes, 'x');
    while (connection.recv_request()) {
      const std::string sent = announced
                                   ? response_text(200, body, {{"Cache-Control", "max-age=1000"}})
                                   : chunked_head("") + as_chunk(body) + "0\r\n\r\n";
      if (!connection.try_send(sent)) return;
    }
  });
  SluiceProcess sluice(caching(backend, {}, R"("cache": {"size": "64MiB"})"));
  const std::size_t at_rest_kib = status_kib(sluice.process_id(), "VmRSS");
  const auto target = [](int i) { return "/" + std::to_string(i); };
  {
    std::vector<RawClient> clients;
    for (int i = 0; i < kClients; ++i) {
      clients.push_back(sluice.connect(0, {.receive_buffer = 4096}));
      clients.back().send("GET " + target(i) + " HTTP/1.1\r\nHost: a.example\r\n\r\n");
      CHECK(read_response_head(clients.back()).status == 200);
    }
    wait_for_in_flight(sluice, kClients);
    // 64 MiB stored, as much under way, and what is read ahead for each of the others.
    CHECK(status_kib(sluice.process_id(), "VmHWM") < at_rest_kib + 184 * 1024);
    RawClient other = sluice.connect();
    for (int i = 0; i < 2; ++i) {
      const Response passed = fetch(other, "/meanwhile");
      CHECK(passed.body.size() == kLargeBytes);
      CHECK_FALSE(is_hit(passed));
    }
  }
  wait_for_in_flight(sluice, 0);
  CHECK(status_kib(sluice.process_id(), "VmRSS") < at_rest_kib + 120 * 1024);
  // There is room again.
  RawClient client = sluice.connect();
  CHECK(fetch(client, "/next").body.size() == kLargeBytes);
  CHECK(is_hit(fetch(client, "/next")));
  // And that there was none has left no mark to speak of.
  const sluice::support::Deadline deadline;
  while (!is_hit(fetch(client, "/meanwhile"))) REQUIRE_FALSE(deadline.expired());
}
