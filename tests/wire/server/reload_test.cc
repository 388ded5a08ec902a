// SPDX-License-Identifier: MIT
// Reloads and ends: nothing that is in flight is lost, and a bad file changes nothing.
#include <catch2/catch.hpp>

#include <signal.h>

#include <future>
#include <string>

#include "tests/support/http_reader.h"
#include "tests/support/metrics.h"
#include "tests/support/scripted_backend.h"
#include "tests/support/sluice_process.h"
#include "tests/support/sockets.h"
#include "tests/wire/configs.h"

using namespace std::string_literals;
using sluice::support::BackendConnection;
using sluice::support::RawClient;
using sluice::support::read_response;
using sluice::support::ScriptedBackend;
using sluice::support::SluiceProcess;
using sluice::support::wait_for_metric;
using sluice::wire::forwarding_to;

namespace {

std::string responding(const std::string& body, const std::string& more_listeners = {}) {
  return R"({"workers": 2, "listeners": [{"address": "127.0.0.1:0"})" + more_listeners +
         R"(], "access_log": {"format": "json"},
            "routes": [{"match": {}, "respond": {"body": ")" +
         body + R"("}}]})";
}

std::string get_body(RawClient& client) {
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  return read_response(client).body;
}

// A backend whose answer waits until the test lets it go.
class HeldBackend {
 public:
  HeldBackend()
      : backend([this](BackendConnection& connection) {
          while (connection.recv_request()) {
            release_.wait();
            connection.respond(200, "held");
          }
        }) {}
  ~HeldBackend() { let_go(); }

  void let_go() {
    if (!std::exchange(released_, true)) gate_.set_value();
  }

 private:
  std::promise<void> gate_;
  std::shared_future<void> release_ = gate_.get_future().share();
  bool released_ = false;

 public:
  ScriptedBackend backend;
};

}  // namespace

TEST_CASE("reload: an open connection goes by the new rules from its next request on",
          "[wire][reload]") {
  SluiceProcess sluice(responding("one"));
  RawClient client = sluice.connect();
  CHECK(get_body(client) == "one");
  REQUIRE(sluice.reload(responding("two")));
  CHECK(get_body(client) == "two");
}

TEST_CASE("reload: connections come with their first bytes, or at once", "[wire][reload]") {
  const auto deferring = [](const std::string& on) {
    return R"({"workers": 1, "listeners": [{"address": "127.0.0.1:0", "defer_accept": )" + on +
           R"(}], "routes": [{"respond": {"body": "x"}}]})";
  };
  SluiceProcess sluice(deferring("true"));
  RawClient silent = sluice.connect();
  RawClient client = sluice.connect();
  CHECK(get_body(client) == "x");
  CHECK(get_body(silent) == "x");
  REQUIRE(sluice.reload(deferring("false")));
  const RawClient still_silent = sluice.connect();
  wait_for_metric(sluice, "sluice_client_connections_accepted_total", 3);
}

TEST_CASE("reload: an exchange in flight ends under the rules it began with", "[wire][reload]") {
  HeldBackend held;
  SluiceProcess sluice(forwarding_to(held.backend));
  RawClient client = sluice.connect();
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  held.backend.wait_for_requests(1);
  REQUIRE(sluice.reload(responding("new")));
  held.let_go();
  CHECK(read_response(client).body == "held");
  CHECK(get_body(client) == "new");
}

// Each byte armed its timer anew, with what the reload had brought.
TEST_CASE("reload: an answer in flight keeps the timeouts that it began with",
          "[wire][reload][regression]") {
  std::promise<void> reloaded, outlasted;
  ScriptedBackend backend([after_reload = reloaded.get_future().share(),
                           in_the_end = outlasted.get_future().share()](BackendConnection& to) {
    if (!to.recv_request()) return;
    to.send("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\na");
    after_reload.wait_for(sluice::support::kPatience);
    to.send("b");
    in_the_end.wait_for(sluice::support::kPatience);
    to.send("c");
  });
  SluiceProcess sluice(forwarding_to(backend));
  RawClient client = sluice.connect();
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  client.recv_until("\r\n\r\na");
  REQUIRE(sluice.reload(forwarding_to(backend, R"("timeouts": {"backend_read": "200ms"})")));
  reloaded.set_value();
  CHECK(client.recv_exact(1) == "b");
  CHECK_THROWS_AS(client.peek(1, std::chrono::milliseconds(600)), sluice::support::Failure);
  outlasted.set_value();
  CHECK(client.recv_exact(1) == "c");
}

