// SPDX-License-Identifier: MIT
// Endings where there is no request on the backend's connection yet, or none any more: while it is
// being made, as soon as it stands, and while it is kept; and of a backend that does not read.
#include <catch2/catch.hpp>

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <string>
#include <vector>

#include "tests/support/http_reader.h"
#include "tests/support/scripted_backend.h"
#include "tests/support/sockets.h"
#include "tests/wire/configs.h"
#include "tests/wire/endings.h"
#include "tests/wire/forward/scripts.h"

using sluice::Fd;
using sluice::support::BackendConnection;
using sluice::support::descriptor_count;
using sluice::support::Failure;
using sluice::support::RawClient;
using sluice::support::read_response;
using sluice::support::ScriptedBackend;
using sluice::support::SluiceProcess;
using sluice::wire::check_at_rest;
using sluice::wire::Ending;
using sluice::wire::forwarding_to;
using sluice::wire::Gate;
using sluice::wire::kEndings;
using sluice::wire::kGetTarget;
using sluice::wire::Ledger;
using sluice::wire::name_of;
using sluice::wire::send_until_stuck;
using sluice::wire::with_target;

namespace {

// Listens, but nobody is accepted, and the queue is full: connecting comes to no end.
class FullListener {
 public:
  FullListener() : listening_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    address_.sin_family = AF_INET;
    address_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address_;
    if (::bind(listening_.get(), generic(), size) != 0 || ::listen(listening_.get(), 0) != 0 ||
        ::getsockname(listening_.get(), generic(), &size) != 0) {
      throw Failure("no listener: " + sluice::support::errno_text());
    }
    for (int i = 0; i < 3; ++i) {
      queued_.emplace_back(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
      (void)::connect(queued_.back().get(), generic(), size);
    }
  }

  std::string address() const { return "127.0.0.1:" + std::to_string(ntohs(address_.sin_port)); }

 private:
  sockaddr* generic() { return reinterpret_cast<sockaddr*>(&address_); }

  Fd listening_;
  sockaddr_in address_{};
  std::vector<Fd> queued_;
};

void answer(BackendConnection& connection) {
  connection.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
}

constexpr std::string_view kNoFault = R"("max_fails": 0, "keepalive": 0)";

}  // namespace

// Neither the log nor the metrics knew that it had been tried.
TEST_CASE("endings: a backend whose connect fails on the spot leaves its trace, and why",
          "[wire][endings][regression]") {
  ScriptedBackend good(ScriptedBackend::answer(200, "ok"));
  const std::string missing = "unix:" + sluice::support::TempDir().file("missing.sock");
  SECTION("it is tried, then the next") {
    SluiceProcess sluice(forwarding_to({missing, good.address()}));
    RawClient client = sluice.connect();
    client.send(with_target(kGetTarget, "/"));
    CHECK(read_response(client).body == "ok");
    sluice.wait_for_access_log(R"("backend":")" + good.address() + R"(","attempts":2)");
    sluice::support::wait_for_metric(sluice, "sluice_backend_retries_total", 1);
    CHECK_NOTHROW(sluice.wait_for_log("is put aside: connect_refused"));
  }
  SECTION("it is the only one") {
    SluiceProcess sluice(forwarding_to({missing}));
    RawClient client = sluice.connect();
    client.send(with_target(kGetTarget, "/"));
    CHECK(read_response(client).status == 502);
    sluice.wait_for_access_log(R"("backend":")" + missing + R"(","attempts":1)");
    CHECK_NOTHROW(sluice.wait_for_log("backend " + missing +
                                      " of pool p: connect_refused: No such file or directory"));
  }
}

TEST_CASE("endings: a client may end while its backend is being connected", "[wire][endings]") {
  FullListener full;
  SluiceProcess sluice(forwarding_to({full.address()}, R"("timeouts": {"connect": "1m"})"));
  const std::size_t at_rest = descriptor_count(sluice.process_id());
  Ledger ledger;
  for (const Ending ending : kEndings) {
    INFO(name_of(ending));
    const std::string target = std::string("/") + name_of(ending);
    RawClient client = sluice.connect();
    client.send(with_target(kGetTarget, target));
    while (descriptor_count(sluice.process_id()) < at_rest + 2) {  // both sides
    }
    end(client, ending);
    ledger.expect({"$ 499 client_aborted"}, target);
    check_at_rest(sluice, at_rest);
  }
  ledger.check(sluice);
}

