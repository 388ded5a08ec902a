// SPDX-License-Identifier: MIT
// The jail over the wire: who is caught for what, what that means, and how he comes out.
#include <openssl/ssl.h>

#include <catch2/catch.hpp>

#include <csignal>
#include <memory>
#include <string>
#include <vector>

#include "tests/support/environment.h"
#include "tests/support/http_reader.h"
#include "tests/support/metrics.h"
#include "tests/support/process.h"
#include "tests/support/sluice_process.h"
#include "tests/support/test_certificates.h"
#include "tests/wire/guard/common.h"

using sluice::support::AtRest;
using sluice::support::Finished;
using sluice::support::metrics_add_up;
using sluice::support::RawClient;
using sluice::support::read_response;
using sluice::support::scrape;
using sluice::support::SluiceProcess;
using sluice::support::TempDir;
using sluice::support::wait_for_metric;
using sluice::wire::kGet;

namespace {

constexpr std::string_view kMalformed = "GET / HTTP/1.1\nHost: a\r\n\r\n";

// `jail`: its members; `more` with a comma in front.
std::string jailing(const std::string& jail, const std::string& more = "",
                    const std::string& listener = "") {
  return R"({"workers": 2, "listeners": [{"address": "127.0.0.1:0")" + listener +
         R"(}], "routes": [{"match": {"path": "/"}, "respond": {"body": "ok"}},
    {"match": {"path": "/401"}, "respond": {"status": 401}},
    {"match": {"path": "/418"}, "respond": {"status": 418}}],
    "jail": {)" +
         jail + "}" + more + "}";
}

// The status of the answer; 0: the connection was closed without one.
int ask_from(const SluiceProcess& sluice, const std::string& source,
             std::string_view request = kGet) {
  RawClient client = sluice.connect(0, {.source = source});
  if (!client.try_send(request)) return 0;
  if (client.peek(1).empty()) return 0;
  return read_response(client).status;
}

std::string get_of(const std::string& path) {
  return "GET " + path + " HTTP/1.1\r\nHost: a\r\n\r\n";
}

// Of two that connect, the later one may be accepted first, by another worker: so this one asks.
RawClient admitted(const SluiceProcess& sluice, const std::string& source) {
  RawClient client = sluice.connect(0, {.source = source});
  client.send(get_of("/"));
  CHECK(read_response(client).status == 200);
  return client;
}

std::string client_hello() {
  const std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context(SSL_CTX_new(TLS_client_method()),
                                                                  &SSL_CTX_free);
  const std::unique_ptr<SSL, decltype(&SSL_free)> ssl(SSL_new(context.get()), &SSL_free);
  BIO* const written = BIO_new(BIO_s_mem());
  SSL_set_bio(ssl.get(), BIO_new(BIO_s_mem()), written);
  SSL_connect(ssl.get());
  std::string bytes(BIO_ctrl_pending(written), '\0');
  REQUIRE(BIO_read(written, bytes.data(), static_cast<int>(bytes.size())) > 0);
  return bytes;
}

std::string ask_admin(const SluiceProcess& sluice, const std::string& line) {
  RawClient client = sluice.connect_admin();
  client.send(line + " HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
  return read_response(client).body;
}

}  // namespace

