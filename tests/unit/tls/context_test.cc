// SPDX-License-Identifier: MIT
#include "tls/context.h"

#include <catch2/catch.hpp>
#include <string>

#include "tests/support/temp_dir.h"
#include "tests/unit/tls/pair.h"

namespace sluice::tls {
namespace {

using support::KeyType;
using support::make_certificate;
using support::TempDir;
using test::listener_of;
using test::make_context;
using test::make_tickets;
using test::Pair;
using test::TlsPeerOptions;

TEST_CASE("tls context: the server name picks the certificate", "[tls][context]") {
  const TempDir dir;
  const auto tickets = make_tickets();
  const auto context =
      make_context({make_certificate(dir.path(), "default", {"default.example"}),
                    make_certificate(dir.path(), "wild", {"*.wild.example"}),
                    make_certificate(dir.path(), "exact", {"exact.wild.example", "other.example"})},
                   *tickets);
  struct Case {
    std::string asked;
    std::string served;
  };
  const auto c = GENERATE(values<Case>({{"", "default"},
                                        {"default.example", "default"},
                                        {"unknown.example", "default"},
                                        {"a.wild.example", "wild"},
                                        {"A.Wild.EXAMPLE", "wild"},
                                        {"a.b.wild.example", "default"},
                                        {"wild.example", "default"},
                                        {"exact.wild.example", "exact"},
                                        {"EXACT.wild.example", "exact"},
                                        {"other.example", "exact"}}));
  const int version = GENERATE(TLS1_2_VERSION, TLS1_3_VERSION);
  CAPTURE(c.asked, version);
  Pair pair(context,
            {.server_name = c.asked, .min_version = version, .max_version = version, .alpn = ""});
  REQUIRE(pair.connect());
  CHECK(pair.client.certificate_name() == c.served);
  CHECK(pair.server.server_name() == c.asked);
  CHECK(pair.server.version() == (version == TLS1_2_VERSION ? "TLSv1.2" : "TLSv1.3"));
  CHECK_FALSE(pair.server.resumed());
}

TEST_CASE("tls context: a second ClientHello is served by the same certificate", "[tls][context]") {
  const TempDir dir;
  const auto tickets = make_tickets();
  const auto context = make_context({make_certificate(dir.path(), "first", {"first.example"}),
                                     make_certificate(dir.path(), "second", {"second.example"})},
                                    *tickets);
  // The client guesses P-521, which the server refuses: HelloRetryRequest.
  TlsPeerOptions options{.server_name = "second.example"};
  options.groups = "P-521:P-384";
  Pair pair(context, options);
  REQUIRE(pair.connect());
  CHECK(pair.client.certificate_name() == "second");
}

TEST_CASE("tls context: one name is served with the key type the client can verify",
          "[tls][context]") {
  const TempDir dir;
  const auto tickets = make_tickets();
  const std::vector<std::string> names{"both.example"};
  const auto context =
      make_context({make_certificate(dir.path(), "default", {"default.example"}),
                    make_certificate(dir.path(), "ecdsa", {"both.example", "only-ecdsa.example"}),
                    make_certificate(dir.path(), "rsa", names, KeyType::Rsa2048),
                    make_certificate(dir.path(), "late-ecdsa", names)},
                   *tickets);
  const auto served = [&context](const std::string& name, int version, bool rsa) -> std::string {
    TlsPeerOptions options{.server_name = name, .min_version = version, .max_version = version};
    options.signatures = rsa ? "RSA-PSS+SHA256:RSA+SHA256" : "ECDSA+SHA256";
    options.suites12 = rsa ? "ECDHE-RSA-AES128-GCM-SHA256" : "ECDHE-ECDSA-AES128-GCM-SHA256";
    Pair pair(context, options);
    return pair.connect() ? pair.client.certificate_name() : "none";
  };
  const int version = GENERATE(TLS1_2_VERSION, TLS1_3_VERSION);
  CAPTURE(version);
  CHECK(served("both.example", version, true) == "rsa");
  CHECK(served("both.example", version, false) == "ecdsa");
  CHECK(served("only-ecdsa.example", version, false) == "ecdsa");
  CHECK(served("only-ecdsa.example", version, true) == "none");
  CHECK(served("default.example", version, false) == "default");
}

TEST_CASE("tls context: the default has its companion of another key type", "[tls][context]") {
  const TempDir dir;
  const auto tickets = make_tickets();
  const auto context =
      make_context({make_certificate(dir.path(), "ecdsa", {"a.example"}),
                    make_certificate(dir.path(), "rsa", {"a.example"}, KeyType::Rsa2048)},
                   *tickets);
  TlsPeerOptions options;
  options.signatures = "RSA-PSS+SHA256";
  Pair pair(context, options);
  REQUIRE(pair.connect());
  CHECK(pair.client.certificate_name() == "rsa");
}

TEST_CASE("tls context: ALPN takes the server's first choice", "[tls][context]") {
  const TempDir dir;
  const auto tickets = make_tickets();
  const auto files = make_certificate(dir.path(), "a", {"a.example"});
  static constexpr std::array<std::string_view, 2> kBoth{"h2", "http/1.1"};
  struct Case {
    std::string offered;
    bool both;
    bool accepted;
    std::string chosen;
  };
  const auto c = GENERATE(values<Case>({
      {"", false, true, ""},
      {"\x08http/1.1", false, true, "http/1.1"},
      {"\x02h2\x08http/1.1", false, true, "http/1.1"},
      {"\x02h2", false, false, ""},
      {"\x08http/1.0", false, false, ""},
      {"\x08http/1.1\x02h2", true, true, "h2"},
      {"\x08http/1.1", true, true, "http/1.1"},
  }));
  const int version = GENERATE(TLS1_2_VERSION, TLS1_3_VERSION);
  CAPTURE(c.offered, version);
  const auto context =
      c.both ? make_context({files}, *tickets, kBoth) : make_context({files}, *tickets);
  Pair pair(context, {.server_name = "a.example",
                      .min_version = version,
                      .max_version = version,
                      .alpn = c.offered});
  REQUIRE(pair.connect() == c.accepted);
  if (c.accepted) {
    CHECK(pair.server.alpn() == c.chosen);
  } else {
    CHECK(pair.server.error_word() == "tls_no_application_protocol");
    CHECK(pair.client.alert() == SSL_AD_NO_APPLICATION_PROTOCOL);
  }
}

TEST_CASE("tls context: versions below the least are refused", "[tls][context]") {
  const TempDir dir;
  const auto tickets = make_tickets();
  conf::ListenerTls listener = listener_of({make_certificate(dir.path(), "a", {"a.example"})});
  struct Case {
    conf::TlsVersion least;
    int client;
    bool accepted;
  };
  const auto c = GENERATE(values<Case>({
      {conf::TlsVersion::Tls13, TLS1_3_VERSION, true},
      {conf::TlsVersion::Tls13, TLS1_2_VERSION, false},
      {conf::TlsVersion::Tls12, TLS1_2_VERSION, true},
      {conf::TlsVersion::Tls12, TLS1_1_VERSION, false},
      {conf::TlsVersion::Tls12, TLS1_VERSION, false},
  }));
  listener.min_version = c.least;
  const auto context = ServerContext::create(listener, *tickets);
  REQUIRE(context);
  TlsPeerOptions options{.server_name = "a.example",
                         .min_version = c.client,
                         .max_version = c.client,
                         .suites12 = "DEFAULT:@SECLEVEL=0"};
  options.security_level = 0;
  Pair pair(*context, options);
  REQUIRE(pair.connect() == c.accepted);
  if (!c.accepted) {
    CHECK(pair.server_step.status == IoStatus::Error);
    CHECK(pair.server.error_word() == "tls_version_unsupported");
    CHECK(pair.client.alert() == SSL_AD_PROTOCOL_VERSION);
  }
}

TEST_CASE("tls context: only ECDHE suites with AEAD are spoken", "[tls][context]") {
  const TempDir dir;
  const auto tickets = make_tickets();
  const auto context =
      make_context({make_certificate(dir.path(), "ecdsa", {"a.example"}),
                    make_certificate(dir.path(), "rsa", {"a.example"}, KeyType::Rsa2048)},
                   *tickets);
  struct Case {
    std::string suite;
    bool accepted;
  };
  const auto c = GENERATE(values<Case>({
      {"ECDHE-ECDSA-AES128-GCM-SHA256", true},
      {"ECDHE-ECDSA-AES256-GCM-SHA384", true},
      {"ECDHE-ECDSA-CHACHA20-POLY1305", true},
      {"ECDHE-RSA-AES128-GCM-SHA256", true},
      {"ECDHE-RSA-AES256-GCM-SHA384", true},
      {"ECDHE-RSA-CHACHA20-POLY1305", true},
      {"DHE-RSA-AES128-GCM-SHA256", false},
      {"AES128-GCM-SHA256", false},
      {"AES128-SHA", false},
      {"ECDHE-RSA-AES128-SHA256", false},
      {"ECDHE-ECDSA-AES256-SHA", false},
  }));
  CAPTURE(c.suite);
  TlsPeerOptions options;
  options.max_version = TLS1_2_VERSION;
  options.suites12 = c.suite;
  Pair pair(context, options);
  REQUIRE(pair.connect() == c.accepted);
  if (c.accepted) {
    CHECK(pair.server.cipher() == c.suite);
  } else {
    CHECK(pair.server.error_word() == "tls_no_shared_cipher");
  }
}

TEST_CASE("tls context: the client's order of suites counts", "[tls][context]") {
  const TempDir dir;
  const auto tickets = make_tickets();
  const auto context = make_context({make_certificate(dir.path(), "a", {"a.example"})}, *tickets);
  TlsPeerOptions options;
  options.max_version = TLS1_2_VERSION;
  options.suites12 = "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-ECDSA-AES128-GCM-SHA256";
  Pair pair(context, options);
  REQUIRE(pair.connect());
  CHECK(pair.server.cipher() == "ECDHE-ECDSA-CHACHA20-POLY1305");
}

TEST_CASE("tls context: a curve of ours must be offered", "[tls][context]") {
  const TempDir dir;
  const auto tickets = make_tickets();
  const auto context = make_context({make_certificate(dir.path(), "a", {"a.example"})}, *tickets);
  TlsPeerOptions options;
  options.min_version = TLS1_3_VERSION;
  options.groups = "P-521";
  Pair pair(context, options);
  REQUIRE_FALSE(pair.connect());
  CHECK(pair.server.error_word() == "tls_no_shared_group");
}

TEST_CASE("tls context: mistakes in the configuration are told with their place",
          "[tls][context]") {
  const TempDir dir;
  const auto tickets = make_tickets();
  const auto none = ServerContext::create(conf::ListenerTls{}, *tickets);
  REQUIRE_FALSE(none);
  CHECK(none.error().text() == "certificates: at least one is needed");

  const auto good = make_certificate(dir.path(), "good", {"a.example"});
  const auto other = make_certificate(dir.path(), "other", {"a.example"});
  const auto second_bad =
      ServerContext::create(listener_of({good, {good.cert_path, other.key_path}}), *tickets);
  REQUIRE_FALSE(second_bad);
  CHECK(second_bad.error().where == "certificates[1]");
  CHECK(second_bad.error().what == "the private key in " + other.key_path +
                                       " does not match the first certificate in " +
                                       good.cert_path);
}

TEST_CASE("tls context: certificates without any name are served by default", "[tls][context]") {
  const TempDir dir;
  const auto tickets = make_tickets();
  const auto context = make_context({make_certificate(dir.path(), "no host name", {})}, *tickets);
  Pair pair(context, {.server_name = "a.example"});
  REQUIRE(pair.connect());
  CHECK(pair.client.certificate_name() == "no host name");
  REQUIRE(context->certificates().size() == 1);
  CHECK(context->certificates()[0].names.empty());
  CHECK(context->certificates()[0].not_after > std::chrono::system_clock::now());
}

}  // namespace
}  // namespace sluice::tls
