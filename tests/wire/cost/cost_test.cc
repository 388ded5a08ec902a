// SPDX-License-Identifier: MIT
// What one keep-alive request costs, forwarded or answered from the cache, without a clock: heap
// allocations on the worker and system calls.
#include <catch2/catch.hpp>

#include <filesystem>
#include <map>
#include <string>
#include <string_view>

#include "tests/support/environment.h"
#include "tests/support/http_reader.h"
#include "tests/support/process.h"
#include "tests/support/scripted_backend.h"
#include "tests/support/skip.h"
#include "tests/support/sluice_process.h"
#include "tests/support/test_certificates.h"
#include "tests/wire/cache_rig.h"
#include "tests/wire/configs.h"
#include "tests/wire/cost_rig.h"
#include "tests/wire/site.h"

using sluice::support::RawClient;
using sluice::support::ScriptedBackend;
using sluice::support::SluiceProcess;
using sluice::support::TempDir;
using sluice::wire::AllocationCount;
using sluice::wire::cacheable;
using sluice::wire::calls_of;
using sluice::wire::check_no_allocation;
using sluice::wire::check_only_expected;
using sluice::wire::kRequests;
using sluice::wire::kWarmUp;
using sluice::wire::send_requests;
using sluice::wire::skip_unless_traced;
using sluice::wire::SystemCalls;

namespace {

// A root with the files that send_requests() and visit() ask for.
class OneFile {
 public:
  explicit OneFile(std::size_t bytes) {
    const std::string text(bytes, 'x');
    std::filesystem::create_directory(directory_.path() / "some");
    directory_.write("some/path", text);
    directory_.write("index.html", text);
  }

  std::string config(std::string_view listener = {}) const {
    return R"({"workers": 1, "listeners": [{"address": "127.0.0.1:0")" + std::string(listener) +
           R"(}],
      "access_log": {"format": "json"}, "routes": [{"files": {"root": ")" +
           directory_.path().string() + R"("}}]})";
  }

 private:
  TempDir directory_;
};

// All at once, and then all of the answers.
void pipeline(RawClient& client, int count) {
  std::string requests;
  for (int i = 0; i < count; ++i) requests += "GET / HTTP/1.1\r\nHost: www.example\r\n\r\n";
  client.send(requests);
  for (int i = 0; i < count; ++i) CHECK(sluice::support::read_response(client).status == 200);
}

// Clients that come for one answer, one after the other.
enum class Over { Plain, Tls };
void visit(const SluiceProcess& sluice, int count, Over over = Over::Plain) {
  for (int i = 0; i < count; ++i) {
    RawClient client = sluice.connect();
    if (over == Over::Tls) client.handshake();
    client.send("GET / HTTP/1.1\r\nHost: www.example\r\nConnection: close\r\n\r\n");
    const int got = sluice::support::read_response(client).status;
    if (got != 200) throw sluice::support::Failure("status " + std::to_string(got));
    client.recv_to_close();
  }
}

}  // namespace

TEST_CASE("cost: a forwarded keep-alive request allocates nothing", "[wire][cost]") {
  if (sluice::support::kSanitized) sluice::support::skip("a sanitizer's allocator is its own");
  ScriptedBackend backend(ScriptedBackend::answer(200, std::string(1024, 'x')));
  AllocationCount count;
  SluiceProcess sluice(sluice::wire::forwarding_to(backend), count.options());
  RawClient client = sluice.connect();
  check_no_allocation(count, client);
}

TEST_CASE("cost: a request that is forwarded with edits allocates nothing, either",
          "[wire][cost]") {
  if (sluice::support::kSanitized) sluice::support::skip("a sanitizer's allocator is its own");
  ScriptedBackend backend(ScriptedBackend::answer(200, std::string(1024, 'x')));
  AllocationCount count;
  std::string config = sluice::wire::forwarding_to(backend);
  config.insert(config.find("\"forward\""),
                R"("headers": {"request": {"set": {"X-Edge": "1"}, "remove": ["Accept"]}}, )");
  SluiceProcess sluice(config, count.options());
  RawClient client = sluice.connect();
  check_no_allocation(count, client);
}

TEST_CASE("cost: a forwarded keep-alive request is two reads, two writes and no epoll_ctl",
          "[wire][cost]") {
  skip_unless_traced();
  ScriptedBackend backend(ScriptedBackend::answer(200, std::string(1024, 'x')));
  SluiceProcess sluice(sluice::wire::forwarding_to(backend));
  RawClient client = sluice.connect();
  std::map<std::string, int> calls = calls_of(sluice, client);
  CHECK(calls["recvfrom"] == 2 * kRequests);
  CHECK(calls["send"] == 2 * kRequests);
  CHECK(calls["epoll_ctl"] == 0);
  check_only_expected(calls);
}