TEST_CASE("reload: a request body in flight keeps the timeouts that it began with",
          "[wire][reload][regression]") {
  ScriptedBackend backend(ScriptedBackend::answer(200, "ok"));
  SluiceProcess sluice(forwarding_to(backend));
  RawClient client = sluice.connect();
  client.send("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  client.recv_until("100 Continue\r\n\r\n");  // it has begun
  REQUIRE(sluice.reload(forwarding_to(backend, R"("timeouts": {"request_body": "200ms"})")));
  client.send("a");
  CHECK_THROWS_AS(client.peek(1, std::chrono::milliseconds(600)), sluice::support::Failure);
  client.send("b");
  CHECK(read_response(client).status == 200);
}

TEST_CASE("reload: a bad file changes nothing and says why, as check does", "[wire][reload]") {
  SluiceProcess sluice(responding("one"));
  RawClient client = sluice.connect();
  CHECK(get_body(client) == "one");
  const std::string bad = R"({"listeners": [{"adress": "127.0.0.1:0"}], "routes": []})";
  REQUIRE_FALSE(sluice.reload(bad));
  CHECK(get_body(client) == "one");
  const std::string check = sluice::support::check_config(bad).err;
  const std::string complaint = check.substr(check.find(':') + 1, 60);
  INFO(sluice.log());
  CHECK(sluice.log().find(complaint) != std::string::npos);
  CHECK(sluice.log().find("did you mean \"address\"") != std::string::npos);
}

TEST_CASE("reload: a listener that cannot be opened changes nothing", "[wire][reload]") {
  SluiceProcess sluice(responding("one"));
  const std::string taken = sluice::support::TempDir().path() / "missing" / "dir" / "s.sock";
  REQUIRE_FALSE(sluice.reload(responding("two", R"(, {"address": "unix:)" + taken + R"("})")));
  RawClient client = sluice.connect();
  CHECK(get_body(client) == "one");
}

TEST_CASE("reload: one that fails leaves no Unix socket behind", "[wire][reload]") {
  SluiceProcess sluice(responding("one"));
  const std::string path = sluice.directory().file("extra.sock");
  const std::string bad = R"(, {"address": "unix:)" + path + R"("}, {"address": "unix:)" +
                          sluice.directory().file("no/such/dir.sock") + R"("})";
  REQUIRE_FALSE(sluice.reload(responding("two", bad)));
  CHECK_FALSE(std::filesystem::exists(path));
}

TEST_CASE("reload: of two addresses that share a port both are ours, at a start too",
          "[wire][reload]") {
  const sluice::support::KeptPort kept;
  const std::string port = std::to_string(kept.port());
  const std::string both = GENERATE("127.0.0.1:#|:#", ":#|127.0.0.1:#", "0.0.0.0:#|127.0.0.1:#");
  INFO(both);
  const std::size_t bar = both.find('|');
  auto at = [&](std::string address) { return address.replace(address.find('#'), 1, port); };
  const SluiceProcess sluice(R"({"listeners": [{"address": ")" + at(both.substr(0, bar)) +
                             R"("}, {"address": ")" + at(both.substr(bar + 1)) + R"("}],
    "routes": [{"match": {}, "respond": {"body": "one"}}]})");
  RawClient client(kept.port());
  CHECK(get_body(client) == "one");
}

TEST_CASE("reload: a port that another process has on the same address is not shared",
          "[wire][reload]") {
  SluiceProcess other(responding("other"));
  const std::string port = std::to_string(other.port());
  SluiceProcess sluice(R"({"listeners": [{"address": "127.0.0.2:)" + port + R"("}],
    "routes": [{"match": {}, "respond": {"body": "one"}}]})");
  REQUIRE_FALSE(sluice.reload(R"({"listeners": [{"address": "127.0.0.2:)" + port +
                              R"("}, {"address": "127.0.0.1:)" + port + R"("}],
    "routes": [{"match": {}, "respond": {"body": "two"}}]})"));
  CHECK(sluice.log().find("another process listens there already") != std::string::npos);
}

TEST_CASE("drain: the Unix path is its successor's once the listener is closed", "[wire][drain]") {
  HeldBackend held;
  const sluice::support::TempDir directory;
  const std::string path = directory.file("s.sock");
  SluiceProcess old(R"({"listeners": [{"address": "unix:)" + path + R"("}],
    "pools": {"p": {"backends": [")" +
                    held.backend.address() + R"("]}},
    "routes": [{"match": {}, "forward": {"pool": "p"}}]})");
  RawClient client = old.connect();
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  held.backend.wait_for_requests(1);
  old.process().signal(SIGTERM);
  old.wait_for_log("draining");
  const sluice::support::Deadline deadline;
  while (std::filesystem::exists(path)) REQUIRE_FALSE(deadline.expired());
  SluiceProcess next(R"({"listeners": [{"address": "unix:)" + path + R"("}],
    "routes": [{"match": {}, "respond": {"body": "next"}}]})");
  held.let_go();
  CHECK(read_response(client).body == "held");
  CHECK(old.process().wait().code == 0);
  RawClient late = next.connect();
  CHECK(get_body(late) == "next");
}

