// SPDX-License-Identifier: MIT
#include "proxy/filters/headers.h"

#include <catch2/catch.hpp>

#include "proxy/handlers/fixed_response.h"
#include "tests/support/exchange_rig.h"

namespace sluice::filters {
namespace {

TEST_CASE("header filter: edits the head of the route's responses") {
  const handlers::FixedResponse handler(200, "hi\n", "text/plain");
  const HeaderFilter filter(
      http::FieldEdits({{"X-Add", "1"}}, {{"Content-Type", "text/html"}}, {"X-None"}));
  support::ExchangeRig rig;
  rig.route.filters = {&filter};
  rig.run(handler, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  REQUIRE(rig.client.head);
  CHECK(rig.client.head->field("Content-Type") == "text/html");
  CHECK(rig.client.head->field("X-Add") == "1");
  CHECK(rig.client.head->has("Date"));
  CHECK(rig.client.misuse.empty());
}

// A year of 502, for whoever asks the cache in front.
TEST_CASE("header filter: a failure is not kept for as long as the content would be") {
  class Failing final : public exchange::Handler {
    ArenaPtr<exchange::Responder> respond(exchange::Exchange& exchange) const override {
      return exchange.arena().make<Responder>(exchange);
    }
    class Responder final : public exchange::Responder {
     public:
      explicit Responder(exchange::Exchange& exchange) : exchange_(exchange) {}
      void start() override {
        exchange_.fail({exchange::Side::Backend, exchange::Kind::NoBackend});
      }
      void on_request_body(std::string_view) override {}
      void on_request_end(const http::Fields&) override {}
      void on_client_drained() override {}
      void cancel() override {}

     private:
      exchange::Exchange& exchange_;
    };
  };
  const Failing handler;
  const HeaderFilter filter(http::FieldEdits(
      {}, {{"Cache-Control", "max-age=31536000, immutable"}, {"X-Frame-Options", "DENY"}}, {}));
  support::ExchangeRig rig;
  rig.route.filters = {&filter};
  rig.run(handler, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  REQUIRE(rig.client.head);
  CHECK(rig.client.head->status == 503);
  CHECK_FALSE(rig.client.head->has("Cache-Control"));
  CHECK(rig.client.head->field("X-Frame-Options") == "DENY");
}

// It lost the boundary, and the heads of the parts were taken for content.
TEST_CASE("header filter: several parts keep the type that tells them apart") {
  const handlers::FixedResponse handler(206, "x", "multipart/byteranges; boundary=b");
  const HeaderFilter set(http::FieldEdits({}, {{"Content-Type", "text/x"}, {"X-Set", "1"}}, {}));
  const HeaderFilter remove(http::FieldEdits({}, {}, {"Content-Type"}));
  for (const HeaderFilter* filter : {&set, &remove}) {
    support::ExchangeRig rig;
    rig.route.filters = {filter};
    rig.run(handler, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    REQUIRE(rig.client.head);
    CHECK(rig.client.head->field("Content-Type") == "multipart/byteranges; boundary=b");
    CHECK(rig.client.head->has("X-Set") == (filter == &set));
  }
}

TEST_CASE("header filter: filters run in order") {
  const handlers::FixedResponse handler(200, "hi\n", "text/plain");
  const HeaderFilter first(http::FieldEdits({}, {{"X-Tag", "first"}}, {}));
  const HeaderFilter second(http::FieldEdits({}, {{"X-Tag", "second"}}, {"Content-Type"}));
  support::ExchangeRig rig;
  rig.route.filters = {&first, &second};
  rig.run(handler, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  REQUIRE(rig.client.head);
  CHECK(rig.client.head->field("X-Tag") == "second");
  CHECK_FALSE(rig.client.head->has("Content-Type"));
}

}  // namespace
}  // namespace sluice::filters
