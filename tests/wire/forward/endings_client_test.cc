// SPDX-License-Identifier: MIT
// Every ending of the client at every step of an exchange: it closes, resets, half-closes or
// stalls, plain and over TLS. Whatever happens, each exchange that was begun ends once, in a word,
// nothing leaks, and the next client is served. Meant for AddressSanitizer above all.
#include <catch2/catch.hpp>

#include <signal.h>

#include <string>
#include <vector>

#include "tests/support/http_reader.h"
#include "tests/support/scripted_backend.h"
#include "tests/support/temp_dir.h"
#include "tests/support/test_certificates.h"
#include "tests/wire/configs.h"
#include "tests/wire/endings.h"
#include "tests/wire/forward/scripts.h"

using sluice::support::BackendConnection;
using sluice::support::ClientOptions;
using sluice::support::descriptor_count;
using sluice::support::RawClient;
using sluice::support::read_response;
using sluice::support::ScriptedBackend;
using sluice::support::SluiceProcess;
using sluice::support::TempDir;
using sluice::wire::Ending;
using sluice::wire::Gate;
using sluice::wire::kEndings;
using sluice::wire::kGetTarget;
using sluice::wire::kOkOutcome;
using sluice::wire::Ledger;
using sluice::wire::name_of;
using sluice::wire::send_until_stuck;
using sluice::wire::with_target;

