// SPDX-License-Identifier: MIT
// Responses whose length nobody announced and that become too large to be kept.
#include <catch2/catch.hpp>

#include <cstdint>
#include <string>
#include <vector>

#include "tests/support/environment.h"
#include "tests/support/metrics.h"
#include "tests/support/process_stats.h"
#include "tests/support/skip.h"
#include "tests/wire/cache/little.h"
#include "tests/wire/cache_rig.h"
#include "tests/wire/endings.h"

using sluice::support::BackendConnection;
using sluice::support::RawClient;
using sluice::support::Response;
using sluice::support::ScriptedBackend;
using sluice::support::SluiceProcess;
using sluice::wire::as_chunk;
using sluice::wire::caching;
using sluice::wire::chunked_head;
using sluice::wire::Gate;
using sluice::wire::get;
using sluice::wire::kLittle;
using sluice::wire::wait_for_in_flight;

namespace {

constexpr std::string_view kHead =
    "HTTP/1.1 200 OK\r\nCache-Control: max-age=1000\r\nTransfer-Encoding: chunked\r\n\r\n";
constexpr std::size_t kChunk = 4096;

// `chunks` of them, then the end, or what stands for it.
ScriptedBackend::Script chunked(int chunks, std::string end = "0\r\n\r\n") {
  return [chunks, end](BackendConnection& connection) {
    const std::string chunk = "1000\r\n" + std::string(kChunk, 'x') + "\r\n";
    while (connection.recv_request()) {
      if (!connection.try_send(std::string(kHead))) return;
      for (int i = 0; i < chunks; ++i) {
        if (!connection.try_send(chunk)) return;
      }
      if (!connection.try_send(end) || end.empty()) return;
    }
  };
}

}  // namespace

TEST_CASE("cache: what turns out to be too large is given as a whole, and not kept",
          "[wire][cache]") {
  for (const int chunks : {2, 3, 30, 3000}) {
    CAPTURE(chunks);
    ScriptedBackend backend(chunked(chunks));
    SluiceProcess sluice(caching(backend, kLittle));
    for (int i = 1; i <= 3; ++i) {
      CHECK(get(sluice, "/a").body == std::string(kChunk * static_cast<std::size_t>(chunks), 'x'));
      CHECK(backend.request_count() == i);
    }
    CHECK(backend.failures().empty());
  }
}

// Each fetch took the mark of the last one away, and who came meanwhile began with what was to be
// cut: without a validator he had no way to go on.
TEST_CASE("cache: what is known to be too large is fetched by each for himself",
          "[wire][cache][regression]") {
  constexpr int kClients = 5;
  Gate rest;
  ScriptedBackend backend([&rest](BackendConnection& connection) {
    while (connection.recv_request()) {
      connection.send(std::string(kHead) + as_chunk("the first "));
      rest.wait();
      connection.send(as_chunk(std::string(kChunk * 2, 'x')) + "0\r\n\r\n");
    }
  });
  SluiceProcess sluice(caching(backend, kLittle));
  rest.open();
  CHECK(get(sluice, "/a").body.size() == 10 + kChunk * 2);
  rest.shut();
  std::vector<RawClient> clients;
  for (int i = 0; i < kClients; ++i) {
    clients.push_back(sluice.connect());
    clients.back().send("GET /a HTTP/1.1\r\nHost: a.example\r\n\r\n");
    backend.wait_for_requests(2 + i);
  }
  rest.open();
  for (RawClient& client : clients) CHECK(read_response(client).body.size() == 10 + kChunk * 2);
  CHECK(backend.request_count() == 1 + kClients);
}

TEST_CASE("cache: what has become small again is kept, though it was marked as too large",
          "[wire][cache]") {
  ScriptedBackend backend([](BackendConnection& connection) {
    while (connection.recv_request()) {
      const std::size_t size = connection.number() == 0 ? kChunk * 2 : 100;
      connection.send(std::string(kHead) + as_chunk(std::string(size, 'x')) + "0\r\n\r\n");
      if (connection.number() == 0) return;
    }
  });
  SluiceProcess sluice(caching(backend, kLittle));
  CHECK(get(sluice, "/a").body.size() == kChunk * 2);
  for (int i = 0; i < 3; ++i) CHECK(get(sluice, "/a").body.size() == 100);
  CHECK(backend.request_count() == 2);
}