TEST_CASE("endings: a backend that does not take the connection is given up in time",
          "[wire][endings]") {
  FullListener full;
  ScriptedBackend other(ScriptedBackend::answer(200, "other"));
  Ledger ledger;
  const std::string timeouts = R"("timeouts": {"connect": "200ms"})";
  SECTION("with no other") {
    SluiceProcess sluice(forwarding_to({full.address()}, timeouts, kNoFault));
    const std::size_t at_rest = descriptor_count(sluice.process_id());
    RawClient client = sluice.connect();
    client.send(with_target(kGetTarget, "/alone"));
    CHECK(read_response(client).status == 504);
    client.close();
    check_at_rest(sluice, at_rest);
    ledger.expect({"$ 504 connect_timeout"}, "/alone");
    ledger.check(sluice);
  }
  SECTION("for another") {
    SluiceProcess sluice(forwarding_to({full.address(), other.address()}, timeouts, kNoFault));
    for (const char* target : {"/1", "/2"}) {  // one of them meets it first
      RawClient client = sluice.connect();
      client.send(with_target(kGetTarget, target));
      CHECK(read_response(client).body == "other");
      ledger.expect({"$ 200 ok"}, target);
    }
    sluice.wait_for_access_log("\"attempts\":2");
    ledger.check(sluice);
  }
}

TEST_CASE("endings: a backend may end, or speak, as soon as it has accepted", "[wire][endings]") {
  struct Greeting {
    const char* name;
    void (*greet)(BackendConnection&);
    const char* outcome;
    const char* or_else = "";
  };
  const std::vector<Greeting> greetings = {
      {"/close", [](BackendConnection& c) { c.close(); }, "$ 502 backend_closed_early"},
      // At once: so connecting itself may fail.
      {"/reset", [](BackendConnection& c) { c.reset(); }, "$ 502 backend_closed_early",
       "/reset 502 connect_failed"},
      {"/half-close",
       [](BackendConnection& c) {
         c.half_close();
         c.recv_to_close();
       },
       "$ 502 backend_closed_early"},
      {"/answer",
       [](BackendConnection& c) {
         answer(c);
         c.recv_head();
       },
       "$ 200 ok"},
      {"/junk",
       [](BackendConnection& c) {
         c.send("\x15\x03\x01\r\n\r\n");
         c.recv_to_close();
       },
       "$ 502 bad_version"},
  };
  for (const Greeting& greeting : greetings) {
    INFO(greeting.name);
    Ledger ledger;
    ScriptedBackend backend(greeting.greet);
    SluiceProcess sluice(forwarding_to({backend.address()}, {}, kNoFault));
    const std::size_t at_rest = descriptor_count(sluice.process_id());
    RawClient client = sluice.connect();
    client.send(with_target(kGetTarget, greeting.name));
    read_response(client);
    client.close();
    const std::string seen = sluice::support::wait_for_log_entries(sluice, 1).at(0).outcome();
    ledger.expect({seen == greeting.or_else ? greeting.or_else : greeting.outcome}, greeting.name);
    check_at_rest(sluice, at_rest);
    ledger.check(sluice);
  }
}

TEST_CASE("endings: a kept connection may end, or speak, and nobody's request is the worse for it",
          "[wire][endings]") {
  Gate gate;
  ScriptedBackend backend([&gate](BackendConnection& connection) {
    const auto request = connection.recv_head();
    if (!request) return;
    answer(connection);
    gate.wait();
    if (request->target == "/close") return;
    if (request->target == "/reset") return connection.reset();
    if (request->target == "/half-close") connection.half_close();
    if (request->target == "/junk") connection.try_send("junk");
    if (request->target == "/answer") connection.try_send("HTTP/1.1 200 OK\r\n\r\nnobody's");
    connection.recv_to_close();
  });
  SluiceProcess sluice(
      forwarding_to({backend.address()}, {}, R"("keepalive_timeout": "400ms", "max_fails": 0)"));
  const std::size_t at_rest = descriptor_count(sluice.process_id());
  Ledger ledger;
  int connections = 0;
  for (const char* target : {"/close", "/reset", "/half-close", "/junk", "/answer", "/stall"}) {
    INFO(target);
    gate.shut();
    RawClient client = sluice.connect();
    client.send(with_target(kGetTarget, target));
    CHECK(read_response(client).body == "ok");
    client.close();
    ledger.expect({"$ 200 ok"}, target);
    gate.open();
    check_at_rest(sluice, at_rest);
    CHECK(backend.connections() == ++connections);
  }
  ledger.check(sluice);
}

