// SPDX-License-Identifier: MIT
#include "proxy/handlers/admin.h"

#include <catch2/catch.hpp>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/exchange_rig.h"

namespace sluice::handlers {
namespace {

constexpr char kGet[] = "GET /late?a=b HTTP/1.1\r\nHost: a\r\n\r\n";
constexpr char kPost[] = "POST /late HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n";

// An endpoint whose answer the test gives.
struct LateRig : support::ExchangeRig {
  explicit LateRig(const std::string& token = {}) : admin(endpoints(), token) {}

  std::vector<AdminEndpoint> endpoints() {
    const auto serve = [this](AdminRequest request, AdminReply reply) {
      asked = std::move(request);
      replies.push_back(std::move(reply));
    };
    return {{"GET", "/late", "answers late", serve}, {"POST", "/late", "as well", serve}};
  }

  std::optional<AdminRequest> asked;
  std::vector<AdminReply> replies;
  Admin admin;
};

AdminAnswer answer(const std::string& body) {
  AdminAnswer answer;
  answer.body = body;
  return answer;
}

}  // namespace

TEST_CASE("admin: an answer may come later, and from another thread", "[handlers][admin]") {
  LateRig rig;
  rig.run(rig.admin, kGet);
  REQUIRE(rig.replies.size() == 1);
  CHECK(rig.asked->query == "a=b");
  CHECK_FALSE(rig.client.head);
  std::thread([&rig] { rig.replies.at(0).send(answer("here")); }).join();
  CHECK_FALSE(rig.client.head);
  rig.loop.turn();
  REQUIRE(rig.client.head);
  CHECK(rig.client.head->status == 200);
  CHECK(rig.client.body == "here");
  CHECK(rig.client.finished);
}

TEST_CASE("admin: an answer whose client has left is dropped", "[handlers][admin]") {
  const bool serves_another = GENERATE(false, true);  // the exchange that was the client's
  LateRig rig;
  rig.run(rig.admin, kGet);
  rig.exchange.on_client_failed({exchange::Side::Client, exchange::Kind::Aborted});
  if (serves_another) {
    rig.recycle();
    rig.run(rig.admin, kGet);
  }
  rig.replies.at(0).send(answer("nobody's"));
  rig.loop.turn();
  CHECK_FALSE(rig.client.head);
}

TEST_CASE("admin: the first answer counts", "[handlers][admin]") {
  LateRig rig;
  rig.run(rig.admin, kGet);
  rig.replies.at(0).send(answer("one"));
  rig.replies.at(0).send(answer("two"));
  rig.loop.turn();
  CHECK(rig.client.body == "one");
  CHECK(rig.client.misuse.empty());
}

TEST_CASE("admin: an endpoint is asked once the request's body is whole", "[handlers][admin]") {
  LateRig rig;
  rig.run(rig.admin, kPost);
  CHECK(rig.client.resumes == 1);
  rig.exchange.on_request_body("ab");
  rig.exchange.on_request_body("cd");
  CHECK(rig.replies.empty());
  rig.exchange.on_request_end({});
  REQUIRE(rig.replies.size() == 1);
  CHECK(rig.asked->body == "abcd");
}

TEST_CASE("admin: a body beyond the limit is refused, and its endpoint not asked",
          "[handlers][admin]") {
  LateRig rig;
  rig.run(rig.admin, kPost);
  rig.exchange.on_request_body(std::string(Admin::kBodyBytesMax, 'b'));
  CHECK_FALSE(rig.client.head);
  rig.exchange.on_request_body("c");
  rig.exchange.on_request_end({});
  REQUIRE(rig.client.head);
  CHECK(rig.client.head->status == 413);
  CHECK(rig.replies.empty());
}

TEST_CASE("admin: other paths are 404, other methods 405 with those that there are",
          "[handlers][admin]") {
  LateRig rig;
  rig.run(rig.admin, "GET /later HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(rig.client.head->status == 404);
  rig.recycle();
  rig.run(rig.admin, "DELETE /late HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(rig.client.head->status == 405);
  CHECK(rig.client.head->field("Allow") == "GET, HEAD, POST");
  CHECK(rig.replies.empty());
}

TEST_CASE("admin: / lists what there is", "[handlers][admin]") {
  LateRig rig;
  rig.run(rig.admin, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  rig.loop.turn();
  CHECK(rig.client.body.find("GET  /late") != std::string::npos);
  CHECK(rig.client.body.find("POST /late") != std::string::npos);
  CHECK(rig.client.body.find("answers late") != std::string::npos);
}

TEST_CASE("admin: HEAD is GET without the body", "[handlers][admin]") {
  LateRig rig;
  rig.run(rig.admin, "HEAD /late HTTP/1.1\r\nHost: a\r\n\r\n");
  rig.replies.at(0).send(answer("four"));
  rig.loop.turn();
  CHECK(rig.client.head->body.length == 4);
  CHECK(rig.client.body.empty());
}

TEST_CASE("admin: where there is a token, nothing is told without it", "[handlers][admin]") {
  LateRig rig("s3cret");
  const auto status_with = [&rig](const std::string& fields) {
    rig.recycle();
    rig.replies.clear();
    rig.run(rig.admin, "GET /late HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n");
    return rig.client.head ? rig.client.head->status : 0;
  };
  rig.run(rig.admin, "GET /nothing HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(rig.client.head->status == 401);
  CHECK(rig.client.head->field("WWW-Authenticate") == "Bearer");
  for (const char* wrong : {"", "Bearer", "Bearer ", "Bearer s3cre", "Bearer s3crets",
                            "Bearer S3cret", "s3cret", "Basic s3cret"}) {
    CAPTURE(wrong);
    const std::string value(wrong);
    CHECK(status_with(value.empty() ? "" : "Authorization: " + value + "\r\n") == 401);
  }
  for (const char* right : {"Bearer s3cret", "bearer s3cret", "Bearer  s3cret"}) {
    CHECK(status_with("Authorization: " + std::string(right) + "\r\n") == 0);
    CHECK(rig.replies.size() == 1);
  }
}

TEST_CASE("admin: comparing in constant time finds every difference", "[handlers][admin]") {
  CHECK(equal_in_constant_time("", ""));
  CHECK(equal_in_constant_time("abc", "abc"));
  CHECK_FALSE(equal_in_constant_time("abc", "abd"));
  CHECK_FALSE(equal_in_constant_time("xbc", "abc"));
  CHECK_FALSE(equal_in_constant_time("abc", "ab"));
  CHECK_FALSE(equal_in_constant_time("", "a"));
  CHECK_FALSE(equal_in_constant_time(std::string_view("a\0", 2), "a"));
}

}  // namespace sluice::handlers
