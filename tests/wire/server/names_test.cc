// SPDX-License-Identifier: MIT
// Backends that have names: starts, reloads and what DNS says meanwhile.
#include <catch2/catch.hpp>

#include <signal.h>

#include <future>
#include <string>

#include "tests/support/deadline.h"
#include "tests/support/dns_server.h"
#include "tests/support/http_reader.h"
#include "tests/support/scripted_backend.h"
#include "tests/support/sluice_process.h"
#include "tests/wire/configs.h"

using sluice::support::Deadline;
using sluice::support::DnsReply;
using sluice::support::DnsServer;
using sluice::support::Failure;
using sluice::support::RawClient;
using sluice::support::read_response;
using sluice::support::Response;
using sluice::support::ScriptedBackend;
using sluice::support::SluiceProcess;

namespace {

const DnsReply kHeld{.kind = DnsReply::Kind::Held};
const DnsReply kHere{.addresses = {"127.0.0.1"}};
const DnsReply kNowhere{.addresses = {"127.0.0.9"}};

struct Names {
  std::string forwarding_to(const std::string& backend) const {
    return sluice::wire::forwarding_to(
        {backend}, R"("resolver": {"servers": [")" + dns.address() + R"("], "timeout": "1m"})",
        R"("max_fails": 0)");
  }
  // "app.test:41233"
  static std::string at(const std::string& host, const ScriptedBackend& backend) {
    return host + ":" + std::to_string(backend.port());
  }
  void await_question(const std::string& host, std::size_t count = 1) const {
    const Deadline deadline;
    while (dns.questions(host) < count) {
      if (deadline.expired()) throw Failure("nobody asked for " + host);
    }
  }

  DnsServer dns;
  ScriptedBackend one{ScriptedBackend::answer(200, "one")};
  ScriptedBackend two{ScriptedBackend::answer(200, "two")};
};

Response answer_to(RawClient client, const std::string& path = "/") {
  client.send("GET " + path + " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  return read_response(client);
}

std::string body_of(const SluiceProcess& sluice) {
  return answer_to(sluice.connect()).body;
}

// New addresses are taken by the workers some time after DNS has told.
void await_body(const SluiceProcess& sluice, const std::string& body) {
  const Deadline deadline;
  while (body_of(sluice) != body) {
    if (deadline.expired()) throw Failure("no answer of " + body);
  }
}

std::future<bool> reload_meanwhile(SluiceProcess& sluice, const std::string& config) {
  return std::async(std::launch::async, [&sluice, config] { return sluice.reload(config); });
}

}  // namespace

// They were 503: the pool was empty until the name had resolved.
TEST_CASE_METHOD(Names, "names: the old configuration serves until a new name is resolved",
                 "[wire][names][reload][regression]") {
  dns.set("app.test", kHeld);
  SluiceProcess sluice(forwarding_to(one.address()));
  std::future<bool> reloaded = reload_meanwhile(sluice, forwarding_to(at("app.test", two)));
  sluice.wait_for_log("the reload waits for names");
  CHECK(body_of(sluice) == "one");
  SECTION("and the new one then") {
    dns.set("app.test", kHere);
    CHECK(reloaded.get());
    CHECK(body_of(sluice) == "two");
  }
  SECTION("or does not, and then goes without it") {
    dns.set("app.test", {.kind = DnsReply::Kind::NoSuchHost});
    CHECK(reloaded.get());
    CHECK(sluice.log().find("app.test does not resolve: no such host") != std::string::npos);
    CHECK(answer_to(sluice.connect()).status == 503);
  }
  SECTION("unless a newer file comes") {
    CHECK(sluice.reload(forwarding_to(two.address())));
    CHECK(body_of(sluice) == "two");
    dns.set("app.test", kNowhere);
    CHECK(reloaded.get());
    CHECK(sluice.reload(forwarding_to(two.address())));  // what came of the older is done by now
    CHECK(body_of(sluice) == "two");
  }
  SECTION("and a bad file changes nothing") {
    sluice.directory().write("sluice.json", "{}");
    sluice.process().signal(SIGHUP);
    sluice.wait_for_log("reload failed");
    CHECK_FALSE(reloaded.get());
    dns.set("app.test", kHere);
    await_body(sluice, "two");
  }
  SECTION("and a drain ends the wait") {
    sluice.process().signal(SIGTERM);
    CHECK(sluice.process().wait().code == 0);
    CHECK_THROWS(reloaded.get());
  }
}

TEST_CASE_METHOD(Names, "names: a new port of a known name waits for nobody",
                 "[wire][names][reload][regression]") {
  dns.set("app.test", kHere);
  SluiceProcess sluice(forwarding_to(at("app.test", one)));
  await_body(sluice, "one");
  dns.set("app.test", kHeld);
  REQUIRE(sluice.reload(forwarding_to(at("app.test", two))));
  CHECK(body_of(sluice) == "two");
}

// In a cloud its old address may be somebody else's.
TEST_CASE_METHOD(Names, "names: a name that was away begins without its old addresses",
                 "[wire][names][reload][regression]") {
  dns.set("app.test", kHere);
  SluiceProcess sluice(forwarding_to(at("app.test", one)));
  await_body(sluice, "one");
  REQUIRE(sluice.reload(forwarding_to(two.address())));
  CHECK(body_of(sluice) == "two");
  dns.set("app.test", {.kind = DnsReply::Kind::NoSuchHost});
  REQUIRE(sluice.reload(forwarding_to(at("app.test", one))));
  CHECK(answer_to(sluice.connect()).status == 503);
}

TEST_CASE_METHOD(Names, "names: SIGHUP asks for each anew, and the last addresses hold meanwhile",
                 "[wire][names][reload][regression]") {
  dns.set("app.test", kHere);
  const std::string config = forwarding_to(at("app.test", one));
  SluiceProcess sluice(config);
  await_body(sluice, "one");
  dns.set("app.test", kHeld);
  REQUIRE(sluice.reload(config));
  await_question("app.test", 2);
  CHECK(body_of(sluice) == "one");
  dns.set("app.test", kNowhere);
  const Deadline deadline;
  while (answer_to(sluice.connect()).status == 200) {
    if (deadline.expired()) throw Failure("the new address is not used");
  }
}

TEST_CASE_METHOD(Names, "names: a start is ready when each has been answered, or has failed",
                 "[wire][names][admin][regression]") {
  const bool resolves = GENERATE(true, false);
  dns.set("app.test", kHeld);
  const SluiceProcess sluice(forwarding_to(at("app.test", one)));
  const Response before = answer_to(sluice.connect_admin(), "/ready");
  CHECK(before.status == 503);
  CHECK(before.body == "starting\n");
  dns.set("app.test", resolves ? kHere : DnsReply{.kind = DnsReply::Kind::NoSuchHost});
  const Deadline deadline;
  Response after;
  do {
    after = answer_to(sluice.connect_admin(), "/ready");
  } while (after.status != 200 && !deadline.expired());
  CHECK(after.body == "ready\n");
}
