// SPDX-License-Identifier: MIT
// What is a backend's fault (max_fails) and what is not: clients that take or send slowly, and
// answers that are quiet by nature, must not take the backends of everybody else out.
#include <catch2/catch.hpp>

#include <string>
#include <vector>

#include "tests/support/http_reader.h"
#include "tests/support/scripted_backend.h"
#include "tests/support/sluice_process.h"
#include "tests/wire/configs.h"

using sluice::support::BackendConnection;
using sluice::support::RawClient;
using sluice::support::read_response;
using sluice::support::ScriptedBackend;
using sluice::support::SluiceProcess;
using sluice::wire::forwarding_to;

namespace {

constexpr std::string_view kPutAside = "is put aside";

std::string closing_get(std::string_view target) {
  return "GET " + std::string(target) + " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
}

// Two backends that do to "/bad" what `bad` says, and answer everything else; with the default of
// one failure after which they are put aside.
class BlamedFarm {
 public:
  explicit BlamedFarm(const ScriptedBackend::Script& bad, std::string_view timeouts = {})
      : script_([bad](BackendConnection& connection) {
          while (const auto head = connection.recv_head()) {
            if (head->target == "/bad") return bad(connection);
            connection.respond(200, "fine");
          }
        }),
        first_(script_),
        second_(script_),
        sluice_(forwarding_to({first_.address(), second_.address()},
                              "\"timeouts\": {" + std::string(timeouts) + "}")) {}

  SluiceProcess& sluice() { return sluice_; }

  // Once each backend has done it, to a request that begins like this: what the clients saw.
  void suffer(std::string_view request, std::string_view end_in_log) {
    std::vector<RawClient> clients;
    for (int i = 0; i < 2; ++i) {
      clients.push_back(sluice_.connect());
      clients.back().send(request);
    }
    for (RawClient& client : clients) client.recv_to_close();
    const std::string end = "\"end\":\"" + std::string(end_in_log) + "\"";
    CHECK_NOTHROW(sluice_.wait_for_access_log(end));
  }

  void check_nobody_is_put_aside() {
    for (int i = 0; i < 2; ++i) {
      RawClient client = sluice_.connect();
      client.send(closing_get("/"));
      CHECK(read_response(client).status == 200);
    }
    CHECK(sluice_.log().find(kPutAside) == std::string::npos);
  }

 private:
  ScriptedBackend::Script script_;
  ScriptedBackend first_, second_;
  SluiceProcess sluice_;
};

}  // namespace

// One quiet event stream on each backend, and everybody else got a 503.
TEST_CASE("blame: an answer that is silent behind its head is nobody's fault",
          "[wire][blame][regression]") {
  BlamedFarm farm(
      [](BackendConnection& connection) {
        connection.send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n");
        connection.recv_to_close();
      },
      R"("backend_read": "200ms")");
  farm.suffer(closing_get("/bad"), "backend_read_timeout");
  farm.check_nobody_is_put_aside();
}

// So it went with clients that paused a download until the backends' own time for it was over.
TEST_CASE("blame: an answer that is cut behind its head is nobody's fault",
          "[wire][blame][regression]") {
  BlamedFarm farm([](BackendConnection& connection) {
    connection.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
  });
  farm.suffer(closing_get("/bad"), "backend_truncated");
  farm.check_nobody_is_put_aside();
}

TEST_CASE("blame: who does not come to the end of a head is put aside", "[wire][blame]") {
  BlamedFarm farm(
      [](BackendConnection& connection) { connection.send("HTTP/1.1 200 OK\r\nContent-Le"); });
  farm.suffer(closing_get("/bad"), "backend_truncated");
  CHECK_NOTHROW(farm.sluice().wait_for_log(kPutAside));
}

// A client that trickled its body made each backend give up on it, and took all of them out.
TEST_CASE("blame: who hangs up while the client still sends is not put aside",
          "[wire][blame][regression]") {
  BlamedFarm farm([](BackendConnection&) {});
  farm.suffer(
      "POST /bad HTTP/1.1\r\nHost: a\r\nContent-Length: 200000\r\n\r\n" + std::string(70'000, 'b'),
      "backend_closed_early");
  farm.check_nobody_is_put_aside();
}

TEST_CASE("blame: who hangs up on a whole request is put aside", "[wire][blame]") {
  BlamedFarm farm([](BackendConnection&) {});
  farm.suffer("POST /bad HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 2\r\n\r\nhi",
              "backend_closed_early");
  CHECK_NOTHROW(farm.sluice().wait_for_log(kPutAside));
}

// With a total time below `first_byte` it was asked for ever: 504, 200, 504, and so on.
TEST_CASE("blame: who has half of the total time for an answer and gives none is put aside",
          "[wire][blame][total][regression]") {
  BlamedFarm farm([](BackendConnection& connection) { connection.recv_to_close(); },
                  R"("total": "300ms")");
  RawClient client = farm.sluice().connect();
  client.send(closing_get("/bad"));
  CHECK(read_response(client).status == 504);
  CHECK_NOTHROW(farm.sluice().wait_for_log("is put aside: total_timeout"));
}

TEST_CASE("blame: who has less of the total time, as the client took it, is not put aside",
          "[wire][blame][total]") {
  BlamedFarm farm([](BackendConnection& connection) { connection.recv_to_close(); },
                  R"("total": "1s")");
  RawClient client = farm.sluice().connect();
  client.send("POST /bad HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n");
  CHECK_THROWS_AS(client.peek(1, std::chrono::milliseconds(700)), sluice::support::Failure);
  client.send("hi");
  CHECK(read_response(client).status == 504);
  farm.check_nobody_is_put_aside();
}