namespace {

struct ClientStep {
  const char* name;
  std::string path = "/";         // what the backend does, see serve()
  std::string sent = {};          // "$" stands for the target
  std::string awaited = {};       // of the answer
  std::string more = {};          // sent then
  bool reaches_backend = false;   // waits until it has
  Ledger::Outcomes ended = {};    // in the log when the client ends here
  Ledger::Outcomes stalled = {};  // and when it only stays
};

const std::string kPostExpecting = "POST $ HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n";
const std::string kPost10 = kPostExpecting + "Content-Length: 10\r\n\r\n";
const std::string kPostChunked = kPostExpecting + "Transfer-Encoding: chunked\r\n\r\n";
const std::string kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
const Ledger::Outcomes kClientAborted = {"$ 499 client_aborted"};
const Ledger::Outcomes kTooSlow = {"$ 408 request_body_timeout"};

// In an order that has those first that wait for nobody.
const std::vector<ClientStep> kClientSteps = {
    {"connected"},
    {.name = "an empty line", .sent = "\r\n"},
    {.name = "within the head",
     .sent = "POST / HTTP/1.1\r\nHost: a\r\nCont",
     .stalled = {"- 408 request_head_timeout"}},
    {.name = "body missing",
     .sent = kPost10,
     .awaited = kContinue,
     .ended = kClientAborted,
     .stalled = kTooSlow},
    {.name = "within the body",
     .sent = kPost10,
     .awaited = kContinue,
     .more = "half",
     .ended = kClientAborted,
     .stalled = kTooSlow},
    {.name = "within a chunk's size",
     .sent = kPostChunked,
     .awaited = kContinue,
     .more = "2\r\nab\r\n5",
     .ended = kClientAborted,
     .stalled = kTooSlow},
    {.name = "within a chunk",
     .sent = kPostChunked,
     .awaited = kContinue,
     .more = "5\r\nab",
     .ended = kClientAborted,
     .stalled = kTooSlow},
    {.name = "within the trailers",
     .sent = kPostChunked,
     .awaited = kContinue,
     .more = "1\r\na\r\n0\r\nX: ",
     .ended = kClientAborted,
     .stalled = kTooSlow},
    {.name = "within a body that is streamed",
     .path = "/reads",
     .sent = kPostExpecting + "Content-Length: 200000\r\n\r\n" + std::string(70'000, 'b'),
     .reaches_backend = true,
     .ended = kClientAborted,
     .stalled = kTooSlow},
    {.name = "within a chunk that is streamed",
     .path = "/reads",
     .sent = kPostChunked + "30D40\r\n" + std::string(70'000, 'b'),
     .reaches_backend = true,
     .ended = kClientAborted,
     .stalled = kTooSlow},
    {.name = "waiting",
     .path = "/held",
     .sent = kGetTarget,
     .reaches_backend = true,
     .ended = kClientAborted},
    {.name = "waiting, of HTTP/1.0",
     .path = "/held",
     .sent = "GET $ HTTP/1.0\r\n\r\n",
     .reaches_backend = true,
     .ended = kClientAborted},
    {.name = "waiting, its body sent",
     .path = "/held",
     .sent = "PUT $ HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody",
     .reaches_backend = true,
     .ended = kClientAborted},
    {.name = "waiting, the next request sent too",
     .path = "/held",
     .sent = kGetTarget + kGetTarget,
     .reaches_backend = true,
     .ended = kClientAborted},
    {.name = "waiting, junk sent behind",
     .path = "/held",
     .sent = kGetTarget + "\x16\x03junk",
     .reaches_backend = true,
     .ended = kClientAborted},
    {.name = "within the response's head",  // no state of the proxy's, but one of the client's
     .path = "/stalled",
     .sent = kGetTarget,
     .awaited = "HTTP/1.1 200 OK\r\n",
     .reaches_backend = true,
     .ended = {"$ 200 client_aborted"}},
    {.name = "within the response's body",
     .path = "/stalled",
     .sent = kGetTarget,
     .awaited = "half",
     .ended = {"$ 200 client_aborted"}},
    {.name = "not reading",
     .path = "/flood",
     .sent = kGetTarget,
     .awaited = "200 OK",
     .ended = {"$ 200 client_aborted"},
     .stalled = {"$ 200 send_timeout"}},
    {.name = "idle",
     .path = "/ok",
     .sent = kGetTarget,
     .awaited = "ok!",
     .ended = kOkOutcome,
     .stalled = kOkOutcome},
    {.name = "within the next head",
     .path = "/ok",
     .sent = kGetTarget,
     .awaited = "ok!",
     .more = "GET / HTTP/1.1\r\nHo",
     .ended = kOkOutcome,
     .stalled = {"$ 200 ok", "- 408 request_head_timeout"}},
    {.name = "junk behind the request",
     .path = "/ok",
     .sent = kGetTarget + "\x01\x02\r\n\r\n",
     .awaited = "HTTP/1.1 400 ",
     .ended = {"$ 200 ok", "- 400 bad_method"},
     .stalled = {"$ 200 ok", "- 400 bad_method"}},
    {.name = "malformed",
     .sent = "GET / HTTP/1.1\r\nHost : a\r\n\r\n",
     .awaited = "HTTP/1.1 400 ",
     .ended = {"- 400 space_in_field_name"},
     .stalled = {"- 400 space_in_field_name"}},
    {.name = "malformed chunk",
     .sent = kPostChunked + "zz\r\n",
     .awaited = "HTTP/1.1 400 ",
     .ended = {"$ 400 bad_chunk_size"},
     .stalled = {"$ 400 bad_chunk_size"}},
    {.name = "after an early answer",
     .path = "/early",
     .sent = kPostExpecting + "Content-Length: 200000\r\n\r\n" + std::string(70'000, 'b'),
     .awaited = "early",
     .ended = {"$ 413 ok"},
     .stalled = {"$ 413 ok"}},
};

// What is behind each path of a step, for any number of requests.
bool serve_one(BackendConnection& connection, Gate& gate) {
  const auto request = connection.recv_head();
  if (!request) return false;
  const std::string what = request->target.substr(0, request->target.find('?'));
  if (what == "/ok") return connection.try_send("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok!");
  if (what == "/stalled") connection.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
  if (what == "/early") connection.respond(413, "early");
  if (what == "/flood") {
    connection.send("HTTP/1.1 200 OK\r\n\r\n");
    send_until_stuck(connection);
  }
  if (what == "/deaf") {
    gate.wait();
  } else {
    connection.recv_to_close();
  }
  return false;
}

// The patient proxy of a test, or the impatient one: a plain listener and one with TLS.
class ClientStage {
 public:
  explicit ClientStage(std::string_view timeouts)
      : certificate_(
            sluice::support::make_certificate(directory_.path(), "localhost", {"localhost"})),
        backend_([this](BackendConnection& connection) {
          while (serve_one(connection, gate_)) {
          }
        }),
        sluice_(config(timeouts)),
        at_rest_(descriptor_count(sluice_.process_id())) {}
  ~ClientStage() { gate_.open(); }

  // A client that has come to that step; its target is in `target`.
  RawClient reach(const ClientStep& step, std::size_t listener, std::string& target) {
    target = step.path + "?" + std::to_string(++targets_);
    ClientOptions narrow;
    narrow.receive_buffer = 16 * 1024;
    RawClient client = sluice_.connect(listener, narrow);
    if (listener == 1) client.handshake();
    client.send(with_target(step.sent, target));
    if (!step.awaited.empty()) client.recv_until(step.awaited);
    if (step.reaches_backend)
      backend_.wait_for_requests(++reached_);
    else if (step.path != "/")
      ++reached_;
    client.send(step.more);
    return client;
  }

  // Somebody else, meanwhile.
  void serve_another() {
    const std::string target = "/ok?other" + std::to_string(++targets_);
    RawClient other = sluice_.connect();
    other.send(with_target(kGetTarget, target));
    CHECK(read_response(other).body == "ok!");
    ++reached_;
    ledger_.expect(kOkOutcome, target);
  }

  void expect(const Ledger::Outcomes& outcomes, const std::string& target) {
    ledger_.expect(outcomes, target);
  }
  void check_at_rest() { sluice::wire::check_at_rest(sluice_, at_rest_); }
  void check_log() { ledger_.check(sluice_); }
  SluiceProcess& sluice() { return sluice_; }

 private:
  // Nothing is kept alive towards the backend, so that nothing may stay open.
  std::string config(std::string_view timeouts) const {
    return R"({"workers": 1, "listeners": [{"address": "127.0.0.1:0"}, {"address": "127.0.0.1:0",
      "tls": {"certificates": [{"cert": ")" +
           certificate_.cert_path + R"(", "key": ")" + certificate_.key_path +
           R"("}]}}], "access_log": {"format": "json"}, "buffers": {"response": "64KiB"},
      "pools": {"p": {"keepalive": 0, "max_fails": 0, "backends": [")" +
           backend_.address() + R"("]}}, "routes": [{"forward": {"pool": "p"}}],
      "timeouts": {)" +
           std::string(timeouts) + "}}";
  }

  TempDir directory_;
  sluice::support::TestCertificate certificate_;
  Gate gate_;
  ScriptedBackend backend_;
  SluiceProcess sluice_;
  std::size_t at_rest_;
  Ledger ledger_;
  int targets_ = 0;
  int reached_ = 0;
};

// No deadline of a client's comes to the rescue.
constexpr std::string_view kPatient =
    R"("request_head": "1m", "request_body": "1m", "send": "1m", "idle": "1m", "tls_handshake": "1m")";

}  // namespace

TEST_CASE("endings: a client that ends at any step leaves one line in the log and nothing else",
          "[wire][endings]") {
  ClientStage stage(kPatient);
  for (const std::size_t listener : {0U, 1U}) {
    for (const ClientStep& step : kClientSteps) {
      for (const Ending ending : kEndings) {
        INFO(step.name << ", " << name_of(ending) << ", listener " << listener);
        std::string target;
        RawClient client = stage.reach(step, listener, target);
        end(client, ending);
        client.close();
        stage.expect(step.ended, target);
        stage.check_at_rest();
      }
    }
    stage.serve_another();
  }
  stage.check_log();
}

TEST_CASE("endings: a client that stalls at any step is let go in time, in a word",
          "[wire][endings]") {
  ClientStage stage(R"("request_head": "2s", "request_body": "2s", "idle": "2s",
    "send": "2s", "tls_handshake": "2s")");
  std::vector<RawClient> clients;
  for (const std::size_t listener : {0U, 1U}) {
    for (const ClientStep& step : kClientSteps) {
      if (step.stalled.empty() && !step.ended.empty()) continue;  // it is the backend that stalls
      INFO(step.name << ", listener " << listener);
      std::string target;
      clients.push_back(stage.reach(step, listener, target));
      stage.expect(step.stalled, target);
    }
  }
  clients.push_back(stage.sluice().connect(1));  // no handshake
  clients.push_back(stage.sluice().connect(1));
  clients.back().send("\x16\x03\x01\x02");  // the front of one
  stage.serve_another();
  // None of them has closed.
  stage.check_at_rest();
  stage.check_log();
}

// Both are one event, and the first read gives only the bytes.
TEST_CASE("endings: a reset that comes together with bytes is noticed within a message",
          "[wire][endings]") {
  ClientStage stage(kPatient);
  for (const std::size_t listener : {0U, 1U}) {
    for (const ClientStep& step : kClientSteps) {
      if (step.more.empty() && step.name != std::string("an empty line")) continue;
      INFO(step.name << ", listener " << listener);
      ClientStep first = step;
      first.more.clear();
      std::string target;
      RawClient client = stage.reach(first, listener, target);
      stage.sluice().process().signal(SIGSTOP);
      client.send(step.more.empty() ? "\r\n" : step.more);
      client.reset();
      stage.sluice().process().signal(SIGCONT);
      stage.expect(step.ended, target);
      stage.check_at_rest();
    }
  }
  RawClient handshaking = stage.sluice().connect(1);
  handshaking.send("\x16\x03\x01");
  stage.serve_another();  // by then that has been read
  stage.sluice().process().signal(SIGSTOP);
  handshaking.send("\x02");
  handshaking.reset();
  stage.sluice().process().signal(SIGCONT);
  stage.check_at_rest();
  stage.check_log();
}

TEST_CASE("endings: a client that is paused may reset all the same", "[wire][endings]") {
  ClientStage stage(R"("first_byte": "1m")");
  std::vector<RawClient> clients;
  for (const std::size_t listener : {0U, 1U}) {
    for (const char* framing :
         {"Content-Length: 1000000000\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\n3B9ACA00\r\n"}) {
      std::string target;
      const ClientStep step = {.name = "not read",
                               .path = "/deaf",
                               .sent = kPostExpecting + framing + std::string(70'000, 'b'),
                               .reaches_backend = true};
      clients.push_back(stage.reach(step, listener, target));
      send_until_stuck(clients.back());
      stage.expect(kClientAborted, target);
    }
  }
  for (RawClient& client : clients) client.reset();
  stage.check_at_rest();
  stage.check_log();
}

// No more than those of one turn were answered.
TEST_CASE("endings: whole requests before a half-close are answered, all of them",
          "[wire][endings][regression]") {
  TempDir site;
  site.write("page", "page");
  SluiceProcess sluice(R"({"workers": 1, "listeners": [{"address": "127.0.0.1:0"}],
      "buffers": {"response": "4KiB"}, "routes": [
        {"match": {"path": "/page"}, "files": {"root": ")" +
                       site.path().string() + R"("}},
        {"match": {}, "respond": {"body": ")" +
                       std::string(3000, 'b') + R"("}}]})");
  constexpr int kRequests = 300;
  const std::string kTake = "POST /take HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n";
  for (const std::string rest : {"", "GET / HTTP/1.1\r\nHo", "\r\n", "POST / body"}) {
    for (const std::string path : {"/page", "/", "/take"}) {
      CAPTURE(rest, path);
      std::string sent;
      for (int i = 0; i < kRequests; ++i) {
        sent += path == "/take" ? kTake + "body" : with_target(kGetTarget, path);
      }
      RawClient client = sluice.connect();
      client.send(sent + (rest == "POST / body" ? kTake + "bo" : rest));
      client.half_close();
      const int answers = kRequests + (rest == "POST / body" ? 1 : 0);
      for (int i = 0; i < answers; ++i) REQUIRE(read_response(client).status == 200);
      client.expect_close();
    }
  }
}