TEST_CASE("jail: who does it too often is closed on at accept, and the log says why",
          "[wire][guard]") {
  struct Row {
    std::string trigger;
    std::string word;
    std::string request;
    int status;
  };
  const std::vector<Row> rows = {
      {"malformed", "malformed", std::string(kMalformed), 400},
      {"malformed", "malformed", get_of("/../x"), 400},
      {"malformed", "malformed",
       "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501},
      {"malformed", "malformed", "POST / HTTP/1.0\r\nHost: a\r\n\r\n", 411},
      {"unauthorized", "unauthorized", get_of("/401"), 401},
      {"not_found", "not_found", get_of("/none"), 404},
      {"errors", "errors", get_of("/418"), 418},
  };
  for (const Row& row : rows) {
    CAPTURE(row.trigger, row.request);
    SluiceProcess sluice(jailing("\"" + row.trigger + R"(": "3/h")"));
    for (int i = 0; i < 3; ++i) CHECK(ask_from(sluice, "127.0.0.2", row.request) == row.status);
    sluice.wait_for_log("127.0.0.2 is put away for 10m: " + row.word);
    CHECK(ask_from(sluice, "127.0.0.2") == 0);
    CHECK(ask_from(sluice, "127.0.0.1") == 200);
    CHECK(metrics_add_up(sluice, AtRest::Yes) == "");
    CHECK(scrape(sluice).value(R"(sluice_client_connections_refused_total{reason="jailed"})") == 1);
    CHECK(scrape(sluice).value("sluice_jail_inmates") == 1);
  }
}

TEST_CASE("jail: what is only too large is not malformed", "[wire][guard]") {
  SluiceProcess sluice(
      jailing(R"("malformed": "2/h")",
              R"(, "limits": {"field": "1KiB", "request_line": "1KiB", "body": "1KiB"})"));
  const std::string cookies =
      "GET / HTTP/1.1\r\nHost: a\r\nCookie: " + std::string(2000, 'a') + "\r\n\r\n";
  for (int i = 0; i < 4; ++i) CHECK(ask_from(sluice, "127.0.0.2", cookies) == 431);
  const std::string line = get_of("/?" + std::string(2000, 'a'));
  for (int i = 0; i < 4; ++i) CHECK(ask_from(sluice, "127.0.0.2", line) == 414);
  const std::string length = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2000\r\n\r\n";
  for (int i = 0; i < 4; ++i) CHECK(ask_from(sluice, "127.0.0.2", length) == 413);
  CHECK(ask_from(sluice, "127.0.0.2") == 200);
}

TEST_CASE("jail: what asks for what is not known here is not malformed", "[wire][guard]") {
  SluiceProcess sluice(jailing(R"("malformed": "2/h")"));
  const std::string expects = "GET / HTTP/1.1\r\nHost: a\r\nExpect: more\r\n\r\n";
  const std::string version = "GET / HTTP/3.7\r\nHost: a\r\n\r\n";
  for (int i = 0; i < 3; ++i) CHECK(ask_from(sluice, "127.0.0.2", version) == 505);
  const std::string method = std::string(200, 'M') + " / HTTP/1.1\r\nHost: a\r\n\r\n";
  for (int i = 0; i < 3; ++i) CHECK(ask_from(sluice, "127.0.0.2", expects) == 417);
  for (int i = 0; i < 3; ++i) CHECK(ask_from(sluice, "127.0.0.2", method) == 501);
  CHECK(ask_from(sluice, "127.0.0.2") == 200);
}

TEST_CASE("jail: who is refused by a limit again and again", "[wire][guard]") {
  SluiceProcess sluice(
      jailing(R"("limited": "4/h")", R"(, "limits": {"per_ip": {"rate": "1/h", "burst": 2}})"));
  CHECK(ask_from(sluice, "127.0.0.2") == 200);
  CHECK(ask_from(sluice, "127.0.0.2") == 200);
  for (int i = 0; i < 4; ++i) CHECK(ask_from(sluice, "127.0.0.2") == 429);
  CHECK(ask_from(sluice, "127.0.0.2") == 0);
  sluice.wait_for_log("127.0.0.2 is put away for 10m: limiter");
}

TEST_CASE("jail: who goes on connecting beyond his limits of connections", "[wire][guard]") {
  for (const std::string limit : {R"("connection_rate": "1/h")", R"("connections": 1)"}) {
    CAPTURE(limit);
    SluiceProcess sluice(
        jailing(R"("limited": "3/h")",
                R"(, "access": {"allow": "127.0.0.3"}, "limits": {"per_ip": {)" + limit + "}}"));
    for (const std::string source : {"127.0.0.2", "127.0.0.3"}) {
      const RawClient first = admitted(sluice, source);
      for (int i = 0; i < 3; ++i) {
        CHECK(sluice.connect(0, {.source = source}).recv_to_close().empty());
      }
    }
    sluice.wait_for_log("127.0.0.2 is put away for 10m: limiter");
    CHECK(scrape(sluice).value("sluice_jail_inmates") == 1);  // who is allowed never is
  }
}

TEST_CASE("jail: who is turned away for what all others do is not put away", "[wire][guard]") {
  for (const std::string limit : {R"("connection_rate": "1/h")", R"("connections": 1)"}) {
    CAPTURE(limit);
    SluiceProcess sluice(jailing(R"("limited": "1/h")", "", ", " + limit));
    const RawClient first = admitted(sluice, "127.0.0.2");
    for (int i = 0; i < 3; ++i) {
      CHECK(sluice.connect(0, {.source = "127.0.0.3"}).recv_to_close().empty());
    }
    CHECK(scrape(sluice).value("sluice_jail_inmates") == 0);
  }
}

TEST_CASE("jail: whose neighbours have used up what they share is not put away", "[wire][guard]") {
  SluiceProcess sluice(jailing(R"("limited": "3/h")", R"(, "trusted_proxies": ["127.0.0.1"],
    "limits": {"per_ip": {"rate": "1/h", "burst": 1, "ipv6_wide_multiple": 1}})"));
  RawClient proxy = sluice.connect();
  const auto ask = [&proxy](const std::string& client) {
    proxy.send("GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: " + client + "\r\n\r\n");
    return read_response(proxy).status;
  };
  CHECK(ask("2001:db8:0:1::1") == 200);
  for (int i = 0; i < 6; ++i) CHECK(ask("2001:db8:0:2::1") == 429);
  wait_for_metric(sluice, R"(sluice_request_ends_total{end="prefix_rate_limited"})", 6);
  CHECK(scrape(sluice).value("sluice_jail_inmates") == 0);
  // And who has used it up is.
  for (int i = 0; i < 6; ++i) ask("2001:db8:0:1::1");
  wait_for_metric(sluice, "sluice_jail_inmates", 1);
}

TEST_CASE("jail: who floods from one prefix after the other, with all of them", "[wire][guard]") {
  SluiceProcess sluice(jailing(R"("wide_limited": "5/h")", R"(, "trusted_proxies": ["127.0.0.1"],
    "access": {"allow": "2001:db8:0:ff::/64"},
    "limits": {"per_ip": {"rate": "1/h", "burst": 1, "ipv6_wide_multiple": 3}})"));
  RawClient proxy = sluice.connect();
  const auto ask = [&proxy](const std::string& client) {
    proxy.send("GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: " + client + "\r\n\r\n");
    return read_response(proxy).status;
  };
  const auto nth = [](int i) { return "2001:db8:0:" + std::to_string(i) + "::1"; };
  for (int i = 1; i <= 3; ++i) CHECK(ask(nth(i)) == 200);
  for (int i = 4; i <= 8; ++i) CHECK(ask(nth(i)) == 429);
  sluice.wait_for_log("2001:db8::/48 is put away for 10m: wide_limiter");
  CHECK(ask(nth(9)) == 403);
  CHECK(ask("2001:db8:0:ff::1") != 403);  // who is allowed never is
  CHECK(ask("2001:db8:1:1::1") == 200);
}

TEST_CASE("jail: handshakes that fail, but not those that were never begun", "[wire][guard][tls]") {
  const TempDir directory;
  const auto certificate =
      sluice::support::make_certificate(directory.path(), "localhost", {"localhost"});
  SluiceProcess sluice(jailing(R"("tls": "3/h")", "",
                               R"(, "tls": {"certificates": [{"cert": ")" + certificate.cert_path +
                                   R"(", "key": ")" + certificate.key_path + R"("}]})"));
  for (int i = 0; i < 5; ++i) sluice.connect(0, {.source = "127.0.0.3"}).close();
  for (int i = 0; i < 3; ++i) {
    RawClient client = sluice.connect(0, {.source = "127.0.0.2"});
    client.send(kGet);  // no ClientHello
    client.recv_to_close();
  }
  sluice.wait_for_log("127.0.0.2 is put away for 10m: tls");
  RawClient jailed = sluice.connect(0, {.source = "127.0.0.2"});
  CHECK(jailed.recv_to_close().empty());
  RawClient other = sluice.connect(0, {.source = "127.0.0.3"});
  other.handshake();
  other.send(kGet);
  CHECK(read_response(other).status == 200);
}

TEST_CASE("jail: who leaves handshakes once he has our signature, but not who does not trust it",
          "[wire][guard][tls][regression]") {
  const TempDir directory;
  const auto certificate =
      sluice::support::make_certificate(directory.path(), "localhost", {"localhost"});
  SluiceProcess sluice(jailing(R"("tls": "3/h")", "",
                               R"(, "tls": {"certificates": [{"cert": ")" + certificate.cert_path +
                                   R"(", "key": ")" + certificate.key_path + R"("}]})"));
  const auto other = sluice::support::make_certificate(directory.path(), "other", {"other"});
  for (int i = 0; i < 5; ++i) {
    RawClient wary = sluice.connect(0, {.source = "127.0.0.3"});
    CHECK_THROWS(wary.handshake({.sni = "localhost", .ca_file = other.cert_path}));
  }
  wait_for_metric(sluice, "sluice_client_tls_handshakes_failed_total", 5);
  CHECK(scrape(sluice).value("sluice_jail_inmates") == 0);
  for (int i = 0; i < 3; ++i) {
    RawClient client = sluice.connect(0, {.source = "127.0.0.2"});
    client.send(client_hello());
    client.peek(1);
    client.close();
  }
  sluice.wait_for_log("127.0.0.2 is put away for 10m: tls");
}

