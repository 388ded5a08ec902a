// SPDX-License-Identifier: MIT
// One cache behind a plain and a TLS listener: which URLs are the same, and which are not.
#include <catch2/catch.hpp>

#include <string>

#include "tests/support/temp_dir.h"
#include "tests/support/test_certificates.h"
#include "tests/wire/cache_rig.h"

using sluice::support::BackendConnection;
using sluice::support::RawClient;
using sluice::support::read_response;
using sluice::support::Response;
using sluice::support::ScriptedBackend;
using sluice::support::SluiceProcess;
using sluice::support::TempDir;
using sluice::wire::caching;

namespace {

constexpr std::size_t kHttp = 0;
constexpr std::size_t kHttps = 1;

// Each response says which request to the origin it answers, and of which scheme that was.
struct Site {
  explicit Site(std::string_view more = {})
      : backend([this](BackendConnection& connection) {
          while (const auto request = connection.recv_request()) {
            const std::string number = std::to_string(backend.request_count());
            connection.respond(200, number + " " + request->field("X-Forwarded-Proto"),
                               {{"Cache-Control", "max-age=1000"}});
          }
        }),
        sluice(config(more)) {}

  std::string config(std::string_view more) const {
    const auto pair = sluice::support::make_certificate(directory.path(), "a", {"a.example"});
    std::string text = caching(backend, {}, more);
    const std::string_view plain = R"({"address": "127.0.0.1:0"})";
    text.insert(text.find(plain) + plain.size(),
                R"(, {"address": "127.0.0.1:0", "tls": {"certificates": [{"cert": ")" +
                    pair.cert_path + R"(", "key": ")" + pair.key_path + R"("}]}})");
    return text;
  }

  Response get(std::size_t listener, const std::string& host = "a.example",
               const std::string& fields = {}) const {
    RawClient client = sluice.connect(listener);
    if (listener == kHttps) client.handshake({.sni = "a.example"});
    client.send("GET /a HTTP/1.1\r\nHost: " + host + "\r\n" + fields + "\r\n");
    return read_response(client);
  }

  void purge(const std::string& what) const {
    RawClient admin = sluice.connect_admin();
    admin.send("POST /cache/purge?" + what + " HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
    CHECK(read_response(admin).body == "{\"purged\": 1, \"fetches_outdated\": 0}\n");
  }

  TempDir directory;
  ScriptedBackend backend;
  SluiceProcess sluice;
};

}  // namespace

TEST_CASE("cache: the same URL over http and over https are two", "[wire][cache][tls]") {
  const Site site;
  for (int i = 0; i < 2; ++i) {
    CHECK(site.get(kHttp).body == "1 http");
    CHECK(site.get(kHttps).body == "2 https");
  }
  CHECK(site.get(kHttps).field("Cache-Status").starts_with("sluice; hit"));
  CHECK(site.backend.request_count() == 2);
}

TEST_CASE("cache: of each scheme its own port is none", "[wire][cache][tls]") {
  const Site site;
  CHECK(site.get(kHttp).body == "1 http");
  CHECK(site.get(kHttp, "A.example:80").body == "1 http");
  CHECK(site.get(kHttp, "a.example:443").body == "2 http");
  CHECK(site.get(kHttps, "a.example:443").body == "3 https");
  CHECK(site.get(kHttps).body == "3 https");
  CHECK(site.get(kHttps, "a.example:80").body == "4 https");
}

TEST_CASE("cache: a purge of a URL is of that scheme alone", "[wire][cache][tls]") {
  const Site site;
  site.get(kHttp);
  site.get(kHttps);
  site.purge("url=https://a.example/a");
  CHECK(site.get(kHttp).body == "1 http");
  CHECK(site.get(kHttps).body == "3 https");
  site.purge("url=http://a.example/a");
  CHECK(site.get(kHttp).body == "4 http");
  CHECK(site.get(kHttps).body == "3 https");
}

TEST_CASE("cache: only a trusted proxy's word on the scheme tells URLs apart",
          "[wire][cache][tls]") {
  const std::string told_https = "X-Forwarded-Proto: https\r\n";
  {
    const Site site;
    CHECK(site.get(kHttp).body == "1 http");
    CHECK(site.get(kHttp, "a.example", told_https).body == "1 http");
  }
  const Site site(R"("trusted_proxies": ["127.0.0.1"])");
  CHECK(site.get(kHttp).body == "1 http");
  CHECK(site.get(kHttp, "a.example", told_https).body == "2 https");
  CHECK(site.get(kHttps, "a.example", told_https).body == "3 https");
  CHECK(site.get(kHttp, "a.example", told_https).body == "2 https");
  CHECK(site.backend.request_count() == 3);
}

TEST_CASE("cache: host and scheme in Forwarded from a trusted proxy tell URLs apart",
          "[wire][cache][tls]") {
  const Site site(R"("trusted_proxies": ["127.0.0.1"], "client_header": "Forwarded")");
  const auto count = [&site](const std::string& forwarded) {
    const std::string body = site.get(kHttp, "a.example", "Forwarded: " + forwarded + "\r\n").body;
    return body.substr(0, body.find(' '));
  };
  CHECK(count("for=192.0.2.1") == "1");
  CHECK(count("for=192.0.2.2;by=192.0.2.3") == "1");
  CHECK(count("for=192.0.2.1;host=b.example") == "2");
  CHECK(count("for=192.0.2.2, for=192.0.2.3; Host=b.example") == "3");
  CHECK(count("proto=https") == "4");
  // Of an open quote the backend is told nothing: it shall not find, or be found by, what says so.
  CHECK(count("for=\"x;host=b.example") == "1");
  CHECK(count("for=192.0.2.9;host=b.example") == "2");
  CHECK(count("host=c.example") == "5");
}

// Backends are told all of its lines.
TEST_CASE("cache: what a trusted proxy says of the host in several lines tells URLs apart",
          "[wire][cache][regression]") {
  const Site site(R"("trusted_proxies": ["127.0.0.1"])");
  const std::string one = "X-Forwarded-Host: b.example\r\n";
  CHECK(site.get(kHttp, "a.example", one + "X-Forwarded-Host: c.example\r\n").body == "1 http");
  CHECK(site.get(kHttp, "a.example", one).body == "2 http");
  CHECK(site.get(kHttp, "a.example", one + "X-Forwarded-Host: c.example\r\n").body == "1 http");
}
