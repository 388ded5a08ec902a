// SPDX-License-Identifier: MIT
#include "proxy/handlers/forwarded_request.h"

#include <catch2/catch.hpp>
#include <string>
#include <utility>

#include "tests/support/exchange_rig.h"

namespace sluice::handlers {
namespace {

// Stands in for Forward: prepares the fields and answers.
class Preparing final : public exchange::Handler {
 public:
  explicit Preparing(http::FieldEdits edits) : edits_(std::move(edits)) {}

  ArenaPtr<exchange::Responder> respond(exchange::Exchange& exchange) const override {
    fields_ = &prepare_fields(exchange, edits_);
    return exchange.arena().make<Silent>(exchange);
  }

  // What the backend would get; the exchange's.
  const http::Fields& fields() const { return *fields_; }

 private:
  class Silent final : public exchange::Responder {
   public:
    explicit Silent(exchange::Exchange& exchange) : exchange_(exchange) {}
    void start() override { exchange_.fail({exchange::Side::Backend, exchange::Kind::NoBackend}); }
    void on_request_body(std::string_view) override {}
    void on_request_end(const http::Fields&) override {}
    void on_client_drained() override {}
    void cancel() override {}

   private:
    exchange::Exchange& exchange_;
  };

  http::FieldEdits edits_;
  mutable const http::Fields* fields_ = nullptr;
};

// What becomes of these field lines of an OPTIONS request, without what is added to every request.
std::string prepared(const std::string& lines, http::FieldEdits edits = {}) {
  support::ExchangeRig rig;
  const Preparing handler(std::move(edits));
  rig.run(handler, "OPTIONS / HTTP/1.1\r\nHost: a\r\n" + lines + "\r\n");
  std::string text;
  for (const http::Field& field : handler.fields()) {
    const bool always = field.id == http::FieldId::Host || field.id == http::FieldId::Via ||
                        field.id == http::FieldId::XRequestId ||
                        field.id == http::FieldId::XForwardedProto ||
                        field.id == http::FieldId::XForwardedHost;
    if (!always) text += std::string(field.name) + "=" + std::string(field.value) + ";";
  }
  return text;
}

TEST_CASE("forwarded request: Max-Forwards is one less") {
  CHECK(prepared("Max-Forwards: 10\r\n") == "Max-Forwards=9;");
  CHECK(prepared("A: b\r\nmax-forwards: 1\r\nC: d\r\n") == "A=b;max-forwards=0;C=d;");
  CHECK(prepared("Max-Forwards: 4294967296\r\n") == "Max-Forwards=999999;");
}

TEST_CASE("forwarded request: a name with _ or . passes if it is allowed exactly") {
  const std::string lines = "X_Key: 1\r\nx_key: 2\r\nX.Key: 3\r\nX-Key: 4\r\nX_Other: 5\r\n";
  CHECK(prepared(lines) == "X-Key=4;");
  CHECK(prepared(lines, {{}, {}, {}, {"X_KEY"}}) == "X_Key=1;x_key=2;X-Key=4;");
}

TEST_CASE("forwarded request: every spelling of a field gives way to the one that is set") {
  CHECK(prepared("X-User: mallory\r\nX_User: m\r\nX.User: m\r\n", {{}, {{"X-User", "a"}}, {}}) ==
        "X-User=a;");
  CHECK(prepared("X-User: mallory\r\nX_User: m\r\nX.User: m\r\n", {{}, {{"X_User", "a"}}, {}}) ==
        "X_User=a;");
  CHECK(prepared("X-User: mallory\r\n", {{}, {}, {"X_User"}}).empty());
}

TEST_CASE("forwarded request: edits leave what the client sent as it is, for the log and filters") {
  support::ExchangeRig rig;
  const Preparing handler(http::FieldEdits({}, {{"User-Agent", "edge"}}, {"Referer"}));
  rig.run(handler, "GET / HTTP/1.1\r\nHost: a\r\nUser-Agent: curl\r\nReferer: b\r\n\r\n");
  CHECK(handler.fields().value(http::FieldId::UserAgent) == "edge");
  CHECK_FALSE(handler.fields().has(http::FieldId::Referer));
  const http::Fields& sent = rig.exchange.request().fields;
  CHECK(sent.value(http::FieldId::UserAgent) == "curl");
  CHECK(sent.value(http::FieldId::Referer) == "b");
}

TEST_CASE("forwarded request: no trailer carries what the route sets or removes") {
  http::Fields trailers;
  for (const char* name : {"X-Sum", "X-User", "x-role", "X-Added"}) trailers.add(name, "v");
  const http::FieldEdits edits({{"X-Added", "1"}}, {{"X_User", "a"}}, {"X-Role"});
  const http::Fields kept = forwarded_trailers(trailers, edits);
  REQUIRE(kept.size() == 2);
  CHECK(kept[0].name == "X-Sum");
  CHECK(kept[1].name == "X-Added");
  CHECK(forwarded_trailers(trailers, {}).size() == 4);
}

}  // namespace
}  // namespace sluice::handlers