TEST_CASE("cost: a hit in the cache allocates nothing", "[wire][cost][cache]") {
  if (sluice::support::kSanitized) sluice::support::skip("a sanitizer's allocator is its own");
  ScriptedBackend backend(cacheable());
  AllocationCount count;
  SluiceProcess sluice(sluice::wire::caching(backend), count.options());
  RawClient client = sluice.connect();
  check_no_allocation(count, client);
  CHECK(backend.request_count() == 1);
}

TEST_CASE("cost: a hit on what was compressed once allocates nothing, either",
          "[wire][cost][cache][compress]") {
  if (sluice::support::kSanitized) sluice::support::skip("a sanitizer's allocator is its own");
  ScriptedBackend backend(
      ScriptedBackend::answer(200, std::string(4096, 'x'),
                              {{"Cache-Control", "max-age=1000"}, {"Content-Type", "text/plain"}}));
  AllocationCount count;
  std::string config = sluice::wire::caching(backend);
  config.insert(config.find("\"cache\""), "\"compress\": {}, ");
  SluiceProcess sluice(config, count.options());
  RawClient client = sluice.connect();
  check_no_allocation(count, client);
  client.send(
      "GET /some/path?with=query HTTP/1.1\r\nHost: www.example\r\nAccept-Encoding: gzip\r\n\r\n");
  CHECK(read_response(client).field("Content-Encoding") == "gzip");
  CHECK(backend.request_count() == 1);
}

TEST_CASE("cost: a hit in the cache is one read and one write", "[wire][cost][cache]") {
  skip_unless_traced();
  ScriptedBackend backend(cacheable());
  SluiceProcess sluice(sluice::wire::caching(backend));
  RawClient client = sluice.connect();
  std::map<std::string, int> calls = calls_of(sluice, client);
  CHECK(calls["recvfrom"] == kRequests);
  CHECK(calls["send"] == kRequests);
  CHECK(calls["epoll_ctl"] == 0);
  check_only_expected(calls);
}

TEST_CASE("cost: hits for pipelined requests are one read and one write together",
          "[wire][cost][cache]") {
  skip_unless_traced();
  ScriptedBackend backend(cacheable());
  SluiceProcess sluice(sluice::wire::caching(backend));
  RawClient client = sluice.connect();
  pipeline(client, 1);
  SystemCalls trace(sluice.process().pid());
  pipeline(client, 32);
  const std::map<std::string, int> calls = trace.finish();
  CHECK(calls.at("recvfrom") == 1);
  CHECK(calls.at("send") == 1);
  CHECK(backend.request_count() == 1);
}

// Each turn of the loop ends with a write, and the next one begins with a look at the others.
TEST_CASE("cost: who pipelines many requests leaves others their turn", "[wire][cost][cache]") {
  skip_unless_traced();
  constexpr int kPerTurn = 33;
  ScriptedBackend backend(cacheable());
  SluiceProcess sluice(sluice::wire::caching(backend));
  RawClient client = sluice.connect();
  pipeline(client, 1);
  SystemCalls trace(sluice.process().pid());
  pipeline(client, 10 * kPerTurn);
  const std::map<std::string, int> calls = trace.finish();
  CHECK(calls.at("send") >= 10);
  CHECK(calls.at("epoll_wait") >= 10);
}

// It is looked at again once a second, which costs what it costs: one stretch of requests, and so
// nearly all, are without.
TEST_CASE("cost: a small file that is in memory allocates nothing", "[wire][cost][files]") {
  if (sluice::support::kSanitized) sluice::support::skip("a sanitizer's allocator is its own");
  constexpr int kStretch = 50;
  const OneFile file(1024);
  AllocationCount count;
  SluiceProcess sluice(file.config(), count.options());
  RawClient client = sluice.connect();
  count.start();
  send_requests(client, kWarmUp);
  std::uint64_t before = count.stop();
  CHECK(before > 0);
  int without = 0;
  for (int done = 0; done < kRequests; done += kStretch) {
    count.start();
    send_requests(client, kStretch);
    const std::uint64_t after = count.stop();
    without += after == before;
    before = after;
  }
  CHECK(without > 0);
}

