// SPDX-License-Identifier: MIT
// Every ending of a tunnel: either side closes, resets, half-closes or stalls while nothing flows,
// while one side does not read, and once the other has shut its direction.
#include <catch2/catch.hpp>

#include <atomic>
#include <string>
#include <vector>

#include "tests/support/http_reader.h"
#include "tests/support/scripted_backend.h"
#include "tests/wire/configs.h"
#include "tests/wire/endings.h"
#include "tests/wire/forward/scripts.h"

using sluice::support::BackendConnection;
using sluice::support::ClientOptions;
using sluice::support::descriptor_count;
using sluice::support::RawClient;
using sluice::support::read_response_head;
using sluice::support::ScriptedBackend;
using sluice::support::SluiceProcess;
using sluice::wire::Ending;
using sluice::wire::forwarding_to;
using sluice::wire::Gate;
using sluice::wire::kAgreed;
using sluice::wire::kEndings;
using sluice::wire::Ledger;
using sluice::wire::name_of;
using sluice::wire::send_until_stuck;
using sluice::wire::with_target;

namespace {

const std::string kUpgradeTarget =
    "GET $ HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";

// What each side does before one of them ends.
struct State {
  const char* name;
  const char* backend;  // see play()
  bool client_sends;    // until nothing is taken any more
  bool client_shuts;    // its direction
  Ledger::Outcomes
      client;  // in the log when the client closes, resets, half-closes; empty: not here
  Ledger::Outcomes server;  // and when the backend does
  const char* stalled;      // when nobody does anything more
};

const std::string kTunnelOk = "$ 101 ok";
const std::string kTunnelAborted = "$ 101 client_aborted";
const std::string kTunnelCut = "$ 101 backend_truncated";

const std::vector<State> kStates = {
    {"nothing flows",
     "/waits",
     false,
     false,
     {kTunnelOk, kTunnelAborted, kTunnelOk},
     {kTunnelOk, kTunnelCut, kTunnelOk},
     "$ 101 tunnel_idle"},
    // Closed with bytes unread, a socket resets.
    {"the client does not read",
     "/talks",
     false,
     false,
     {kTunnelAborted, kTunnelAborted, kTunnelOk},
     {kTunnelOk, kTunnelCut, kTunnelOk},
     "$ 101 send_timeout"},
    // A client that closes has its say first: its end is behind its bytes.
    {"the backend does not read",
     "/waits",
     true,
     false,
     {kTunnelOk, kTunnelAborted, kTunnelOk},
     {kTunnelCut, kTunnelCut, kTunnelOk},
     "$ 101 tunnel_idle"},
    {"the client has shut its side",
     "/waits",
     false,
     true,
     {},
     {kTunnelOk, kTunnelCut, kTunnelOk},
     "$ 101 tunnel_idle"},
    // Nothing is lost by a reset behind the last byte.
    {"the backend has shut its side",
     "/shuts",
     false,
     false,
     {kTunnelOk, kTunnelAborted, kTunnelOk},
     {kTunnelOk, kTunnelOk, kTunnelOk},
     "$ 101 tunnel_idle"},
};

class TunnelStage {
 public:
  explicit TunnelStage(std::string_view timeouts)
      : backend_([this](BackendConnection& connection) { play(connection); }),
        sluice_(forwarding_to(backend_, "\"timeouts\": {" + std::string(timeouts) + "}")),
        at_rest_(descriptor_count(sluice_.process_id())) {}
  ~TunnelStage() { gate_.open(); }

  RawClient reach(const State& state, const std::string& outcome) {
    gate_.shut();
    ready_.shut();
    const std::string target = state.backend + ("?" + std::to_string(++targets_));
    ClientOptions narrow;
    narrow.receive_buffer = 16 * 1024;
    RawClient client = sluice_.connect(0, narrow);
    client.send(with_target(kUpgradeTarget, target));
    CHECK(read_response_head(client).status == 101);
    ready_.wait();
    if (state.client_sends) send_until_stuck(client);
    if (state.client_shuts) client.half_close();
    if (state.backend == std::string("/shuts")) client.expect_close();
    ledger_.expect({outcome}, target);
    return client;
  }

  // From here on the backend reads, and ends like this.
  void let_backend_end(Ending ending, bool read_first) {
    ending_ = ending;
    read_first_ = read_first;
    gate_.open();
  }
  void check_at_rest() { sluice::wire::check_at_rest(sluice_, at_rest_); }
  void check_log() {
    CHECK(backend_.failures() == std::vector<std::string>());
    ledger_.check(sluice_);
  }

 private:
  void play(BackendConnection& connection) {
    const auto request = connection.recv_head();
    if (!request) return;
    connection.send(kAgreed);
    if (request->target.starts_with("/talks")) send_until_stuck(connection);
    if (request->target.starts_with("/shuts")) connection.half_close();
    ready_.open();
    gate_.wait();
    if (read_first_) connection.recv_to_close();
    end(connection, ending_);
  }

  std::atomic<Ending> ending_ = Ending::Close;
  std::atomic<bool> read_first_ = false;
  Gate gate_;
  Gate ready_;
  ScriptedBackend backend_;
  SluiceProcess sluice_;
  std::size_t at_rest_;
  Ledger ledger_;
  int targets_ = 0;
};

}  // namespace

TEST_CASE("endings: a client may end a tunnel in any state", "[wire][endings][tunnel]") {
  TunnelStage stage("");
  for (const State& state : kStates) {
    if (state.client.empty()) continue;
    for (const Ending ending : kEndings) {
      INFO(state.name << ", " << name_of(ending));
      const std::string outcome = state.client.at(static_cast<std::size_t>(ending));
      RawClient client = stage.reach(state, outcome);
      const bool orderly = outcome == kTunnelOk;
      // Its own end gives the client the bytes that are on their way.
      if (ending == Ending::HalfClose) stage.let_backend_end(Ending::Close, true);
      end(client, ending);
      if (orderly) stage.let_backend_end(Ending::Close, true);
      stage.check_at_rest();
      if (!orderly) stage.let_backend_end(Ending::Close, true);
    }
  }
  stage.check_log();
}

TEST_CASE("endings: a backend may end a tunnel in any state", "[wire][endings][tunnel]") {
  TunnelStage stage("");
  for (const State& state : kStates) {
    for (const Ending ending : kEndings) {
      INFO(state.name << ", " << name_of(ending));
      const std::string outcome = state.server.at(static_cast<std::size_t>(ending));
      RawClient client = stage.reach(state, outcome);
      stage.let_backend_end(ending, false);
      client.recv_to_close();
      client.close();
      stage.check_at_rest();
    }
  }
  stage.check_log();
}

TEST_CASE("endings: a tunnel that stalls in any state is ended in time, in a word",
          "[wire][endings][tunnel]") {
  TunnelStage stage(R"("tunnel": "900ms", "send": "250ms")");
  std::vector<RawClient> clients;
  for (const State& state : kStates) clients.push_back(stage.reach(state, state.stalled));
  stage.check_at_rest();
  stage.check_log();
}