TEST_CASE("jail: a handshake that takes too long counts as one that failed", "[wire][guard][tls]") {
  const TempDir directory;
  const auto certificate =
      sluice::support::make_certificate(directory.path(), "localhost", {"localhost"});
  SluiceProcess sluice(jailing(R"("tls": "2/h")", R"(, "timeouts": {"tls_handshake": "50ms"})",
                               R"(, "tls": {"certificates": [{"cert": ")" + certificate.cert_path +
                                   R"(", "key": ")" + certificate.key_path + R"("}]})"));
  for (int i = 0; i < 2; ++i) {
    RawClient client = sluice.connect(0, {.source = "127.0.0.2"});
    CHECK(client.recv_to_close().empty());
  }
  sluice.wait_for_log("127.0.0.2 is put away for 10m: tls");
}

TEST_CASE("jail: behind the PROXY protocol it is the client it names who is away",
          "[wire][guard][proxy_protocol]") {
  SluiceProcess sluice(jailing(R"("malformed": "1/h")", R"(, "trusted_proxies": ["127.0.0.1"])",
                               R"(, "proxy_protocol": true)"));
  const auto ask = [&sluice](const std::string& client, std::string_view request) {
    return ask_from(sluice, "127.0.0.1",
                    "PROXY TCP4 " + client + " 127.0.0.1 1 2\r\n" + std::string(request));
  };
  CHECK(ask("192.0.2.1", kMalformed) == 400);
  CHECK(ask("192.0.2.1", kGet) == 0);
  CHECK(ask("192.0.2.2", kGet) == 200);
}