TEST_CASE("reload: an access log that cannot be opened changes nothing", "[wire][reload]") {
  SluiceProcess sluice(responding("one"));
  std::string bad = responding("two");
  bad.replace(bad.find("\"format\""), 0, "\"path\": \"/nonexistent/dir/access.log\", ");
  REQUIRE_FALSE(sluice.reload(bad));
  RawClient client = sluice.connect();
  CHECK(get_body(client) == "one");
  sluice.wait_for_access_log("\"status\":200");
}

TEST_CASE("reload: listeners come and go, and the one that stays loses nothing", "[wire][reload]") {
  SluiceProcess sluice(responding("one"));
  const std::string path = sluice.directory().path() / "extra.sock";
  RawClient kept = sluice.connect();
  CHECK(get_body(kept) == "one");
  REQUIRE(sluice.reload(responding("two", R"(, {"address": "unix:)" + path + R"("})")));
  {
    RawClient extra(path);
    CHECK(get_body(extra) == "two");
    REQUIRE(sluice.reload(responding("three")));
    extra.expect_close();  // idle, on a listener that is gone
  }
  CHECK(get_body(kept) == "three");
  CHECK_THROWS(RawClient(path));
}

TEST_CASE("reload: the access log goes on in a new file", "[wire][reload]") {
  const sluice::support::TempDir directory;
  const std::string path = directory.path() / "access.log";
  const std::string config = R"({"listeners": [{"address": "127.0.0.1:0"}],
      "access_log": {"format": "combined", "path": ")" +
                             path + R"("},
      "routes": [{"match": {}, "respond": {"body": "ok"}}]})";
  SluiceProcess sluice(config);
  RawClient client = sluice.connect();
  CHECK(get_body(client) == "ok");
  std::filesystem::rename(path, path + ".1");
  REQUIRE(sluice.reload(config));
  CHECK(get_body(client) == "ok");
  CHECK(sluice.terminate().code == 0);
  auto lines = [](const std::string& file) {
    const std::string text = sluice::support::read_file(file);
    return std::count(text.begin(), text.end(), '\n');
  };
  CHECK(lines(path) + lines(path + ".1") == 2);
  CHECK(lines(path) >= 1);
}

TEST_CASE("drain: SIGTERM finishes what is in flight, then exits with 0", "[wire][drain]") {
  HeldBackend held;
  SluiceProcess sluice(R"({"workers": 1, "listeners": [{"address": "127.0.0.1:0"}],
    "pools": {"p": {"backends": [")" +
                       held.backend.address() + R"("]}},
    "routes": [{"match": {}, "forward": {"pool": "p"}},
               {"match": {"path": "/now"}, "respond": {"body": "now"}}]})");
  RawClient idle = sluice.connect();
  idle.send("GET /now HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(read_response(idle).body == "now");
  RawClient fresh = sluice.connect();
  RawClient busy = sluice.connect();
  busy.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  held.backend.wait_for_requests(1);
  sluice.process().signal(SIGTERM);
  idle.expect_close();  // so the worker drains
  fresh.send("GET /now HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(read_response(fresh).body == "now");  // was accepted, so it is served
  CHECK_THROWS(sluice.connect());
  held.let_go();
  auto response = read_response(busy);
  CHECK(response.body == "held");
  CHECK(response.field("Connection") == "close");
  busy.expect_close();
  CHECK(sluice.process().wait().code == 0);
}

TEST_CASE("drain: timeouts.drain ends what does not finish", "[wire][drain]") {
  HeldBackend held;
  SluiceProcess sluice(forwarding_to(held.backend, R"("timeouts": {"drain": "200ms"})"));
  RawClient busy = sluice.connect();
  busy.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  held.backend.wait_for_requests(1);
  CHECK(sluice.terminate().code == 0);
  busy.recv_to_close();
}

TEST_CASE("drain: a second SIGTERM, or SIGINT, exits at once", "[wire][drain]") {
  const int second = GENERATE(SIGTERM, SIGINT);
  HeldBackend held;
  SluiceProcess sluice(forwarding_to(held.backend));
  RawClient busy = sluice.connect();
  busy.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  held.backend.wait_for_requests(1);
  sluice.process().signal(SIGTERM);
  sluice.wait_for_log("draining");
  sluice.process().signal(second);
  CHECK(sluice.process().wait().code == 0);
}

TEST_CASE("drain: SIGINT stops cleanly", "[wire][drain]") {
  SluiceProcess sluice(responding("one"));
  RawClient client = sluice.connect();
  CHECK(get_body(client) == "one");
  CHECK(sluice.interrupt().code == 0);
  client.expect_close();
}
