// SPDX-License-Identifier: MIT
// Sessions resumed by ticket, through tls/context and tls/tickets together.
#include <catch2/catch.hpp>
#include <string>

#include "tests/support/temp_dir.h"
#include "tests/unit/tls/pair.h"
#include "tls/sni.h"

namespace sluice::tls {
namespace {

using std::chrono::hours;
using support::make_certificate;
using support::SslSessionPtr;
using support::TempDir;
using test::make_context;
using test::make_tickets;
using test::Pair;

using ContextPtr = std::shared_ptr<const ServerContext>;

const TicketKeys::Clock::time_point kTicketsStart{};

std::string ticket_of(const SSL_SESSION* session) {
  const unsigned char* bytes = nullptr;
  std::size_t size = 0;
  SSL_SESSION_get0_ticket(session, &bytes, &size);
  return {reinterpret_cast<const char*>(bytes), size};
}

struct Outcome {
  bool connected = false;
  bool resumed = false;
  int tickets = 0;
  SslSessionPtr session;
};

Outcome connect(const ContextPtr& context, int version, const std::string& name,
                SSL_SESSION* resume = nullptr) {
  // OpenSSL's client uses up a session of TLS 1.3.
  const SslSessionPtr offered(resume != nullptr ? SSL_SESSION_dup(resume) : nullptr);
  Pair pair(context, {.server_name = name,
                      .min_version = version,
                      .max_version = version,
                      .alpn = "\x08http/1.1",
                      .resume = offered.get()});
  Outcome outcome;
  outcome.connected = pair.connect() && pair.read_ticket() == "!";
  outcome.resumed = pair.client.resumed();
  CHECK(pair.server.resumed() == outcome.resumed);
  CHECK(same_server_name(pair.server.server_name(), name));
  CHECK(pair.server.alpn() == "http/1.1");
  outcome.tickets = pair.client.tickets();
  outcome.session = pair.client.take_session();
  // A ticket renewed under TLS 1.2 is not announced.
  if (outcome.session == nullptr) outcome.session.reset(SSL_get1_session(pair.client.ssl()));
  return outcome;
}

TEST_CASE("resumption: a ticket resumes, also across a reload", "[tls][tickets]") {
  const TempDir dir;
  const auto tickets = make_tickets();
  const auto files = make_certificate(dir.path(), "a", {"a.example"});
  const int version = GENERATE(TLS1_2_VERSION, TLS1_3_VERSION);
  CAPTURE(version);
  Outcome first;
  {
    const ContextPtr before = make_context({files}, *tickets);
    first = connect(before, version, "a.example");
    REQUIRE(first.connected);
    CHECK_FALSE(first.resumed);
    CHECK(first.tickets == 1);
    REQUIRE(first.session != nullptr);
    const Outcome again = connect(before, version, "a.example", first.session.get());
    CHECK(again.resumed);
    // Under TLS 1.3 a ticket is used once, and replaced by each connection.
    CHECK(again.tickets == (version == TLS1_3_VERSION ? 1 : 0));
  }
  const ContextPtr after = make_context({files}, *tickets);
  const Outcome second = connect(after, version, "a.example", first.session.get());
  CHECK(second.connected);
  CHECK(second.resumed);
}

TEST_CASE("resumption: an old key is accepted and its ticket renewed, until twelve hours are over",
          "[tls][tickets]") {
  const TempDir dir;
  const auto tickets = make_tickets(kTicketsStart);
  const ContextPtr context =
      make_context({make_certificate(dir.path(), "a", {"a.example"})}, *tickets);
  const int version = GENERATE(TLS1_2_VERSION, TLS1_3_VERSION);
  CAPTURE(version);
  const Outcome first = connect(context, version, "a.example");
  REQUIRE(first.session != nullptr);

  REQUIRE(tickets->rotate(kTicketsStart + hours(1)));
  const Outcome renewed = connect(context, version, "a.example", first.session.get());
  CHECK(renewed.resumed);
  REQUIRE(renewed.session != nullptr);
  CHECK(ticket_of(renewed.session.get()) != ticket_of(first.session.get()));

  REQUIRE(tickets->rotate(kTicketsStart + hours(12)));
  CHECK(connect(context, version, "a.example", first.session.get()).resumed);

  REQUIRE(tickets->rotate(kTicketsStart + hours(13)));
  const Outcome refused = connect(context, version, "a.example", first.session.get());
  CHECK(refused.connected);
  CHECK_FALSE(refused.resumed);
  CHECK(connect(context, version, "a.example", renewed.session.get()).resumed);
}

TEST_CASE("resumption: unknown keys mean a full handshake", "[tls][tickets]") {
  const TempDir dir;
  const auto mine = make_tickets();
  const auto other = make_tickets();
  const auto files = make_certificate(dir.path(), "a", {"a.example"});
  const int version = GENERATE(TLS1_2_VERSION, TLS1_3_VERSION);
  const Outcome first = connect(make_context({files}, *mine), version, "a.example");
  REQUIRE(first.session != nullptr);
  const Outcome second =
      connect(make_context({files}, *other), version, "a.example", first.session.get());
  CHECK(second.connected);
  CHECK_FALSE(second.resumed);
  CHECK(second.tickets == 1);
}

TEST_CASE("resumption: a ticket of one certificate is worth nothing under another",
          "[tls][tickets]") {
  const TempDir dir;
  const auto tickets = make_tickets();
  const auto a = make_certificate(dir.path(), "a", {"a.example"});
  const auto b = make_certificate(dir.path(), "b", {"b.example"});
  const auto renewed = make_certificate(dir.path(), "a2", {"a.example"});
  const int version = GENERATE(TLS1_2_VERSION, TLS1_3_VERSION);
  CAPTURE(version);
  const ContextPtr both = make_context({a, b}, *tickets);
  const Outcome first = connect(both, version, "a.example");
  REQUIRE(first.session != nullptr);

  const Outcome other_name = connect(both, version, "b.example", first.session.get());
  CHECK(other_name.connected);
  CHECK_FALSE(other_name.resumed);

  const Outcome new_certificate =
      connect(make_context({renewed}, *tickets), version, "a.example", first.session.get());
  CHECK(new_certificate.connected);
  CHECK_FALSE(new_certificate.resumed);
}

TEST_CASE("resumption: a ticket is good only for the name it was made for", "[tls][tickets]") {
  const TempDir dir;
  const auto tickets = make_tickets();
  const ContextPtr context =
      make_context({make_certificate(dir.path(), "a", {"a.example", "b.example"})}, *tickets);
  const int version = GENERATE(TLS1_2_VERSION, TLS1_3_VERSION);
  CAPTURE(version);
  const Outcome first = connect(context, version, "a.example");
  REQUIRE(first.session != nullptr);
  CHECK(connect(context, version, "A.Example", first.session.get()).resumed);
  const Outcome other = connect(context, version, "b.example", first.session.get());
  CHECK(other.connected);
  CHECK_FALSE(other.resumed);
  const Outcome none = connect(context, version, "", first.session.get());
  CHECK(none.connected);
  CHECK_FALSE(none.resumed);
}

TEST_CASE("resumption: clients without a name resume too", "[tls][tickets]") {
  const TempDir dir;
  const auto tickets = make_tickets();
  const ContextPtr context =
      make_context({make_certificate(dir.path(), "a", {"a.example"})}, *tickets);
  const int version = GENERATE(TLS1_2_VERSION, TLS1_3_VERSION);
  const Outcome first = connect(context, version, "");
  REQUIRE(first.session != nullptr);
  CHECK(connect(context, version, "", first.session.get()).resumed);
}

}  // namespace
}  // namespace sluice::tls