TEST_CASE("jail: a connection from before gets 403 and ends", "[wire][guard]") {
  SluiceProcess sluice(jailing(R"("not_found": "2/h")"));
  RawClient client = sluice.connect();
  for (int i = 0; i < 2; ++i) {
    client.send(get_of("/none"));
    CHECK(read_response(client).status == 404);
  }
  client.send(kGet);
  CHECK(read_response(client).status == 403);
  client.expect_close();
  sluice.wait_for_access_log("\" 403 ");
}

TEST_CASE("jail: behind a trusted proxy it is the client who is away", "[wire][guard]") {
  SluiceProcess sluice(jailing(R"("not_found": "2/h")", R"(, "trusted_proxies": ["127.0.0.1"])"));
  RawClient proxy = sluice.connect();
  const auto ask = [&proxy](const std::string& path, const std::string& client) {
    proxy.send("GET " + path + " HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: " + client + "\r\n\r\n");
    return read_response(proxy).status;
  };
  for (int i = 0; i < 2; ++i) CHECK(ask("/none", "192.0.2.1") == 404);
  CHECK(ask("/", "192.0.2.1") == 403);
  CHECK(ask("/", "192.0.2.2") == 200);
  CHECK(ask_from(sluice, "127.0.0.1") == 200);
}

TEST_CASE("jail: those who are allowed never are", "[wire][guard]") {
  SluiceProcess sluice(jailing(R"("malformed": "2/h")", R"(, "access": {"allow": "127.0.0.2"})"));
  for (int i = 0; i < 5; ++i) CHECK(ask_from(sluice, "127.0.0.2", kMalformed) == 400);
  CHECK(ask_from(sluice, "127.0.0.2") == 200);
}

TEST_CASE("jail: outlives a reload, and with a file a restart", "[wire][guard]") {
  const TempDir directory;
  const std::string config =
      jailing(R"("malformed": "2/h", "file": ")" + directory.file("jail") + "\"");
  {
    SluiceProcess sluice(config);
    for (int i = 0; i < 2; ++i) CHECK(ask_from(sluice, "127.0.0.2", kMalformed) == 400);
    sluice.wait_for_log("put away");
    REQUIRE(sluice.reload(config));
    CHECK(ask_from(sluice, "127.0.0.2") == 0);
    CHECK(sluice.terminate().code == 0);
  }
  SluiceProcess again(config);
  CHECK(ask_from(again, "127.0.0.2") == 0);
  CHECK(ask_from(again, "127.0.0.1") == 200);
}

