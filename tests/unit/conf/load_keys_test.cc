// SPDX-License-Identifier: MIT
// Every key of the configuration, away from its default, as it is read, and as it is printed.
#include <catch2/catch.hpp>

#include "conf/load.h"
#include "conf/schema.h"

namespace sluice::conf {
namespace {

LoadOptions without_files() {
  LoadOptions options;
  options.check.read_files = false;
  options.directory = "/etc/sluice/";
  return options;
}

TEST_CASE("load: every key reaches its member", "[conf][load]") {
  const LoadOutcome outcome = load_text("t.json", R"(// all of it
  {
    "$schema": "https://example.com/sluice.json",
    "workers": 3,
    "listeners": [
      {"address": "127.0.0.1:0", "name": "web", "defer_accept": true,
       "tls": {"certificates": [{"cert": "c.pem", "key": "/k/../k.pem"}], "min_version": "1.3"}},
      {"address": "unix:/run/s", "proxy_protocol": true, "connections": 5,
       "connection_rate": "6/s"}
    ],
    "pools": {"api": {"policy": "least_connections",
                      "backends": ["h:1", {"address": "[::1]:2", "weight": 7}],
                      "max_fails": 5, "fail_timeout": "15s", "keepalive": 0,
                      "keepalive_timeout": "250ms"}},
    "routes": [
      {"match": {"host": "a.example", "path": ["/p/*", "/p/q"], "listeners": "web"},
       "forward": {"pool": "api"}, "strip_prefix": "/p", "buffer": true, "upgrade": ["a/1", "b"],
       "headers": {"request": {"add": {"A": "1"}, "set": {"B": "2"}, "remove": ["C"],
                               "allow": ["X_Y"]},
                   "response": {"add": {"D": "3"}, "set": {"E": "4"}, "remove": ["F"]}}},
      {"match": {"host": ["b.example"], "path": "/x/*"}, "forward": {"pool": "api"},
       "replace_prefix": "/",
       "cache": {"ttl": {"200": "10m", "any": "0s"},
                 "stale": {"while_revalidate": "1s", "if_error": "2s"},
                 "key": {"query": ["page"], "headers": "X-Tenant", "cookies": ["lang"]},
                 "vary": "Accept-Language", "bypass": {"headers": ["X-P"], "cookies": "session"},
                 "max_object": "1MiB", "methods": "GET", "set_cookie": true}},
      {"match": {"host": "p.example"}, "forward": {"pool": "api"}, "connect": true, "upgrade": []},
      {"match": {"host": "f.example", "path": "/s/*"}, "strip_prefix": "/s",
       "files": {"root": "/tmp/../tmp", "index": "i.htm", "try": ["/x"], "listing": true,
                 "precompressed": true, "types": {"a": "b/c"}}},
      {"match": {"host": "c.example"}, "redirect": {"to": "/y", "status": 301}},
      {"respond": {"status": 404, "body": "no\n", "content_type": "text/html"},
       "limits": {"per_ip": {"rate": "1/s", "burst": 2, "delay": 3, "shadow": true}, "cost": 4,
                  "bandwidth": "70KiB"},
       "access": {"allow": ["::1"], "deny": "file:/d"},
       "compress": {"encodings": ["gzip", "br"], "types": "text/*", "min_size": "2KiB",
                    "level": 7}}
    ],
    "trusted_proxies": ["10.0.0.0/8", "::1"], "client_header": "Forwarded",
    "timeouts": {"tls_handshake": "1s", "request_head": "2s", "request_body": "3s", "idle": "4s",
                 "send": "5s", "connect": "6s", "first_byte": "7s", "backend_read": "8s",
                 "total": "11s", "tunnel": "9s", "drain": "10s"},
    "limits": {"request_line": "1KiB", "field": "2KiB", "head": "4KiB", "fields": 9,
               "body": "10MB", "body_rate": "1KiB", "send_rate": "3KiB", "bandwidth": "60KiB",
               "connections": 11,
               "table": 2048,
               "per_ip": {"rate": "5/m", "burst": 6, "delay": 7, "shadow": true, "fields": true,
                          "connections": 8, "connection_rate": "9/h", "requests": 10,
                          "ipv4_prefix": 24, "ipv6_prefix": 56, "ipv6_wide_prefix": 40,
                          "ipv6_wide_multiple": 4}},
    "access": {"allow": "10.0.0.0/8", "deny": ["all", "file:lists/deny"], "deny_with": "drop"},
    "jail": {"limited": "1/s", "wide_limited": "12/s", "malformed": "2/s", "tls": "3/s",
             "unauthorized": "4/s", "not_found": "5/s", "errors": "6/s", "time": "7s",
             "max_time": "8s", "table": 2000, "file": "/tmp/x/../jail"},
    "buffers": {"request": "8KiB", "response": "16KiB", "disk": "1MiB", "directory": "/tmp"},
    "cache": {"size": "64MiB", "max_object": "2MiB"},
    "resolver": {"servers": ["1.1.1.1"], "timeout": "1s", "min_ttl": "2s", "max_ttl": "3s"},
    "access_log": {"path": "log/a.log", "format": "json"},
    "error_log": {"level": "debug"},
    "admin": {"address": "127.0.0.1:9", "token_file": "admin.token"}
  })",
                                        without_files());
  for (const Diagnostic& error : outcome.errors) UNSCOPED_INFO(error.path + ": " + error.message);
  REQUIRE(outcome.config);
  using std::chrono::milliseconds;
  using std::chrono::seconds;
  Config expected;
  expected.workers = 3;
  expected.listeners = {{"127.0.0.1:0", "web",
                         ListenerTls{{{"/etc/sluice/c.pem", "/k.pem"}}, TlsVersion::Tls13}, true},
                        {"unix:/run/s", "", {}, false, true, 5, {6, Period::Second}}};
  expected.pools["api"] = {
      Policy::LeastConnections, {{"h:1", 1}, {"[::1]:2", 7}}, 5, seconds(15), 0, milliseconds(250)};
  Route forward;
  forward.match = {{"a.example"}, {"/p/*", "/p/q"}, {"web"}};
  forward.forward = Forward{"api"};
  forward.strip_prefix = "/p";
  forward.buffer = true;
  forward.upgrade = {"a/1", "b"};
  forward.headers = {{{{{"A", "1"}}, {{"B", "2"}}, {"C"}}, {"X_Y"}},
                     {{{"D", "3"}}, {{"E", "4"}}, {"F"}}};
  Route replacing;
  replacing.match = {{"b.example"}, {"/x/*"}, {}};
  replacing.forward = Forward{"api"};
  replacing.replace_prefix = "/";
  replacing.cache = RouteCache{{{"200", "10m"}, {"any", "0s"}},
                               {seconds(1), seconds(2)},
                               {{"page"}, {"X-Tenant"}, {"lang"}},
                               {"Accept-Language"},
                               {{"X-P"}, {"session"}},
                               1024 * 1024,
                               {"GET"},
                               true};
  Route connecting;
  connecting.match.hosts = {"p.example"};
  connecting.forward = Forward{"api"};
  connecting.connect = true;
  connecting.upgrade = {};
  Route filing;
  filing.match = {{"f.example"}, {"/s/*"}, {}};
  filing.strip_prefix = "/s";
  filing.files = Files{"/tmp", {"i.htm"}, {"/x"}, true, true, {{"a", "b/c"}}};
  Route redirecting;
  redirecting.match.hosts = {"c.example"};
  redirecting.redirect = Redirect{"/y", 301};
  Route responding;
  responding.respond = Respond{404, "no\n", "text/html"};
  responding.limits = {{{1, Period::Second}, 2, 3, true}, 4, 71680};
  responding.access = {{"::1"}, {"file:/d"}};
  responding.compress = Compress{{"gzip", "br"}, {"text/*"}, 2048, 7};
  expected.routes = {forward, replacing, connecting, filing, redirecting, responding};
  expected.trusted_proxies = {"10.0.0.0/8", "::1"};
  expected.client_header = ClientHeader::Forwarded;
  expected.timeouts = {seconds(1), seconds(2), seconds(3),  seconds(4), seconds(5), seconds(6),
                       seconds(7), seconds(8), seconds(11), seconds(9), seconds(10)};
  PerIp per_ip;
  static_cast<RateLimit&>(per_ip) = {{5, Period::Minute}, 6, 7, true};
  per_ip.fields = true;
  per_ip.connections = 8;
  per_ip.connection_rate = {9, Period::Hour};
  per_ip.requests = 10;
  per_ip.ipv4_prefix = 24;
  per_ip.ipv6_prefix = 56;
  per_ip.ipv6_wide_prefix = 40;
  per_ip.ipv6_wide_multiple = 4;
  expected.limits = {1024, 2048, 4096, 9, 10'000'000, 1024, 3072, 61440, 11, per_ip, 2048};
  expected.access = {{{"10.0.0.0/8"}, {"all", "file:/etc/sluice/lists/deny"}}, DenyWith::Drop};
  expected.jail =
      Jail{{1}, {12}, {2}, {3}, {4}, {5}, {6}, seconds(7), seconds(8), 2000, "/tmp/jail"};
  expected.buffers = {8192, 16384, 1024 * 1024, "/tmp"};
  expected.cache = {64 * 1024 * 1024, 2 * 1024 * 1024};
  expected.resolver = {{"1.1.1.1"}, seconds(1), seconds(2), seconds(3)};
  expected.access_log = {"/etc/sluice/log/a.log", AccessLogFormat::Json};
  expected.error_log = {LogLevel::Debug};
  expected.admin = Admin{"127.0.0.1:9", {}, "/etc/sluice/admin.token"};
  CHECK(*outcome.config == expected);

  const LoadOutcome again = load_text("t.json", to_json(*outcome.config), without_files());
  REQUIRE(again.config);
  CHECK(*again.config == expected);
}

}  // namespace
}  // namespace sluice::conf
