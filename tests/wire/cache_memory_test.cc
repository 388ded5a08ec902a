// SPDX-License-Identifier: MIT
// The store within its size.
#include <catch2/catch.hpp>

#include <string>
#include <string_view>

#include "tests/support/environment.h"
#include "tests/support/process_stats.h"
#include "tests/support/scripted_backend.h"
#include "tests/support/sluice_process.h"
#include "tests/wire/cache_rig.h"

using sluice::support::BackendConnection;
using sluice::support::RawClient;
using sluice::support::Response;
using sluice::support::ScriptedBackend;
using sluice::support::SluiceProcess;
using sluice::support::status_kib;
using sluice::wire::caching;

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
