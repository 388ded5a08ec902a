// SPDX-License-Identifier: MIT
#include "proxy/observe/access_log.h"

#include <catch2/catch.hpp>
#include <chrono>
#include <nlohmann/json.hpp>
#include <string>

#include "proxy/handlers/fixed_response.h"
#include "proxy/observe/log_ring.h"
#include "proxy/observe/log_wake.h"
#include "tests/support/exchange_rig.h"

namespace sluice::observe {
namespace {

using conf::AccessLogFormat;
using exchange::Exchange;
using std::chrono::microseconds;

constexpr char kGetWithReferer[] =
    "GET /a/../x?q=1 HTTP/1.1\r\nHost: a.example:8080\r\nUser-Agent: curl/8\r\n"
    "Referer: https://b.example/\r\n\r\n";

// A worker's log beside an exchange.
struct LoggedRig : support::ExchangeRig {
  explicit LoggedRig(AccessLogFormat format, std::size_t ring_bytes = 65536)
      : ring(wake, ring_bytes), access_log(ring, format) {
    services.observers = {&access_log};
    info.peer = *IpAddress::parse("192.0.2.1");
    route.name = "a.example/*";
  }

  std::string logged() {
    const LogBytes bytes = ring.readable();
    std::string text = std::string(bytes.first).append(bytes.second);
    ring.consume(bytes.size());
    return text;
  }

  nlohmann::json logged_json() { return nlohmann::json::parse(logged()); }

  LogWake wake;
  LogRing ring;
  AccessLog access_log;
};

// Answers as a backend would have made it: times and traces are set, then comes the head.
class Traced final : public exchange::Handler {
 public:
  // Ends in `failure`, after the head, if there is one; else well.
  explicit Traced(bool connected, exchange::Failure failure = {},
                  microseconds asked = microseconds(1600))
      : connected_(connected), failure_(failure), asked_(asked) {}

  ArenaPtr<exchange::Responder> respond(Exchange& exchange) const override {
    return exchange.arena().make<Answer>(exchange, *this);
  }

 private:
  struct Answer final : exchange::Responder {
    Answer(Exchange& to, const Traced& how) : exchange(to), traced(how) {}

    void start() override {
      const net::TimePoint begin = exchange.times().begin;
      exchange.times().head = begin + microseconds(1500);
      exchange::BackendTrace& trace = exchange.backend_trace();
      trace = {.pool = "shop", .attempts = 2, .address = "10.0.0.1:8080", .reused = true};
      trace.began = begin + microseconds(1600);  // the body came before
      if (traced.connected_) trace.connected = begin + microseconds(2500);
      trace.asked = begin + traced.asked_;
      trace.answered = begin + microseconds(5501);
      http::ResponseHead& head = exchange.response_slot();
      head.status = 200;
      head.body = {http::BodyKind::Length, 5, false};
      exchange.send_head(head);
      exchange.write("hello");
      if (traced.failure_) return exchange.fail(traced.failure_);
      exchange.finish();
    }
    void on_request_body(std::string_view) override {}
    void on_request_end(const http::Fields&) override {}
    void on_client_drained() override {}
    void cancel() override {}

    Exchange& exchange;
    const Traced& traced;
  };

