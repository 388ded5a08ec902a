// SPDX-License-Identifier: MIT
// The check of all clients' rates and that of a route, together on one exchange.
#include "proxy/access/checks.h"

#include <catch2/catch.hpp>

#include "proxy/handlers/fixed_response.h"
#include "tests/support/exchange_rig.h"
#include "tests/support/limiter_rig.h"

namespace sluice::access {
namespace {

using support::ip;
using support::make_ip_table;

constexpr const char* kGet = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

// So slow that no token comes back in the time of a test.
RateRule hourly(std::uint64_t burst) {
  RateRule rule;
  rule.quota = {1, std::chrono::hours(1), burst, 1, 0};
  return rule;
}

class Waits final : public exchange::AccessCheck {
 public:
  Verdict check(exchange::Exchange&) const override {
    return {.failure = {}, .wait = std::chrono::milliseconds(1)};
  }
};

class IsFull final : public exchange::AccessCheck {
 public:
  Verdict check(exchange::Exchange&) const override {
    return {.failure = {exchange::Side::Proxy, exchange::Kind::ListenerBusy}, .retry_after = "1"};
  }
};

// A client whom all together would let pass three times, and the route not at all any more.
struct TwoLimits : support::ExchangeRig {
  TwoLimits() {
    info.peer = ip("192.0.2.1");
    rules->listeners[0].checks = {&of_all};
    route.checks = {&of_route};
    RateLimit("route", hourly(1), *table).check(info.peer, loop.now());
  }

  void run_to_refusal(int status) {
    run(handler, kGet);
    const net::TimePoint deadline = net::Clock::now() + std::chrono::seconds(20);
    while (!client.head && net::Clock::now() < deadline) loop.turn();
    REQUIRE(client.head);
    CHECK(client.head->status == status);
    CHECK_FALSE(client.head->field("Retry-After").empty());
    CHECK(client.head->field("RateLimit").empty());
  }

  // What the check of all has left for the client, when one more has been taken.
  std::uint64_t left() {
    return RateLimit("all", hourly(3), *table).check(info.peer, loop.now()).remaining;
  }

  std::unique_ptr<IpTable> table = make_ip_table(1000);
  RateCheck of_all{{.name = "all", .rule = hourly(3), .fields = true}, {}, *table};
  RateCheck of_route{{.name = "route", .rule = hourly(1)}, {}, *table};
  Waits waits;
  IsFull full;
  handlers::FixedResponse handler{299, "", ""};
};

}  // namespace

TEST_CASE("rate check: who is refused by the route's gets back what he paid to that of all",
          "[access]") {
  TwoLimits rig;
  rig.run_to_refusal(429);
  CHECK(rig.left() == 2);
}

TEST_CASE("rate check: who will be refused by the route's does not wait before", "[access]") {
  TwoLimits rig;
  rig.rules->listeners[0].checks = {&rig.waits, &rig.of_all};
  rig.run_to_refusal(429);
  CHECK(rig.services.counters.requests_delayed.value() == 0);
  CHECK(rig.left() == 2);
}

TEST_CASE("rate check: who waits for his turn comes to what is full only then", "[access]") {
  TwoLimits rig;
  rig.route.checks = {&rig.waits};
  rig.rules->listeners[0].bound = &rig.full;
  rig.run_to_refusal(503);
  CHECK(rig.services.counters.requests_delayed.value() == 1);
  // He has had his turn, and those behind him have waited for it.
  CHECK(rig.left() == 1);
}

TEST_CASE("rate check: who comes to what is full at once gets back what he paid", "[access]") {
  TwoLimits rig;
  rig.route.checks.clear();
  rig.rules->listeners[0].bound = &rig.full;
  rig.run_to_refusal(503);
  CHECK(rig.left() == 2);
}

TEST_CASE("rate check: in shadow nothing is given back that may not have been taken", "[access]") {
  TwoLimits rig;
  RateRule shadow = hourly(3);
  shadow.shadow = true;
  const RateCheck of_all({.name = "all", .rule = shadow, .fields = true}, {}, *rig.table);
  rig.rules->listeners[0].checks = {&of_all};
  rig.run_to_refusal(429);
  CHECK(rig.left() == 1);
}

}  // namespace sluice::access
