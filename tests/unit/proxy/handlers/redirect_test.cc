// SPDX-License-Identifier: MIT
#include "proxy/handlers/redirect.h"

#include <catch2/catch.hpp>
#include <string>

#include "tests/support/exchange_rig.h"

namespace sluice::handlers {
namespace {

struct RedirectRow {
  std::string to;
  std::string target;
  std::string expected;
};

TEST_CASE("redirect: variables stand for parts of the request") {
  const RedirectRow rows[] = {
      {"https://b.example/", "/x", "https://b.example/"},
      {"${scheme}://${host}/", "/x", "http://a.example/"},
      {"https://${host}${uri}", "/x/y?q=1&r=2", "https://a.example/x/y?q=1&r=2"},
      {"https://${host}${uri}", "/x", "https://a.example/x"},
      {"https://${host}${uri}", "/x?", "https://a.example/x?"},
      {"https://b${path}?from=${host}", "/x?q", "https://b/x?from=a.example"},
      {"/find?${query}", "/x?q=1", "/find?q=1"},
      {"/find?${query}", "/x", "/find?"},
      {"${path}index.html", "/x/", "/x/index.html"},
      {"https://b/$not{a}variable$", "/", "https://b/$not{a}variable$"},
      // The path is the one that was matched.
      {"https://b${path}", "/a/../b//c/%7euser", "https://b/b/c/~user"},
      // Another site cannot be put where a path is expected.
      {"${uri}", "//evil.example/x", "/evil.example/x"},
      {"${uri}", "/\\evil.example/x", "/%5Cevil.example/x"},
      {"/${path}", "/evil.example", "/evil.example"},
      {"https://b/old/${uri}", "/x?q", "https://b/old/x?q"},
      {"/${query}", "/x?/evil.example", "/%2Fevil.example"},
      {"/${query}", "/x?//evil.example", "/%2F/evil.example"},
      {"${path}${query}", "/?/evil.example", "/%2Fevil.example"},
      {"/${query}", "/x?a/b", "/a/b"},
      {"/a/${query}", "/x?/b", "/a//b"},
      // What no URI may hold.
      {"https://b${uri}", "/<\"^`{|}>?<\"\\>", "https://b/%3C%22%5E%60%7B%7C%7D%3E?%3C%22%5C%3E"},
      {"https://b${uri}", "/%0d%0aX:y?%0d%0a%00", "https://b/%0D%0AX:y?%0d%0a%00"},
  };
  for (const RedirectRow& row : rows) {
    INFO(row.to << " of " << row.target);
    const Redirect handler(308, row.to);
    support::ExchangeRig rig;
    rig.run(handler, "GET " + row.target + " HTTP/1.1\r\nHost: a.example:8080\r\n\r\n");
    REQUIRE(rig.client.head);
    CHECK(rig.client.head->status == 308);
    CHECK(rig.client.head->field("Location") == row.expected);
    CHECK(rig.client.body == "Permanent Redirect: " + row.expected + "\n");
    CHECK(rig.client.head->body ==
          http::BodyFraming{http::BodyKind::Length, rig.client.body.size(), false});
    CHECK(rig.client.finished);
    CHECK(rig.client.misuse.empty());
  }
}

TEST_CASE("redirect: the scheme is the client's, or what a trusted proxy says") {
  struct SchemeRow {
    bool tls;
    std::string trusted;
    std::string field;
    std::string expected;
  };
  const SchemeRow rows[] = {
      {false, "", "", "http"},
      {true, "", "", "https"},
      {false, "", "X-Forwarded-Proto: https\r\n", "http"},
      {false, "192.0.2.1", "X-Forwarded-Proto: HTTPS\r\n", "https"},
      {true, "192.0.2.1", "X-Forwarded-Proto: http\r\n", "http"},
      {true, "192.0.2.1", "X-Forwarded-Proto: javascript\r\n", "https"},
      {true, "192.0.2.1", "", "https"},
      {false, "192.0.2.9", "X-Forwarded-Proto: https\r\n", "http"},
  };
  for (const SchemeRow& row : rows) {
    INFO(row.trusted << ' ' << row.field);
    const Redirect handler(302, "${scheme}://b/");
    support::ExchangeRig rig;
    rig.info.tls = row.tls;
    rig.info.peer = *IpAddress::parse("192.0.2.1");
    if (!row.trusted.empty()) {
      rig.rules->trusted_proxies = *CidrSet::parse(std::vector<std::string>{row.trusted});
    }
    rig.run(handler, "GET / HTTP/1.1\r\nHost: a\r\n" + row.field + "\r\n");
    REQUIRE(rig.client.head);
    CHECK(rig.client.head->field("Location") == row.expected + "://b/");
  }
}

TEST_CASE("redirect: HEAD gets the length and no body") {
  const Redirect handler(301, "https://b/");
  support::ExchangeRig rig;
  rig.run(handler, "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n");
  REQUIRE(rig.client.head);
  CHECK(rig.client.head->body == http::BodyFraming{http::BodyKind::None, 30, true});
  CHECK(rig.client.head->field("Location") == "https://b/");
  CHECK(rig.client.body.empty());
  CHECK(rig.client.finished);
}

TEST_CASE("redirect: IPv6 hosts keep their brackets") {
  const Redirect handler(307, "https://${host}/");
  support::ExchangeRig rig;
  rig.run(handler, "GET / HTTP/1.1\r\nHost: [2001:db8::1]:8080\r\n\r\n");
  REQUIRE(rig.client.head);
  CHECK(rig.client.head->field("Location") == "https://[2001:db8::1]/");
}

TEST_CASE("redirect: a request without a host is refused where the host is needed") {
  const Redirect needs(308, "https://${host}${uri}");
  const Redirect needs_not(308, "https://b${uri}");
  support::ExchangeRig rig;
  rig.run(needs, "GET /x HTTP/1.0\r\n\r\n");
  REQUIRE(rig.client.head);
  CHECK(rig.client.head->status == 400);
  CHECK_FALSE(rig.client.head->has("Location"));
  rig.recycle();
  rig.run(needs_not, "GET /x HTTP/1.0\r\n\r\n");
  REQUIRE(rig.client.head);
  CHECK(rig.client.head->field("Location") == "https://b/x");
}

TEST_CASE("redirect: the asterisk of OPTIONS is no path") {
  const Redirect handler(308, "https://b${uri}");
  support::ExchangeRig rig;
  rig.run(handler, "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n");
  REQUIRE(rig.client.head);
  CHECK(rig.client.head->field("Location") == "https://b/");
}

TEST_CASE("redirect: a long target finds room") {
  const std::string path = "/" + std::string(7000, '<');
  const Redirect handler(308, "https://b${path}${path}");
  support::ExchangeRig rig;
  rig.run(handler, "GET " + path + " HTTP/1.1\r\nHost: a\r\n\r\n");
  REQUIRE(rig.client.head);
  CHECK(rig.client.head->field("Location").size() == 9 + 2 * (1 + 3 * 7000));
}

}  // namespace
}  // namespace sluice::handlers
