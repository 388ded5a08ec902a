// SPDX-License-Identifier: MIT
// What a session makes of a client that plays with TLS instead of asking for something.
#include <openssl/ssl.h>
#include <sys/socket.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <string>
#include <string_view>
#include <utility>

#include "tests/support/forward_rig.h"
#include "tests/support/sockets.h"
#include "tests/unit/tls/pair.h"

namespace sluice::client {
namespace {

using std::chrono::seconds;
using support::TlsPeer;

// Over a Unix socket that takes little of what the session writes.
struct TlsSetup : tls::test::Fixture {
  TlsSetup() : TlsSetup(support::socket_pair(SOCK_STREAM)) {}
  explicit TlsSetup(std::pair<Fd, Fd> ends)
      : client_fd(std::move(ends.first)), client(client_fd.get(), {}) {
    tls::test::set_buffer(ends.second.get(), SO_SNDBUF, 1);
    rig.accept(std::move(ends.second), *net::Address::parse("192.0.2.1:999"), 0, context);
    TlsPeer::Step step = TlsPeer::Step::Again;
    for (int turns = 0; turns < 20 && step == TlsPeer::Step::Again; ++turns) {
      step = client.handshake();
      rig.turn();
    }
    REQUIRE(step == TlsPeer::Step::Done);
  }

  std::string ask(std::string_view request) {
    std::string answer;
    client.write(request);
    for (int turns = 0; turns < 20; ++turns) {
      rig.turn();
      client.read(answer);
    }
    return answer;
  }

  // Each is to be answered, and the answers are not read.
  void ask_for_new_keys(int times) {
    for (int i = 0; i < times; ++i) {
      REQUIRE(SSL_key_update(client.ssl(), SSL_KEY_UPDATE_REQUESTED) == 1);
      TlsPeer::Step step = TlsPeer::Step::Again;
      for (int turns = 0; turns < 20 && step == TlsPeer::Step::Again; ++turns) {
        step = client.handshake();
        rig.turn();
      }
      REQUIRE(step == TlsPeer::Step::Done);
    }
  }

  void pass(seconds time) {
    rig.pass(time);
    rig.turn();
  }

  support::ForwardRig rig{{.backends = {"unix:/nobody"}}};
  Fd client_fd;
  TlsPeer client;
};

constexpr int kMoreThanFits = 100;

}  // namespace

TEST_CASE("client: who has TLS talk to itself has no longer than another for its first request",
          "[client][http1_session][tls][regression]") {
  TlsSetup setup;
  setup.ask_for_new_keys(kMoreThanFits);
  REQUIRE(setup.rig.sessions() == 1);
  setup.pass(seconds(11));  // the deadline of the head is ten
  CHECK(setup.rig.sessions() == 0);
}

TEST_CASE("client: who takes nothing of what TLS says by itself is cut off after the send timeout",
          "[client][http1_session][tls][regression]") {
  TlsSetup setup;
  REQUIRE(setup.ask("GET /fixed HTTP/1.1\r\nHost: h\r\n\r\n").ends_with("fixed\n"));
  setup.pass(seconds(31));  // the deadline of the answer, which was taken
  setup.ask_for_new_keys(kMoreThanFits);
  REQUIRE(setup.rig.sessions() == 1);
  for (int times = 0; times < 4; ++times) setup.pass(seconds(61));
  CHECK(setup.rig.sessions() == 0);
}

}  // namespace sluice::client