TEST_CASE("endings: a backend that does not read a streamed upload may end, or is given up",
          "[wire][endings]") {
  Gate gate;
  std::atomic<Ending> how = Ending::Close;
  ScriptedBackend backend([&gate, &how](BackendConnection& connection) {
    if (!connection.recv_head()) return;
    gate.wait();
    end(connection, how);
  });
  SluiceProcess sluice(forwarding_to({backend.address()}, R"("timeouts": {"first_byte": "400ms"})",
                                     R"("max_fails": 0, "keepalive": 0)"));
  const std::size_t at_rest = descriptor_count(sluice.process_id());
  Ledger ledger;
  int target = 0;
  const auto upload = [&](const char* framing, const char* status, const char* outcome) {
    gate.shut();
    const std::string name = "/" + std::to_string(++target);
    RawClient client = sluice.connect();
    client.send(with_target("POST $ HTTP/1.1\r\nHost: a\r\n", name) + framing);
    send_until_stuck(client);
    if (std::string(status) == "502") gate.open();
    CHECK_NOTHROW(client.recv_until(status));
    client.close();
    ledger.expect({outcome}, name);
    check_at_rest(sluice, at_rest);
    gate.open();
  };
  for (const char* framing :
       {"Content-Length: 1000000000\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\n3B9ACA00\r\n"}) {
    for (const Ending ending : kEndings) {
      INFO(name_of(ending) << " " << framing);
      how = ending;
      upload(framing, "502", "$ 502 backend_closed_early");
    }
    INFO("stall " << framing);
    upload(framing, "504", "$ 504 first_byte_timeout");
  }
  ledger.check(sluice);
}

// The write that meets a reset takes the error away, and reading then sees an orderly end.
TEST_CASE("endings: a reset that an upload meets first completes no body", "[wire][endings]") {
  Gate gate;
  ScriptedBackend backend([&gate](BackendConnection& connection) {
    if (!connection.recv_head()) return;
    connection.send("HTTP/1.1 200 OK\r\n\r\nsome");
    gate.wait();
    connection.reset();
  });
  SluiceProcess sluice(forwarding_to({backend.address()}, {}, kNoFault));
  RawClient client = sluice.connect();
  client.send(
      with_target("POST $ HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000000\r\n\r\n", "/cut"));
  send_until_stuck(client);
  CHECK_NOTHROW(client.recv_until("some"));
  gate.open();
  CHECK(client.recv_to_close().find("0\r\n\r\n") == std::string::npos);
  Ledger ledger;
  ledger.expect({"$ 200 backend_truncated"}, "/cut");
  ledger.check(sluice);
}

TEST_CASE("endings: a head that trickles does not wind up the clock", "[wire][endings]") {
  ScriptedBackend backend([](BackendConnection& connection) {
    if (!connection.recv_head()) return;
    const std::string head = "HTTP/1.1 200 OK\r\nX: " + std::string(10'000, 'x');
    for (const char byte : head) {
      if (!connection.try_send({&byte, 1})) return;
      try {
        if (connection.peek(1, std::chrono::milliseconds(20)).empty()) return;
      } catch (const Failure&) {  // nothing comes, as it should be
      }
    }
  });
  SluiceProcess sluice(
      forwarding_to({backend.address()}, R"("timeouts": {"first_byte": "300ms"})", kNoFault));
  RawClient client = sluice.connect();
  client.send(with_target(kGetTarget, "/trickle"));
  CHECK(read_response(client).status == 504);
  Ledger ledger;
  ledger.expect({"$ 504 first_byte_timeout"}, "/trickle");
  ledger.check(sluice);
}
