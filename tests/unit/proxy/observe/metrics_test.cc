// SPDX-License-Identifier: MIT
#include "proxy/observe/metrics.h"

#include <catch2/catch.hpp>
#include <numeric>
#include <string>

#include "proxy/handlers/fixed_response.h"
#include "tests/support/exchange_rig.h"

namespace sluice::observe {
namespace {

using exchange::Exchange;
using exchange::Failure;
using exchange::Kind;
using exchange::Side;

constexpr char kGet[] = "GET /x HTTP/1.1\r\nHost: a\r\n\r\n";

struct CountedRig : support::ExchangeRig {
  CountedRig() { services.observers = {&metrics}; }

  Totals totals() const {
    Totals totals;
    totals.add(services.counters);
    metrics.add_to(totals);
    return totals;
  }

  Metrics metrics{0};
};

std::uint64_t sum(const auto& numbers) {
  return std::accumulate(numbers.begin(), numbers.end(), std::uint64_t{0});
}

// Answers when the test says so.
class Held final : public exchange::Handler {
 public:
  ArenaPtr<exchange::Responder> respond(Exchange& exchange) const override {
    return exchange.arena().make<Waits>();
  }

 private:
  struct Waits final : exchange::Responder {
    void start() override {}
    void on_request_body(std::string_view) override {}
    void on_request_end(const http::Fields&) override {}
    void on_client_drained() override {}
    void cancel() override {}
  };
};

const handlers::FixedResponse kHello(200, "hello", "text/plain");

}  // namespace

TEST_CASE("metrics: an exchange is in flight until it ends, and then counted once under each label",
          "[observe][metrics]") {
  CountedRig rig;
  const Held held;
  rig.run(held, kGet);
  Totals totals = rig.totals();
  CHECK(totals.exchanges_begun == 1);
  CHECK(totals.exchanges_in_flight == 1);
  CHECK(sum(totals.by_status) == 0);
  rig.exchange.on_client_failed({Side::Client, Kind::Aborted});
  totals = rig.totals();
  CHECK(totals.exchanges_begun == 1);
  CHECK(totals.exchanges_in_flight == 0);
  CHECK(totals.by_status[status_class(499)] == 1);
  CHECK(totals.by_end[end_index({Side::Client, Kind::Aborted})] == 1);
  CHECK(sum(totals.by_status) == 1);
  CHECK(sum(totals.by_end) == 1);
  CHECK(sum(totals.durations) == 1);
}

TEST_CASE("metrics: what is refused before there is a head is begun and ended, too",
          "[observe][metrics]") {
  CountedRig rig;
  rig.refuse({Side::Client, Kind::Malformed, http::BadMessage::BareLf});
  const Totals totals = rig.totals();
  CHECK(totals.exchanges_begun == 1);
  CHECK(totals.exchanges_in_flight == 0);
  CHECK(totals.by_status[status_class(400)] == 1);
  CHECK(totals.by_end[end_index({Side::Client, Kind::Malformed, http::BadMessage::BareLf})] == 1);
  CHECK(totals.unrouted[status_class(400)] == 1);
  CHECK(sum(totals.unrouted) == 1);
  CHECK(totals.response_bytes > 0);
}

TEST_CASE("metrics: a tunnel is no request's duration, and its bytes are no body's",
          "[observe][metrics]") {
  CountedRig rig;
  const Held held;
  rig.run(held, kGet);
  http::ResponseHead head;
  head.status = 101;
  rig.exchange.open_tunnel(head);
  rig.exchange.on_request_body("four");
  rig.exchange.write("sixsix");
  Totals totals = rig.totals();
  CHECK(totals.tunnels_opened == 1);
  CHECK(totals.tunnels_open == 1);
  CHECK(totals.tunnel_bytes_in == 4);
  CHECK(totals.tunnel_bytes_out == 6);
  CHECK(totals.request_bytes + totals.response_bytes == 0);
  rig.exchange.finish();
  totals = rig.totals();
  CHECK(totals.tunnels_open == 0);
  CHECK(totals.tunnels_ended == 1);
  CHECK(totals.by_status[status_class(101)] == 1);
  CHECK(sum(totals.durations) == 0);
}

TEST_CASE("metrics: attempts beyond a request's first are retries", "[observe][metrics]") {
  CountedRig rig;
  const Held held;
  rig.run(held, kGet);
  rig.exchange.backend_trace().attempts = 3;
  rig.exchange.fail({Side::Backend, Kind::ConnectRefused});
  rig.recycle();
  rig.run(kHello, kGet);
  const Totals totals = rig.totals();
  CHECK(totals.backend_attempts == 3);
  CHECK(totals.backend_retries == 2);
}

TEST_CASE("metrics: a duration falls into the first bucket that holds it", "[observe][metrics]") {
  using std::chrono::milliseconds;
  const auto bucket_of = [](net::Clock::duration elapsed) {
    CountedRig rig;
    const Held held;
    rig.run(held, kGet);
    rig.exchange.times().begin = rig.loop.now() - elapsed;
    rig.exchange.fail({Side::Proxy, Kind::Draining});
    const Totals totals = rig.totals();
    CHECK(totals.duration_microseconds ==
          static_cast<std::uint64_t>(elapsed / std::chrono::microseconds(1)));
    const auto* counted = std::find(totals.durations.begin(), totals.durations.end(), 1U);
    return static_cast<std::size_t>(counted - totals.durations.begin());
  };
  CHECK(bucket_of(milliseconds(0)) == 0);
  CHECK(bucket_of(milliseconds(1)) == 1);
  CHECK(bucket_of(milliseconds(1) + std::chrono::microseconds(1)) == 2);
  CHECK(bucket_of(std::chrono::seconds(60)) == kDurationBounds.size() - 1);
  CHECK(bucket_of(std::chrono::seconds(61)) == kDurationBounds.size());
}

TEST_CASE("metrics: statuses outside 100 to 599 have a class, too", "[observe][metrics]") {
  for (const auto& [status, name] :
       {std::pair{101, "1xx"}, std::pair{200, "2xx"}, std::pair{399, "3xx"}, std::pair{404, "4xx"},
        std::pair{498, "4xx"}, std::pair{499, "499"}, std::pair{599, "5xx"},
        std::pair{600, "other"}, std::pair{999, "other"}, std::pair{0, "other"},
        std::pair{99, "other"}}) {
    CAPTURE(status);
    CHECK(kStatusNames[status_class(status)] == name);
  }
}

TEST_CASE("metrics: every end has an index of its own and comes back from it",
          "[observe][metrics]") {
  for (std::size_t i = 0; i < kEnds; ++i) {
    const Failure end = end_at(i);
    if (end.kind != Kind::Malformed && end.kind != Kind::BadResponse) CHECK(end_index(end) == i);
    CHECK_FALSE(exchange::word_of(end).empty());
    CHECK(exchange::word_of(end) != "internal");
  }
  // Whoever sent it: the word is the same.
  const Failure bad_response{Side::Backend, Kind::BadResponse, http::BadMessage::BodyTooLarge};
  CHECK(end_index(bad_response) == kEnds - 1);
  CHECK(exchange::word_of(end_at(kEnds - 1)) == exchange::word_of(bad_response));
}

TEST_CASE("metrics: a route is counted under its name, whatever Snapshot it belongs to",
          "[observe][metrics]") {
  RouteRegistry registry(2);
  CountedRig rig;
  auto before = registry.series("a/*");
  rig.route.series = before.get();
  rig.run(kHello, kGet);
  rig.recycle();
  auto after = registry.series("a/*");
  CHECK(after == before);
  rig.route.series = after.get();
  rig.run(kHello, kGet);
  after->count(1, status_class(503));
  CHECK(after->total(status_class(200)) == 2);
  CHECK(after->total(status_class(503)) == 1);
  CHECK(sum(rig.totals().unrouted) == 0);
}

TEST_CASE("metrics: a route that no Snapshot names is forgotten by the next sweep",
          "[observe][metrics]") {
  RouteRegistry registry(1);
  auto kept = registry.series("kept");
  registry.series("dropped");
  registry.sweep();
  CHECK(registry.all().size() == 1);
  CHECK(registry.all().begin()->second == kept);
}

}  // namespace sluice::observe
