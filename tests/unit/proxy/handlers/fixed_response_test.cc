// SPDX-License-Identifier: MIT
#include "proxy/handlers/fixed_response.h"

#include <catch2/catch.hpp>
#include <string>

#include "tests/support/exchange_rig.h"

namespace sluice::handlers {
namespace {

using http::BodyFraming;
using http::BodyKind;

struct FixedResponseRow {
  std::string what;
  std::string method;
  int status;
  std::string configured;
  std::string body;
  BodyFraming framing;
  bool has_type;
};

TEST_CASE("fixed response: status, content and framing") {
  const FixedResponseRow rows[] = {
      {"a body", "GET", 200, "hello\n", "hello\n", {BodyKind::Length, 6, false}, true},
      {"to a POST", "POST", 404, "none\n", "none\n", {BodyKind::Length, 5, false}, true},
      {"to HEAD only its length", "HEAD", 200, "hello\n", "", {BodyKind::None, 6, true}, true},
      {"an empty body", "GET", 200, "", "", {BodyKind::Length, 0, false}, false},
      {"an empty body to HEAD", "HEAD", 200, "", "", {BodyKind::None, 0, true}, false},
      {"204", "GET", 204, "no", "", {BodyKind::None, 0, false}, false},
      {"204 to HEAD", "HEAD", 204, "no", "", {BodyKind::None, 0, false}, false},
      {"205", "POST", 205, "no", "", {BodyKind::Length, 0, false}, false},
      {"304", "GET", 304, "no", "", {BodyKind::None, 0, false}, false},
      {"no registered phrase", "GET", 599, "x", "x", {BodyKind::Length, 1, false}, true},
  };
  for (const FixedResponseRow& row : rows) {
    INFO(row.what);
    const FixedResponse handler(row.status, row.configured, "text/plain");
    support::ExchangeRig rig;
    rig.run(handler, row.method + " / HTTP/1.1\r\nHost: a\r\n\r\n");
    REQUIRE(rig.client.head);
    CHECK(rig.client.head->status == row.status);
    CHECK(rig.client.head->body == row.framing);
    CHECK(rig.client.head->field("Content-Type") == (row.has_type ? "text/plain" : ""));
    CHECK(rig.client.head->keep_alive);
    CHECK(rig.client.body == row.body);
    CHECK(rig.client.finished);
    CHECK(rig.client.over);
    CHECK(rig.client.misuse.empty());
    CHECK(rig.exchange.status() == row.status);
    CHECK(rig.exchange.bytes_out() == row.body.size());
  }
}

TEST_CASE("fixed response: the request's body is not asked for") {
  const FixedResponse handler(200, "ok", "text/plain");
  support::ExchangeRig rig;
  rig.run(handler, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n");
  CHECK(rig.client.finished);
  CHECK(rig.client.resumes == 0);
  CHECK_FALSE(rig.exchange.request_complete());
}

TEST_CASE("fixed response: a recycled exchange answers as a new one does") {
  const FixedResponse handler(200, "ok", "text/plain");
  support::ExchangeRig rig;
  for (int i = 0; i < 3; ++i) {
    rig.run(handler, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    REQUIRE(rig.client.head);
    CHECK(rig.client.head->fields.size() == 2);  // Content-Type and Date
    CHECK(rig.client.body == "ok");
    rig.recycle();
  }
}

}  // namespace
}  // namespace sluice::handlers
