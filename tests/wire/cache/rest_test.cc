// SPDX-License-Identifier: MIT
// Responses that become too large to be kept, for those who did not begin their fetch: they go on
// with another one of the same.
#include <catch2/catch.hpp>

#include <atomic>
#include <ctime>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/decode.h"
#include "tests/support/metrics.h"
#include "tests/support/process_stats.h"
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
using sluice::wire::check_at_rest;
using sluice::wire::chunked_head;
using sluice::wire::crowd;
using sluice::wire::Gate;
using sluice::wire::get;
using sluice::wire::http_date;
using sluice::wire::kLittle;
using sluice::wire::wait_for_in_flight;

namespace {

// No two stretches of it are alike.
std::string numbers(std::size_t size) {
  std::string text;
  for (std::size_t i = 0; text.size() < size; ++i) text += std::to_string(i) + ' ';
  text.resize(size);
  return text;
}

// The first request gets its head when `head` opens, with as much of the body as the cache keeps,
// and the rest when `rest` does. What the others get is their own affair.
class GrowingOrigin {
 public:
  GrowingOrigin(std::string fields, ScriptedBackend::Script others,
                std::string whole = numbers(20'000))
      : whole_(std::move(whole)),
        fields_(std::move(fields)),
        others_(std::move(others)),
        backend([this](BackendConnection& connection) { serve(connection); }) {}
  ~GrowingOrigin() {
    head.open();
    rest.open();
  }

  // The whole under these fields to each request.
  static ScriptedBackend::Script again(std::string fields, std::string whole = numbers(20'000)) {
    return [fields, whole](BackendConnection& connection) {
      connection.send(chunked_head(fields) + as_chunk(whole) + "0\r\n\r\n");
    };
  }

  const std::string& whole() const { return whole_; }
  std::string kept() const { return whole_.substr(0, kKept); }

 private:
  static constexpr std::size_t kKept = 3000;

  void serve(BackendConnection& connection) {
    while (connection.recv_request()) {
      if (asked_++ > 0) {
        others_(connection);
        continue;
      }
      head.wait();
      connection.send(chunked_head(fields_) + as_chunk(kept()));
      rest.wait();
      if (cut) return;
      if (!connection.try_send(as_chunk(whole_.substr(kKept)) + "0\r\n\r\n")) return;
    }
  }

  const std::string whole_;
  const std::string fields_;
  const ScriptedBackend::Script others_;
  std::atomic<int> asked_{0};

 public:
  Gate head;
  Gate rest;
  bool cut = false;
  ScriptedBackend backend;  // the last: its threads use the others
};

// So many clients of which the first begins the fetch and all have what the cache keeps of it.
std::vector<RawClient> readers(GrowingOrigin& origin, const SluiceProcess& sluice, int count,
                               std::string_view fields = {}) {
  std::vector<RawClient> clients = crowd(sluice, 1, fields);
  origin.backend.wait_for_requests(1);
  for (RawClient& client : crowd(sluice, count - 1, fields)) clients.push_back(std::move(client));
  wait_for_in_flight(sluice, count);
  origin.head.open();
  for (RawClient& client : clients) client.peek(origin.kept().size());
  return clients;
}

}  // namespace

TEST_CASE("cache: who joined the fetch of what is too large gets all of it too", "[wire][cache]") {
  constexpr int kClients = 60;
  GrowingOrigin origin("ETag: \"v\"\r\n", GrowingOrigin::again("ETag: \"v\"\r\n"));
  SluiceProcess sluice(caching(origin.backend, kLittle));
  const std::size_t descriptors = sluice::support::descriptor_count(sluice.process_id());
  {
    std::vector<RawClient> clients = readers(origin, sluice, kClients);
    origin.rest.open();
    for (RawClient& client : clients) CHECK((read_response(client).body == origin.whole()));
    CHECK(origin.backend.request_count() == kClients);
    for (const auto& request : origin.backend.requests()) CHECK_FALSE(request.has("Range"));
    CHECK((get(sluice, "/a").body == origin.whole()));
    CHECK(origin.backend.failures().empty());
  }
  origin.backend.stop();
  check_at_rest(sluice, descriptors);
}

TEST_CASE("cache: who began the fetch of what is too large leaves, and the others get all of it",
          "[wire][cache]") {
  GrowingOrigin origin("ETag: \"v\"\r\n", GrowingOrigin::again("ETag: \"v\"\r\n"));
  SluiceProcess sluice(caching(origin.backend, kLittle));
  std::vector<RawClient> clients = readers(origin, sluice, 5);
  clients[0].reset();
  wait_for_in_flight(sluice, 4);
  origin.rest.open();
  for (std::size_t i = 1; i < clients.size(); ++i) {
    CHECK((read_response(clients[i]).body == origin.whole()));
  }
  CHECK(origin.backend.request_count() == 5);
}

TEST_CASE("cache: what is too large goes on only with what is provably the same", "[wire][cache]") {
  const std::time_t now = std::time(nullptr);
  const std::string date = "Date: " + http_date(now) + "\r\n";
  const std::string long_ago = date + "Last-Modified: " + http_date(now - 60) + "\r\n";
  const std::string just_now = date + "Last-Modified: " + http_date(now - 59) + "\r\n";
  const std::string tag = "ETag: \"v\"\r\n";
  const std::string other_tag = "ETag: \"w\"\r\n";
  const std::string weak = "ETag: W/\"v\"\r\n";
  const std::string gzip = "Content-Encoding: gzip\r\n";
  struct Answers {
    std::string claim, first, other;
    bool goes_on;
    bool asks = true;
  };
  const Answers rows[] = {
      {"the same tag", tag, tag, true},
      {"the same tag, changed later", tag + just_now, tag + long_ago, true},
      {"the same coding", tag + gzip, tag + gzip, true},
      {"another tag", tag, other_tag, false},
      {"no tag any more", tag + long_ago, long_ago, false},
      {"two tags", tag, tag + other_tag, false},
      {"a weak tag", weak, weak, false, false},
      {"a weak tag and an old date", weak + long_ago, weak + long_ago, false, false},
      {"another coding", tag + gzip, tag, false},
      {"a coding", tag, tag + gzip, false},
      {"an old date", long_ago, long_ago, true},
      {"another date", long_ago, just_now, false},
      {"an old date, and a tag", long_ago, long_ago + tag, false},
      {"a young date", just_now, just_now, false, false},
      {"nothing", "", "", false, false},
  };
  for (const Answers& row : rows) {
    INFO(row.claim);
    GrowingOrigin origin(row.first, GrowingOrigin::again(row.other));
    SluiceProcess sluice(caching(origin.backend, kLittle));
    std::vector<RawClient> clients = readers(origin, sluice, 2);
    origin.rest.open();
    CHECK((read_response(clients[0]).body == origin.whole()));
    if (row.goes_on) {
      CHECK((read_response(clients[1]).body == origin.whole()));
    } else {
      CHECK_THROWS_AS(read_response(clients[1]), sluice::support::Failure);
      CHECK_NOTHROW(sluice.wait_for_access_log(row.asks ? "backend_truncated" : "\"exhausted\""));
    }
    CHECK(origin.backend.request_count() == (row.asks ? 2 : 1));
  }
}

TEST_CASE("cache: what is too large is cut where the origin has nothing to go on with",
          "[wire][cache]") {
  const std::string tag = "ETag: \"v\"\r\n";
  const std::string head = chunked_head(tag);
  const std::pair<std::string, std::string> rows[] = {
      {"another status", chunked_head(tag, 203) + as_chunk(numbers(20'000)) + "0\r\n\r\n"},
      {"not found", "HTTP/1.1 404 X\r\n" + tag + "Content-Length: 0\r\n\r\n"},
      {"no body", "HTTP/1.1 200 OK\r\n" + tag + "Content-Length: 0\r\n\r\n"},
      {"less than was sent", head + as_chunk("little") + "0\r\n\r\n"},
      {"cut before that", head + as_chunk("little")},
      {"cut behind that", head + as_chunk(numbers(9000))},
      {"no answer", ""},
      {"no HTTP", "nonsense\r\n\r\n"},
  };
  for (const auto& [claim, answer] : rows) {
    INFO(claim);
    GrowingOrigin origin(tag, [&answer = answer](BackendConnection& connection) {
      connection.send(answer);
      connection.close();
    });
    SluiceProcess sluice(caching(origin.backend, kLittle));
    std::vector<RawClient> clients = readers(origin, sluice, 2);
    origin.rest.open();
    CHECK((read_response(clients[0]).body == origin.whole()));
    CHECK_THROWS_AS(read_response(clients[1]), sluice::support::Failure);
    CHECK_NOTHROW(sluice.wait_for_access_log("backend_truncated"));
  }
}

TEST_CASE("cache: what the origin cuts before it is too large is asked for by nobody again",
          "[wire][cache]") {
  GrowingOrigin origin("ETag: \"v\"\r\n", GrowingOrigin::again("ETag: \"v\"\r\n"));
  origin.cut = true;
  SluiceProcess sluice(caching(origin.backend, kLittle));
  std::vector<RawClient> clients = readers(origin, sluice, 10);
  origin.rest.open();
  for (RawClient& client : clients) {
    CHECK_THROWS_AS(read_response(client), sluice::support::Failure);
  }
  CHECK(origin.backend.request_count() == 1);
}

TEST_CASE("cache: what is too large goes on with a length, behind a head of its own, compressed",
          "[wire][cache][compress]") {
  const std::string fields = "ETag: \"v\"\r\nContent-Type: text/html\r\n";
  const std::string whole = numbers(20'000);
  const std::string early = "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n";
  GrowingOrigin origin(fields, [&](BackendConnection& connection) {
    connection.send(early + "HTTP/1.1 200 OK\r\n" + fields + "Content-Length: 20000\r\n\r\n" +
                    whole);
  });
  std::string config = caching(origin.backend, kLittle);
  config.insert(config.find("\"cache\""), "\"compress\": {}, ");
  SluiceProcess sluice(config);
  std::vector<RawClient> clients = crowd(sluice, 4, "Accept-Encoding: gzip\r\n");
  wait_for_in_flight(sluice, 4);
  origin.head.open();
  for (RawClient& client : clients) client.peek(1);
  origin.rest.open();
  for (RawClient& client : clients) {
    const Response response = read_response(client);
    CHECK(response.field("Content-Encoding") == "gzip");
    CHECK((sluice::support::decode("gzip", response.body).text == whole));
  }
}

TEST_CASE("cache: who reads slowly gets all of what is too large", "[wire][cache]") {
  constexpr std::size_t kSize = 12'000'000;
  const std::string whole = numbers(kSize);
  GrowingOrigin origin("ETag: \"v\"\r\n", GrowingOrigin::again("ETag: \"v\"\r\n", whole), whole);
  SluiceProcess sluice(caching(origin.backend, R"("max_object": "8MiB")"));
  std::vector<RawClient> clients = crowd(sluice, 1);
  origin.backend.wait_for_requests(1);
  for (int i = 0; i < 3; ++i) {
    clients.push_back(sluice.connect(0, {.receive_buffer = 4096}));
    clients.back().send("GET /a HTTP/1.1\r\nHost: a.example\r\n\r\n");
  }
  wait_for_in_flight(sluice, 4);
  origin.head.open();
  origin.rest.open();
  for (RawClient& client : clients) CHECK((read_response(client).body == whole));
  CHECK(origin.backend.request_count() == 4);
}

TEST_CASE("cache: who leaves while what is too large goes on leaves nothing behind",
          "[wire][cache]") {
  const std::string tag = "ETag: \"v\"\r\n";
  const std::string begin = GENERATE_COPY(std::string(), chunked_head(tag) + as_chunk("0 1 2"),
                                          chunked_head(tag) + as_chunk(numbers(9000)));
  GrowingOrigin origin(tag, [&](BackendConnection& connection) {
    connection.send(begin);
    connection.recv_to_close();
  });
  SluiceProcess sluice(caching(origin.backend, kLittle));
  const std::size_t descriptors = sluice::support::descriptor_count(sluice.process_id());
  {
    std::vector<RawClient> clients = readers(origin, sluice, 3);
    origin.rest.open();
    CHECK((read_response(clients[0]).body == origin.whole()));
    origin.backend.wait_for_requests(3);
    clients[1].reset();
    clients[2].close();
    wait_for_in_flight(sluice, 0);
  }
  origin.backend.stop();
  check_at_rest(sluice, descriptors);
}
