// SPDX-License-Identifier: MIT
#include "proxy/exchange/steps.h"

#include <catch2/catch.hpp>
#include <string>

#include "proxy/handlers/fixed_response.h"
#include "tests/support/exchange_rig.h"

namespace sluice::exchange {
namespace {

// The status that a request with this head gets, where the route's own handler answers 299.
int status_of_answer(support::ExchangeRig& rig, const std::string& head) {
  const handlers::FixedResponse handler(299, "", "");
  rig.run(handler, head);
  REQUIRE(rig.client.head);
  CHECK(rig.client.misuse.empty());
  CHECK(rig.client.over);
  return rig.client.head->status;
}

TEST_CASE("steps: CONNECT and TRACE are refused and told what is not") {
  for (const char* line : {"CONNECT a:443", "TRACE /"}) {
    support::ExchangeRig rig;
    CHECK(status_of_answer(rig, std::string(line) + " HTTP/1.1\r\nHost: a:443\r\n\r\n") == 405);
    CHECK(rig.client.head->field("Allow") == http::kAllow);
  }
}

TEST_CASE("steps: OPTIONS that may go no further is answered by the proxy itself") {
  for (const char* target : {"*", "/", "http://a.example"}) {
    support::ExchangeRig rig;
    const std::string head =
        std::string("OPTIONS ") + target + " HTTP/1.1\r\nHost: a\r\nMax-Forwards: 0\r\n\r\n";
    CHECK(status_of_answer(rig, head) == 200);
    CHECK(rig.client.head->field("Allow") == http::kAllow);
    CHECK(rig.client.head->body == http::BodyFraming{http::BodyKind::Length, 0});
    CHECK(rig.client.head->keep_alive);
    CHECK(rig.client.finished);
    CHECK(rig.exchange.failure().kind == Kind::None);
  }
}

TEST_CASE("steps: OPTIONS that may go further, and other methods, reach the handler") {
  for (const char* head : {"OPTIONS / HTTP/1.1\r\nHost: a\r\nMax-Forwards: 1\r\n\r\n",
                           "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
                           "GET / HTTP/1.1\r\nHost: a\r\nMax-Forwards: 0\r\n\r\n",
                           "GET / HTTP/1.1\r\nHost: a\r\nMax-Forwards: x\r\n\r\n"}) {
    support::ExchangeRig rig;
    CHECK(status_of_answer(rig, head) == 299);
  }
}

TEST_CASE("steps: a path that climbs out or hides a NUL is refused") {
  for (const char* path : {"/..", "/a/../../b", "/%2e%2E/b", "/a%00", "/%", "/%4", "/%4g"}) {
    support::ExchangeRig rig;
    CHECK(status_of_answer(rig, "GET " + std::string(path) + " HTTP/1.1\r\nHost: a\r\n\r\n") ==
          400);
    CHECK(rig.exchange.failure().kind == Kind::PathRefused);
  }
}

TEST_CASE("steps: a body that is announced above the limit is refused before it comes") {
  support::ExchangeRig rig;
  rig.rules->body_bytes_max = 10;
  CHECK(status_of_answer(rig, "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\n") == 413);
  rig.recycle();
  CHECK(status_of_answer(rig, "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n") == 299);
}

}  // namespace
}  // namespace sluice::exchange
