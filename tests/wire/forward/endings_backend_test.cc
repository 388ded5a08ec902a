// SPDX-License-Identifier: MIT
// Every ending of the backend at every step of an exchange: it closes, resets, half-closes, stalls
// or talks nonsense. The client is told what it is, each exchange ends once, in a word, and nothing
// leaks. Meant for AddressSanitizer above all.
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
using sluice::support::descriptor_count;
using sluice::support::RawClient;
using sluice::support::read_response;
using sluice::support::ScriptedBackend;
using sluice::support::SluiceProcess;
using sluice::wire::Ending;
using sluice::wire::forwarding_to;
using sluice::wire::Gate;
using sluice::wire::kEndings;
using sluice::wire::kOkOutcome;
using sluice::wire::Ledger;
using sluice::wire::name_of;
using sluice::wire::with_target;

namespace {

const std::string kPostClosing = "POST $ HTTP/1.1\r\nHost: a\r\nConnection: close\r\n";
const std::string kSmall = kPostClosing + "Content-Length: 2\r\n\r\nhi";
const std::string kCollected =
    kPostClosing + "Content-Length: 60000\r\n\r\n" + std::string(60'000, 'b');
const std::string kStreamed =
    kPostClosing + "Content-Length: 200000\r\n\r\n" + std::string(70'000, 'b');
const std::string kStreamedChunk =
    kPostClosing + "Transfer-Encoding: chunked\r\n\r\n30D40\r\n" + std::string(70'000, 'b');
const std::string kLength10 = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n";
const std::string kChunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

const Ledger::Outcomes kEarly = {"$ 502 backend_closed_early"};
const Ledger::Outcomes kCut = {"$ 200 backend_truncated"};
const Ledger::Outcomes kNoHead = {"$ 504 first_byte_timeout"};
// Whose turn it is decides: here the client has stalled, too.
const Ledger::Outcomes kNoRequest = {"$ 408 request_body_timeout"};
const Ledger::Outcomes kNoBody = {"$ 200 backend_read_timeout"};

struct BackendStep {
  const char* name;
  std::string request = kSmall;   // "$" stands for the target
  bool reads = true;              // the whole request, or only its head
  std::string sent = {};          // before it ends
  std::string visible = {};       // what the client sees of that; empty: nothing
  Ledger::Outcomes closed = {};   // in the log when it closes or half-closes here
  Ledger::Outcomes reset = {};    // and when it resets; empty: the same
  Ledger::Outcomes stalled = {};  // and when it says no more
};

const std::vector<BackendStep> kBackendSteps = {
    {.name = "request read", .closed = kEarly, .stalled = kNoHead},
    {.name = "body of the request not read",
     .request = kCollected,
     .reads = false,
     .closed = kEarly,
     .stalled = kNoHead},
    {.name = "half of a streamed request",
     .request = kStreamed,
     .reads = false,
     .closed = kEarly,
     .stalled = kNoRequest},
    {.name = "half of a streamed request in chunks",
     .request = kStreamedChunk,
     .reads = false,
     .closed = kEarly,
     .stalled = kNoRequest},
    {.name = "within the head",
     .sent = "HTTP/1.1 200 OK\r\nContent-",
     .closed = {"$ 502 backend_truncated"},
     .stalled = kNoHead},
    {.name = "after an interim head",
     .sent = "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n",
     .visible = "</a>",
     .closed = kEarly,
     .stalled = kNoHead},
    {.name = "after 100 Continue",
     .sent = "HTTP/1.1 100 Continue\r\n\r\n",
     .closed = kEarly,
     .stalled = kNoHead},
    {.name = "head sent",
     .sent = kLength10,
     .visible = "200 OK",
     .closed = kCut,
     .stalled = kNoBody},
    {.name = "within the body",
     .sent = kLength10 + "half",
     .visible = "half",
     .closed = kCut,
     .stalled = kNoBody},
    {.name = "within a chunk's size",
     .sent = kChunked + "2\r\nab\r\n5",
     .visible = "ab",
     .closed = kCut,
     .stalled = kNoBody},
    {.name = "within a chunk",
     .sent = kChunked + "5\r\nab",
     .visible = "ab",
     .closed = kCut,
     .stalled = kNoBody},
    {.name = "within the trailers",
     .sent = kChunked + "2\r\nab\r\n0\r\nX: ",
     .visible = "ab",
     .closed = kCut,
     .stalled = kNoBody},
    {.name = "within a body until close",
     .sent = "HTTP/1.1 200 OK\r\n\r\nsome",
     .visible = "some",
     .closed = kOkOutcome,
     .reset = kCut,
     .stalled = kNoBody},
    {.name = "complete",
     .sent = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
     .visible = "ok",
     .closed = kOkOutcome,
     .stalled = kOkOutcome},
    {.name = "complete, junk behind",
     .sent = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok\x01\x02",
     .visible = "ok",
     .closed = kOkOutcome,
     .stalled = kOkOutcome},
    {.name = "answered before the request was complete",
     .request = kStreamed,
     .reads = false,
     .sent = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
     .visible = "ok",
     .closed = kOkOutcome,
     .stalled = kOkOutcome},
    {.name = "half an answer before the request was complete",
     .request = kStreamed,
     .reads = false,
     .sent = kLength10 + "half",
     .visible = "half",
     .closed = kCut,
     .stalled = kNoBody},
    {.name = "no HTTP",
     .sent = "220 smtp.example ESMTP\r\n\r\n",
     .visible = "502",
     .closed = {"$ 502 bad_version"},
     .stalled = {"$ 502 bad_version"}},
    {.name = "an endless head",
     .sent = "HTTP/1.1 200 OK\r\nA: " + std::string(15'000, 'a') +
             "\r\nB: " + std::string(15'000, 'b') + "\r\nC: " + std::string(15'000, 'c'),
     .visible = "502",
     .closed = {"$ 502 head_too_large"},
     .stalled = {"$ 502 head_too_large"}},
    {.name = "a malformed chunk",
     .sent = kChunked + "2\r\nab\r\nzz\r\n",
     .closed = {"$ 200 bad_chunk_size"},
     .stalled = {"$ 200 bad_chunk_size"}},
    {.name = "an upgrade nobody asked for",
     .sent = "HTTP/1.1 101 Sure\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n",
     .visible = "502",
     .closed = {"$ 502 unasked_upgrade"},
     .stalled = {"$ 502 unasked_upgrade"}},
};

// One proxy and one backend. A target "/3?17" means the third step, "/ok?18" an honest exchange.
class BackendStage {
 public:
  explicit BackendStage(std::string_view timeouts)
      : backend_([this](BackendConnection& connection) { play(connection); }),
        sluice_(forwarding_to({backend_.address()}, "\"timeouts\": {" + std::string(timeouts) + "}",
                              R"("keepalive": 0, "max_fails": 0)")),
        at_rest_(descriptor_count(sluice_.process_id())) {}
  ~BackendStage() { gate_.open(); }

  // Sends the request of that step; the backend, once the gate opens, ends like this.
  RawClient begin(std::size_t index, Ending ending) {
    ending_ = ending;
    target_ = "/" + std::to_string(index) + "?" + std::to_string(++targets_);
    RawClient client = sluice_.connect();
    client.send(with_target(kBackendSteps[index].request, target_));
    backend_.wait_for_requests(++requests_);
    return client;
  }

  // Waits until the proxy has surely seen what the backend sent: the client has it, or the one
  // worker has since served somebody else.
  void settle(RawClient& client, const std::string& visible) {
    sent_.wait();
    if (!visible.empty())
      client.recv_until(visible);
    else
      serve_another();
  }

  void serve_another() {
    const std::string target = "/ok?" + std::to_string(++targets_);
    RawClient other = sluice_.connect();
    other.send("GET " + target + " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    CHECK(read_response(other).body == "ok");
    ++requests_;
    expect(kOkOutcome, target);
  }

  void expect(const Ledger::Outcomes& outcomes) { expect(outcomes, target_); }
  void expect(const Ledger::Outcomes& outcomes, const std::string& target) {
    ledger_.expect(outcomes, target);
  }
  void check_at_rest() { sluice::wire::check_at_rest(sluice_, at_rest_); }
  void check_log() { ledger_.check(sluice_); }
  void open_gate() { gate_.open(); }
  void shut_gate() {
    gate_.shut();
    sent_.shut();
  }

 private:
  void play(BackendConnection& connection) {
    const auto request = connection.recv_head();
    if (!request) return;
    if (request->target.starts_with("/ok")) return connection.respond(200, "ok");
    const BackendStep& step = kBackendSteps.at(std::stoul(request->target.substr(1)));
    if (step.reads) {
      auto rest = *request;
      read_body(connection, rest);
    }
    connection.send(step.sent);
    sent_.open();
    gate_.wait();
    end(connection, ending_);
  }

  std::atomic<Ending> ending_ = Ending::Close;
  Gate gate_;
  Gate sent_;
  ScriptedBackend backend_;
  SluiceProcess sluice_;
  std::size_t at_rest_;
  Ledger ledger_;
  std::string target_;
  int targets_ = 0;
  int requests_ = 0;
};

}  // namespace

TEST_CASE("endings: a backend that ends at any step is told to the client as what it is",
          "[wire][endings]") {
  BackendStage stage(R"("first_byte": "1m", "backend_read": "1m")");
  for (std::size_t i = 0; i < kBackendSteps.size(); ++i) {
    for (const Ending ending : kEndings) {
      const BackendStep& step = kBackendSteps[i];
      INFO(step.name << ", " << name_of(ending));
      stage.shut_gate();
      RawClient client = stage.begin(i, ending);
      stage.settle(client, step.visible);
      stage.open_gate();
      const auto& outcomes =
          ending == Ending::Reset && !step.reset.empty() ? step.reset : step.closed;
      stage.expect(outcomes);
      client.recv_to_close();
      // What was cut off cannot be taken for complete.
      const bool cut = outcomes[0].starts_with("$ 200") && outcomes != kOkOutcome;
      if (cut) CHECK(client.closed_by_reset());
      client.close();
      stage.check_at_rest();
    }
  }
  stage.check_log();
}

TEST_CASE("endings: a backend that stalls at any step is given up in time, in a word",
          "[wire][endings]") {
  BackendStage stage(R"("first_byte": "300ms", "backend_read": "300ms", "request_body": "600ms")");
  std::vector<RawClient> clients;
  for (std::size_t i = 0; i < kBackendSteps.size(); ++i) {
    clients.push_back(stage.begin(i, Ending::Close));
    stage.expect(kBackendSteps[i].stalled);
  }
  for (RawClient& client : clients) client.recv_to_close();
  clients.clear();
  stage.serve_another();
  stage.check_at_rest();
  stage.check_log();
}