TEST_CASE("cache: what is too large and cut at the origin is cut for the client", "[wire][cache]") {
  for (const int chunks : {2, 30, 3000}) {
    CAPTURE(chunks);
    ScriptedBackend backend(chunked(chunks, ""));
    SluiceProcess sluice(caching(backend, kLittle));
    CHECK_THROWS_AS(get(sluice, "/a"), sluice::support::Failure);
    sluice.wait_for_access_log("backend_truncated");
  }
}

TEST_CASE("cache: what is too large waits for its reader, not in memory", "[wire][cache]") {
  if (sluice::support::kSanitized) sluice::support::skip("a sanitizer's memory is its own");
  constexpr int kMany = 15'000;  // 60 MiB
  ScriptedBackend backend(chunked(kMany));
  SluiceProcess sluice(caching(backend, kLittle));
  RawClient client = sluice.connect();
  client.send("GET /a HTTP/1.1\r\nHost: a.example\r\n\r\n");
  backend.wait_for_requests(1);
  const Response whole = read_response(client);
  CHECK(whole.body.size() == kChunk * kMany);
  CHECK(sluice::support::status_kib(sluice.process_id(), "VmHWM") < 40 * 1024);
}

TEST_CASE("cache: who leaves what is too large ends its fetch", "[wire][cache]") {
  ScriptedBackend backend(chunked(1'000'000));
  SluiceProcess sluice(caching(backend, kLittle));
  {
    RawClient client = sluice.connect();
    client.send("GET /a HTTP/1.1\r\nHost: a.example\r\n\r\n");
    CHECK(read_response_head(client).status == 200);
  }
  backend.wait_for_idle();
}

TEST_CASE("cache: what becomes too large when nobody reads it any more ends quietly",
          "[wire][cache]") {
  Gate rest;
  ScriptedBackend backend([&rest](BackendConnection& connection) {
    connection.recv_request();
    connection.send(chunked_head("") + as_chunk(std::string(1000, 'x')));
    rest.wait();
    connection.try_send(as_chunk(std::string(kChunk, 'x')));
    connection.recv_to_close();
  });
  SluiceProcess sluice(caching(backend, kLittle));
  for (int i = 1; i <= 3; ++i) {
    rest.shut();
    RawClient client = sluice.connect();
    client.send("GET /a HTTP/1.1\r\nHost: a.example\r\n\r\n");
    CHECK(read_response_head(client).status == 200);
    client.reset();
    wait_for_in_flight(sluice, 0);
    rest.open();
    CHECK_NOTHROW(backend.wait_for_idle());
    CHECK(backend.request_count() == i);
  }
  CHECK(sluice.terminate().code == 0);
}

TEST_CASE("cache: what is too large is not kept in memory as what it is compressed to",
          "[wire][cache][compress]") {
  if (sluice::support::kSanitized) sluice::support::skip("a sanitizer's memory is its own");
  constexpr int kMany = 60;
  std::string noise(std::size_t{1} << 20, '\0');  // longer than what gzip looks back
  std::uint64_t state = 88172645463325252U;
  for (char& c : noise) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    c = static_cast<char>(state >> 32);
  }
  ScriptedBackend backend([&noise](BackendConnection& connection) {
    connection.recv_request();
    connection.send(chunked_head("Content-Type: text/html\r\n"));
    for (int i = 0; i < kMany; ++i) {
      if (!connection.try_send(as_chunk(noise))) return;
    }
    connection.send("0\r\n\r\n");
  });
  std::string config = caching(backend, kLittle);
  config.insert(config.find("\"cache\""), "\"compress\": {}, ");
  SluiceProcess sluice(config);
  CHECK(get(sluice, "/a", "Accept-Encoding: gzip\r\n").body.size() > noise.size() * kMany * 9 / 10);
  CHECK(sluice::support::status_kib(sluice.process_id(), "VmHWM") < 40 * 1024);
}