  bool connected_;
  exchange::Failure failure_;
  microseconds asked_;  // the request was sent whole
};

TEST_CASE("access log: one combined line for an exchange") {
  const handlers::FixedResponse handler(404, "none\n", "text/plain");
  LoggedRig rig(AccessLogFormat::Combined);
  rig.run(handler, kGetWithReferer);
  const std::string line = rig.logged();
  CHECK(line.substr(0, 15) == "192.0.2.1 - - [");
  CHECK(line.substr(15 + 26) ==
        "] \"GET /a/../x?q=1 HTTP/1.1\" 404 5 \"https://b.example/\" \"curl/8\"\n");
}

TEST_CASE("access log: one JSON line for an exchange, with what is known of its backend") {
  const Traced handler(true);
  LoggedRig rig(AccessLogFormat::Json);
  rig.info.tls = true;
  rig.info.tls_version = "TLSv1.3";
  rig.run(handler, kGetWithReferer);
  const nlohmann::json line = rig.logged_json();
  CHECK(line.at("client") == "192.0.2.1");
  CHECK(line.at("id").get<std::string>().size() == 32);
  CHECK(line.at("method") == "GET");
  CHECK(line.at("host") == "a.example");
  CHECK(line.at("path") == "/a/../x?q=1");  // as it was sent
  CHECK(line.at("status") == 200);
  CHECK(line.at("bytes_in") == 0);
  CHECK(line.at("bytes_out") == 5);
  CHECK(line.at("route") == "a.example/*");
  CHECK(line.at("pool") == "shop");
  CHECK(line.at("backend") == "10.0.0.1:8080");
  CHECK(line.at("attempts") == 2);
  CHECK(line.at("reused") == true);
  CHECK(line.at("head_ms") == 1.5);
  CHECK(line.at("connect_ms") == 0.9);
  CHECK(line.at("first_byte_ms") == 3.001);
  CHECK(line.at("total_ms").is_number());
  CHECK(line.at("tls") == "TLSv1.3");
  CHECK(line.at("end") == "ok");
  CHECK(line.at("ua") == "curl/8");
  CHECK(line.at("referer") == "https://b.example/");
}

TEST_CASE("access log: without a connection of its own the wait counts from the attempt") {
  const Traced handler(false);
  LoggedRig rig(AccessLogFormat::Json);
  rig.run(handler, kGetWithReferer);
  const nlohmann::json line = rig.logged_json();
  CHECK(line.at("connect_ms").is_null());
  CHECK(line.at("first_byte_ms") == 3.901);
}

// Both times had the client's upload in them.
TEST_CASE("access log: the time of a body that goes up is not the backend's") {
  SECTION("it answers behind the end of it") {
    const Traced handler(true, {}, microseconds(4501));
    LoggedRig rig(AccessLogFormat::Json);
    rig.run(handler, kGetWithReferer);
    CHECK(rig.logged_json().at("first_byte_ms") == 1.0);
  }
  SECTION("it answers before the end of it") {
    const Traced handler(true, {}, microseconds(9000));
    LoggedRig rig(AccessLogFormat::Json);
    rig.run(handler, kGetWithReferer);
    CHECK(rig.logged_json().at("first_byte_ms") == 3.001);
  }
}

TEST_CASE("access log: says why an exchange ended") {
  const Traced cut(true, {exchange::Side::Backend, exchange::Kind::Truncated});
  LoggedRig rig(AccessLogFormat::Json);
  rig.run(cut, kGetWithReferer);
  nlohmann::json line = rig.logged_json();
  CHECK(line.at("end") == "backend_truncated");
  CHECK(line.at("status") == 200);  // what the client had seen by then
  rig.recycle();

  rig.run(cut, "TRACE /x HTTP/1.1\r\nHost: a\r\n\r\n");
  line = rig.logged_json();
  CHECK(line.at("end") == "method_refused");
  CHECK(line.at("status") == 405);
  CHECK(line.at("route") == "a.example/*");
}

TEST_CASE("access log: a request that nobody could read has a line too") {
  LoggedRig rig(AccessLogFormat::Json);
  const exchange::Failure failure{exchange::Side::Client, exchange::Kind::Malformed,
                                  http::BadMessage::BareLf};
  rig.refuse(failure);
  const nlohmann::json line = rig.logged_json();
  CHECK(line.at("status") == 400);
  CHECK(line.at("method") == "");
  CHECK(line.at("head_ms").is_null());
  CHECK(line.at("end") == exchange::word_of(failure));

  LoggedRig combined(AccessLogFormat::Combined);
  combined.refuse(failure);
  CHECK(combined.logged().find("] \"-\" 400 ") != std::string::npos);
}

TEST_CASE("access log: the client's address is the one that the rules are about") {
  const handlers::FixedResponse handler(200, "", "");
  LoggedRig rig(AccessLogFormat::Json);
  rig.rules->trusted_proxies = *CidrSet::parse(std::vector<std::string>{"192.0.2.0/24"});
  rig.run(handler, "GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 198.51.100.7\r\n\r\n");
  CHECK(rig.logged_json().at("client") == "198.51.100.7");
}

TEST_CASE("access log: off is silent") {
  const handlers::FixedResponse handler(200, "", "");
  LoggedRig rig(AccessLogFormat::Off);
  rig.run(handler, kGetWithReferer);
  CHECK(rig.client.finished);
  CHECK(rig.logged().empty());
}

TEST_CASE("access log: a full ring costs the line, not the exchange") {
  const handlers::FixedResponse handler(200, "", "");
  LoggedRig rig(AccessLogFormat::Json, 64);
  rig.run(handler, kGetWithReferer);
  CHECK(rig.client.finished);
  CHECK(rig.logged().empty());
  CHECK(rig.ring.dropped() == 1);
}

}  // namespace
}  // namespace sluice::observe