TEST_CASE("cost: a small file that is in memory is one read and one write", "[wire][cost][files]") {
  skip_unless_traced();
  const OneFile file(1024);
  SluiceProcess sluice(file.config());
  RawClient client = sluice.connect();
  sluice::wire::ask_until_settled(client, "/some/path");
  std::map<std::string, int> calls = calls_of(sluice, client);
  CHECK(calls["recvfrom"] == kRequests);
  CHECK(calls["send"] == kRequests);
  CHECK(calls["epoll_ctl"] == 0);
  CHECK(calls["openat2"] < kRequests / 10);
  CHECK(calls["pread64"] == 0);  // it has not changed
  // What looking at it again takes.
  for (const char* const name : {"open", "openat", "openat2", "fstat", "newfstatat", "close"}) {
    CHECK(calls[name] < kRequests / 10);
    calls.erase(name);
  }
  check_only_expected(calls);
}

// What finds no request yet in the connection has to wait for it, which costs a read and that the
// socket is registered; one of eight times the listener asks whether somebody else waits.
TEST_CASE("cost: a connection for one request is accept, one read, one write and close",
          "[wire][cost][cache]") {
  skip_unless_traced();
  ScriptedBackend backend(cacheable());
  SluiceProcess sluice(sluice::wire::caching(backend));
  visit(sluice, kWarmUp);
  SystemCalls trace(sluice.process().pid());
  visit(sluice, kRequests);
  std::map<std::string, int> calls = trace.finish();
  CHECK(calls["accept4"] <= kRequests + kRequests / 8 + 1);
  const int early = calls["recvfrom"] - kRequests;
  CHECK(early >= 0);
  CHECK(calls["epoll_ctl"] == 2 * early);
  CHECK(calls["send"] == kRequests);
  CHECK(calls["close"] == kRequests);
  CHECK(calls["shutdown"] == 0);
  for (const char* const name : {"accept4", "epoll_ctl", "close"}) calls.erase(name);
  check_only_expected(calls);
}

// The client's last flight and its request may come together or not, and so may our tickets and the
// answer leave; close_notify always leaves with the answer.
TEST_CASE("cost: a TLS connection for one request is two or three writes", "[wire][cost][tls]") {
  skip_unless_traced();
  const OneFile file(1024);
  const TempDir directory;
  const auto pair = sluice::support::make_certificate(directory.path(), "a", {"a.example"});
  SluiceProcess sluice(file.config(R"(, "tls": {"certificates": [{"cert": ")" + pair.cert_path +
                                   R"(", "key": ")" + pair.key_path + R"("}]})"));
  visit(sluice, kWarmUp, Over::Tls);
  SystemCalls trace(sluice.process().pid());
  visit(sluice, kWarmUp, Over::Tls);
  const std::map<std::string, int> calls = trace.finish();
  CHECK(calls.at("send") >= 2 * kWarmUp);
  CHECK(calls.at("send") <= 3 * kWarmUp);
  // The last connection may end after its client has, and behind the trace.
  CHECK(calls.at("epoll_ctl") <= 2 * kWarmUp);
  CHECK(calls.at("epoll_ctl") >= 2 * kWarmUp - 1);
  // The flights of the client, its request, and the look behind a short read at an edge.
  CHECK(calls.at("recvfrom") <= 4 * kWarmUp);
}

TEST_CASE("cost: no connection that is handed over with its first bytes is read in vain",
          "[wire][cost][files]") {
  skip_unless_traced();
  const OneFile file(1024);
  SluiceProcess sluice(file.config(R"(, "defer_accept": true)"));
  visit(sluice, kWarmUp);
  SystemCalls trace(sluice.process().pid());
  visit(sluice, kRequests);
  std::map<std::string, int> calls = trace.finish();
  CHECK(calls["recvfrom"] == kRequests);
  CHECK(calls["send"] == kRequests);
  CHECK(calls["epoll_ctl"] == 0);
}

TEST_CASE("cost: a large file is one read, a look at it, the head and sendfile",
          "[wire][cost][files]") {
  skip_unless_traced();
  const OneFile file(100 * 1024);
  SluiceProcess sluice(file.config());
  RawClient client = sluice.connect();
  std::map<std::string, int> calls = calls_of(sluice, client);
  CHECK(calls["recvfrom"] == kRequests);
  CHECK(calls["send"] == kRequests);
  CHECK(calls["sendfile"] >= kRequests);
  CHECK(calls["fstat"] + calls["newfstatat"] <= kRequests + kRequests / 10);
  CHECK(calls["epoll_ctl"] == 0);
  // Once a second it is opened again.
  for (const char* const name : {"open", "openat", "openat2", "close"}) {
    CHECK(calls[name] < kRequests / 10);
    calls.erase(name);
  }
  for (const char* const name : {"sendfile", "fstat", "newfstatat"}) calls.erase(name);
  check_only_expected(calls);
}
