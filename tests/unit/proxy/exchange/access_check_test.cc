// SPDX-License-Identifier: MIT
// Access checks as the steps ask them, with checks that do as they are told.
#include "proxy/exchange/access_check.h"

#include <catch2/catch.hpp>

#include <string>
#include <vector>

#include "proxy/handlers/fixed_response.h"
#include "tests/support/exchange_rig.h"

namespace sluice::exchange {
namespace {

constexpr const char* kGet = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

// Writes its name into a list when it is asked.
class Scripted final : public AccessCheck {
 public:
  Scripted(std::string name, std::vector<std::string>& asked)
      : name_(std::move(name)), asked_(asked) {}

  Verdict check(Exchange& exchange) const override {
    asked_.push_back(name_);
    if (adds) exchange.answer_fields().add("X-Check", name_);
    if (holds != nullptr) exchange.hold(exchange.arena().make<Counted>(*holds));
    return verdict;
  }

  Verdict verdict;
  bool adds = false;
  int* holds = nullptr;  // how many are held

 private:
  class Counted final : public Held {
   public:
    explicit Counted(int& count) : count_(count) { ++count_; }
    ~Counted() override { --count_; }

   private:
    int& count_;
  };

  std::string name_;
  std::vector<std::string>& asked_;
};

struct CheckRig : support::ExchangeRig {
  CheckRig() {
    rules->listeners[0].checks = {&first, &second};
    route.checks = {&own};
  }

  int run_get() {
    run(handler, kGet);
    return client.head ? client.head->status : 0;
  }

  // Turns the loop until the exchange has been answered.
  void turn_until_answered() {
    const net::TimePoint deadline = net::Clock::now() + std::chrono::seconds(20);
    while (!client.head && net::Clock::now() < deadline) loop.turn();
  }

  std::vector<std::string> asked;
  Scripted first{"first", asked};
  Scripted second{"second", asked};
  Scripted own{"own", asked};
  handlers::FixedResponse handler{299, "", ""};
};

TEST_CASE("checks: the listener's are asked in order, then the route's") {
  CheckRig rig;
  CHECK(rig.run_get() == 299);
  CHECK(rig.asked == std::vector<std::string>{"first", "second", "own"});
}

TEST_CASE("checks: after a refusal nobody else is asked") {
  CheckRig rig;
  rig.second.verdict.failure = {Side::Proxy, Kind::RateLimited};
  CHECK(rig.run_get() == 429);
  CHECK(rig.asked == std::vector<std::string>{"first", "second"});
  CHECK(word_of(rig.exchange.failure()) == "rate_limited");
  CHECK(rig.client.head->keep_alive);
}

TEST_CASE("checks: what finds no route is asked about, too") {
  CheckRig rig;
  rig.rules->listeners[0].table = nullptr;
  CHECK(rig.run_get() == 404);
  CHECK(rig.asked == std::vector<std::string>{"first", "second"});
}

TEST_CASE("checks: another listener's are not asked") {
  CheckRig rig;
  rig.rules->listeners.insert(rig.rules->listeners.begin(), {rig.rules->listeners[0].table, {}});
  CHECK(rig.run_get() == 299);
  CHECK(rig.asked == std::vector<std::string>{"own"});
}

TEST_CASE("checks: a field for the answer is in it, whoever answers") {
  CheckRig rig;
  rig.first.adds = true;
  SECTION("the handler") {
    CHECK(rig.run_get() == 299);
  }
  SECTION("an error page") {
    rig.own.verdict.failure = {Side::Proxy, Kind::AccessDenied};
    CHECK(rig.run_get() == 403);
  }
  CHECK(rig.client.head->field("X-Check") == "first");
  rig.first.adds = false;
  rig.recycle();
  rig.run_get();
  CHECK_FALSE(rig.client.head->has("X-Check"));
}

TEST_CASE("checks: who has to wait is asked about once") {
  CheckRig rig;
  (GENERATE(true, false) ? rig.second : rig.own).verdict.wait = std::chrono::milliseconds(1);
  CHECK(rig.run_get() == 0);
  rig.turn_until_answered();
  REQUIRE(rig.client.head);
  CHECK(rig.client.head->status == 299);
  CHECK(rig.asked == std::vector<std::string>{"first", "second", "own"});
}

TEST_CASE("checks: who leaves while waiting is not answered") {
  CheckRig rig;
  rig.second.verdict.wait = std::chrono::milliseconds(1);
  CHECK(rig.run_get() == 0);
  rig.exchange.on_client_failed({Side::Client, Kind::Aborted});
  CHECK(rig.client.aborted);
  CHECK(rig.client.over);
  // The turn that would have been his comes, and nothing happens.
  struct Ticker {
    void tick() { ++ticks; }
    int ticks = 0;
  } ticker;
  net::Timer later(rig.loop.timers(), net::Timer::Callback::of<&Ticker::tick>(&ticker));
  later.set(rig.loop.now() + std::chrono::milliseconds(100));
  const net::TimePoint deadline = net::Clock::now() + std::chrono::seconds(20);
  while (ticker.ticks == 0 && net::Clock::now() < deadline) rig.loop.turn();
  CHECK(ticker.ticks == 1);
  CHECK(rig.asked == std::vector<std::string>{"first", "second", "own"});
  CHECK_FALSE(rig.client.head);
  CHECK(rig.client.misuse.empty());
}

TEST_CASE("checks: what is held for an exchange is given back when it ends") {
  CheckRig rig;
  int held = 0;
  rig.first.holds = &held;
  rig.second.holds = &held;
  rig.own.verdict.wait = std::chrono::milliseconds(1);
  rig.run_get();
  CHECK(held == 2);
  if (GENERATE(true, false)) {
    rig.turn_until_answered();
  } else {
    rig.exchange.on_client_failed({Side::Client, Kind::Aborted});
  }
  CHECK(rig.exchange.over());
  CHECK(held == 0);
}

}  // namespace
}  // namespace sluice::exchange