TEST_CASE("jail: a second SIGTERM, which exits at once, frees nobody", "[wire][guard][drain]") {
  const TempDir directory;
  const std::string config = jailing(R"("file": ")" + directory.file("jail") + "\"");
  {
    SluiceProcess sluice(config);
    RawClient busy = sluice.connect();
    busy.send("GET / HTTP/1.1\r\n");
    sluice.process().signal(SIGTERM);
    sluice.wait_for_log("draining");
    ask_admin(sluice, "POST /block/add?block=127.0.0.2");
    sluice.process().signal(SIGTERM);
    CHECK(sluice.process().wait().code == 0);
  }
  SluiceProcess again(config);
  CHECK(ask_from(again, "127.0.0.2") == 0);
}

TEST_CASE("jail: what cannot be read in its file is said, and keeps nobody from starting",
          "[wire][guard]") {
  const TempDir directory;
  directory.write("jail", "sluice jail 1\nnonsense\n");
  SluiceProcess sluice(jailing(R"("file": ")" + directory.file("jail") + "\""));
  sluice.wait_for_log("jail:2: ");
  CHECK(ask_from(sluice, "127.0.0.1") == 200);
}

TEST_CASE("block: an operator lists, adds and lets out, with no jail configured",
          "[wire][guard][command_line]") {
  SluiceProcess sluice(R"({"listeners": [{"address": "127.0.0.1:0"}],
    "routes": [{"respond": {"body": "ok"}}]})");
  CHECK(ask_admin(sluice, "GET /block") == "[]\n");
  CHECK(ask_admin(sluice, "POST /block/add?block=127.0.0.0%2F30&for=2h")
            .find(R"("block": "127.0.0.0/30", "reason": "operator")") != std::string::npos);
  CHECK(ask_from(sluice, "127.0.0.2") == 0);
  CHECK(ask_from(sluice, "127.0.0.5") == 200);
  CHECK(ask_admin(sluice, "GET /block").find("127.0.0.0/30") != std::string::npos);
  CHECK(ask_admin(sluice, "POST /block/remove?block=127.0.0.0%2F24") == "{\"freed\": 1}\n");
  CHECK(ask_from(sluice, "127.0.0.2") == 200);
  CHECK(ask_admin(sluice, "POST /block/add?block=nobody") ==
        "\"nobody\" is no IP address and no CIDR block\n");
  CHECK(ask_admin(sluice, "POST /block/add?for=1h") ==
        "say whom: block=ADDRESS, or block=ADDRESS/BITS\n");
  CHECK(ask_admin(sluice, "POST /block/add?block=::1&for=soon") ==
        "\"soon\" does not begin with a number\n");
  CHECK(ask_admin(sluice, "POST /block/add?block=::1&for=") ==
        "\"\" does not begin with a number\n");
  CHECK(ask_admin(sluice, "POST /block/remove?block=::1&for=1h") ==
        "\"for\" is nothing to say here\n");
}

TEST_CASE("block: who is never put away cannot be added", "[wire][guard][command_line]") {
  SluiceProcess sluice(
      R"({"listeners": [{"address": "127.0.0.1:0"}], "access": {"allow": "192.0.2.1"},
    "trusted_proxies": ["198.51.100.0/24"], "routes": [{"respond": {"body": "ok"}}]})");
  for (const std::string address : {"192.0.2.1", "198.51.100.7"}) {
    CHECK(ask_admin(sluice, "POST /block/add?block=" + address) ==
          address + " is in access.allow or trusted_proxies: never put away\n");
  }
  CHECK(ask_admin(sluice, "GET /block") == "[]\n");
}

TEST_CASE("block: the command line does it", "[wire][guard][command_line]") {
  SluiceProcess sluice(R"({"listeners": [{"address": "127.0.0.1:0"}],
    "routes": [{"respond": {"body": "ok"}}]})");
  const auto block = [&sluice](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {sluice::support::sluice_binary(), "block"});
    arguments.insert(arguments.end(), {"--admin", "unix:" + sluice.directory().file("admin.sock")});
    return sluice::support::run_program(arguments);
  };
  CHECK(block({"add", "127.0.0.2", "--for", "1h"}).status.code == 0);
  CHECK(ask_from(sluice, "127.0.0.2") == 0);
  CHECK(block({"list"}).out.find("\"127.0.0.2\"") != std::string::npos);
  CHECK(block({"del", "127.0.0.2"}).out == "{\"freed\": 1}\n");
  CHECK(ask_from(sluice, "127.0.0.2") == 200);
  const Finished wrong = block({"add", "127.0.0"});
  CHECK(wrong.status.code == 1);
  CHECK(wrong.err.find("is no IP address") != std::string::npos);
}
