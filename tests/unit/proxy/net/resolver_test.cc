// SPDX-License-Identifier: MIT
#include "proxy/net/resolver.h"

#include <catch2/catch.hpp>
#include <optional>

#include "tests/support/dns_server.h"
#include "tests/support/run_loop.h"
#include "tests/unit/proxy/net/texts.h"

namespace sluice::net {
namespace {

using support::DnsReply;
using support::DnsServer;
using Answer = Resolver::Answer;
using Outcome = Resolver::Outcome;
using std::chrono::milliseconds;
using std::chrono::seconds;

struct ResolverFixture {
  DnsServer dns;
  EventLoop loop;
  std::unique_ptr<Resolver> resolver = make();

  // A try is short only where a test waits for it to pass.
  std::unique_ptr<Resolver> make(milliseconds timeout = seconds(10)) {
    ResolverOptions options;
    options.servers = {dns.address()};
    options.timeout = timeout;
    options.tries = 1;
    options.min_ttl = seconds(5);
    options.max_ttl = seconds(100);
    Result<std::unique_ptr<Resolver>> made = Resolver::open(loop, options);
    REQUIRE(made);
    return std::move(*made);
  }

  Answer ask(std::string_view host, IpFamily family = IpFamily::V4) {
    std::optional<Answer> answer;
    Resolver::Query query =
        resolver->resolve(host, family, [&answer](Answer got) { answer = std::move(got); });
    CHECK(query.pending());
    CHECK_FALSE(answer);  // never from within the call
    support::run_until(loop, [&answer] { return answer.has_value(); });
    CHECK_FALSE(query.pending());
    return *answer;
  }
};

}  // namespace

TEST_CASE_METHOD(ResolverFixture, "resolver: a family's addresses, sorted and without duplicates",
                 "[net][resolver]") {
  dns.set("app.test", {.addresses = {"10.0.0.2", "2001:db8::1", "10.0.0.1", "10.0.0.2"}});
  const Answer answer = ask("app.test");
  CHECK(answer.outcome == Outcome::Found);
  CHECK(answer.error.empty());
  CHECK(texts(answer.addresses) == Texts{"10.0.0.1", "10.0.0.2"});
  CHECK(texts(ask("app.test", IpFamily::V6).addresses) == Texts{"2001:db8::1"});
}

TEST_CASE_METHOD(ResolverFixture, "resolver: the same records in another order are an equal answer",
                 "[net][resolver]") {
  dns.set("app.test", {.addresses = {"10.0.0.2", "10.0.0.1", "2001:db8::2", "2001:db8::1"}});
  const Answer first = ask("app.test");
  dns.set("app.test", {.addresses = {"10.0.0.1", "2001:db8::1", "10.0.0.2", "2001:db8::2"}});
  CHECK(ask("app.test").addresses == first.addresses);
}

TEST_CASE_METHOD(ResolverFixture, "resolver: what a name lacks is told from what nobody could say",
                 "[net][resolver]") {
  dns.set("four.test", {.addresses = {"10.0.0.1"}});
  CHECK(ask("four.test.", IpFamily::V6).outcome == Outcome::None);
  CHECK(ask("absent.test.").outcome == Outcome::None);
  dns.set("half.test", {.kind_v6 = DnsReply::Kind::ServerFailure, .addresses = {"10.0.0.1"}});
  CHECK(ask("half.test").outcome == Outcome::Found);
  CHECK(ask("half.test", IpFamily::V6).outcome == Outcome::Failed);
}

TEST_CASE_METHOD(ResolverFixture, "resolver: the TTL is that of the records, within its bounds",
                 "[net][resolver]") {
  struct Case {
    std::uint32_t ttl_s;
    milliseconds expected;
  };
  for (const Case& c : {Case{0, seconds(5)}, Case{5, seconds(5)}, Case{42, seconds(42)},
                        Case{100, seconds(100)}, Case{86'400, seconds(100)}}) {
    CAPTURE(c.ttl_s);
    dns.set("app.test", {.addresses = {"10.0.0.1", "2001:db8::1"}, .ttl_s = c.ttl_s});
    CHECK(ask("app.test").ttl == c.expected);
  }
}

TEST_CASE_METHOD(ResolverFixture, "resolver: an alias is followed, and its TTL counts too",
                 "[net][resolver]") {
  dns.set("www.test",
          {.addresses = {"10.0.0.7"}, .ttl_s = 60, .alias = "host.test", .alias_ttl_s = 20});
  const Answer answer = ask("www.test");
  CHECK(texts(answer.addresses) == Texts{"10.0.0.7"});
  CHECK(answer.ttl == seconds(20));
}

TEST_CASE_METHOD(ResolverFixture, "resolver: what does not fit into a datagram comes over TCP",
                 "[net][resolver]") {
  DnsReply reply{.only_over_tcp = true};
  Texts expected;
  for (int i = 10; i < 100; ++i) {
    reply.addresses.push_back("10.1.1." + std::to_string(i));
    expected.push_back(reply.addresses.back());
  }
  dns.set("big.test", reply);
  CHECK(texts(ask("big.test").addresses) == expected);
  CHECK(dns.questions("big.test") == 2);
}

TEST_CASE_METHOD(ResolverFixture, "resolver: a failure is a sentence", "[net][resolver]") {
  dns.set("broken.test", {.kind = DnsReply::Kind::ServerFailure});
  dns.set("empty.test", {});
  struct Case {
    std::string_view host;
    std::string_view error;
  };
  const std::string long_label(64, 'a');
  for (const Case& c : {Case{"absent.test.", "no such host"},
                        Case{"broken.test", "no DNS server could be reached or could answer"},
                        Case{"empty.test.", "the name has no address"}, Case{"", "not a host name"},
                        Case{std::string_view("a\0b", 3), "not a host name"},
                        Case{"a..b", "not a host name"}, Case{long_label, "not a host name"}}) {
    CAPTURE(c.host);
    const Answer answer = ask(c.host);
    CHECK(answer.error == c.error);
    CHECK(answer.addresses.empty());
  }
}

TEST_CASE_METHOD(ResolverFixture, "resolver: a server that stays silent is given up",
                 "[net][resolver]") {
  dns.set("silent.test", {.kind = DnsReply::Kind::Silence});
  resolver = make(milliseconds(1));
  CHECK(ask("silent.test").error == "timeout: no DNS server answered");
}

TEST_CASE_METHOD(ResolverFixture, "resolver: a lost answer is asked for again", "[net][resolver]") {
  dns.set("slow.test", {.kind = DnsReply::Kind::Silence});
  ResolverOptions options;
  options.servers = {dns.address()};
  options.timeout = milliseconds(1);
  options.tries = 12;
  Result<std::unique_ptr<Resolver>> patient = Resolver::open(loop, options);
  REQUIRE(patient);
  std::optional<Answer> answer;
  const Resolver::Query query = (*patient)->resolve(
      "slow.test", IpFamily::V4, [&answer](Answer got) { answer = std::move(got); });
  support::run_until(loop, [this] { return dns.questions("slow.test") >= 2; });
  dns.set("slow.test", {.addresses = {"10.0.0.1"}});
  support::run_until(loop, [&answer] { return answer.has_value(); });
  CHECK(texts(answer->addresses) == Texts{"10.0.0.1"});
}

TEST_CASE_METHOD(ResolverFixture, "resolver: a port where no server listens is a failure",
                 "[net][resolver]") {
  std::string nobody;
  {
    DnsServer gone;
    nobody = gone.address();
  }
  ResolverOptions options;
  options.servers = {nobody};
  options.timeout = milliseconds(1);
  Result<std::unique_ptr<Resolver>> made = Resolver::open(loop, options);
  REQUIRE(made);
  resolver = std::move(*made);
  // Which of the two depends on whether the kernel passes the ICMP message on in time.
  const std::string error = ask("app.test").error;
  const bool refused = error == "no DNS server could be reached or could answer";
  const bool silent = error == "timeout: no DNS server answered";
  CAPTURE(error);
  CHECK((refused || silent));
}

TEST_CASE_METHOD(ResolverFixture, "resolver: the second server answers for the first",
                 "[net][resolver]") {
  DnsServer broken;
  broken.set("app.test", {.kind = DnsReply::Kind::ServerFailure});
  dns.set("app.test", {.addresses = {"10.0.0.1"}});
  ResolverOptions options;
  options.servers = {broken.address(), dns.address()};
  Result<std::unique_ptr<Resolver>> made = Resolver::open(loop, options);
  REQUIRE(made);
  resolver = std::move(*made);
  CHECK(texts(ask("app.test").addresses) == Texts{"10.0.0.1"});
  CHECK(broken.questions("app.test") == 1);
}

TEST_CASE_METHOD(ResolverFixture, "resolver: numeric addresses ask nobody", "[net][resolver]") {
  CHECK(texts(ask("192.0.2.7").addresses) == Texts{"192.0.2.7"});
  CHECK(ask("192.0.2.7", IpFamily::V6).outcome == Outcome::None);
  CHECK(texts(ask("2001:db8::7", IpFamily::V6).addresses) == Texts{"2001:db8::7"});
  CHECK(ask("192.0.2.7").ttl == seconds(100));
  CHECK(dns.questions("192.0.2.7") == 0);
}

TEST_CASE_METHOD(ResolverFixture, "resolver: the hosts file comes first and has the longest TTL",
                 "[net][resolver]") {
  dns.set("localhost", {.addresses = {"10.9.9.9"}});
  const Answer answer = ask("localhost");
  CHECK(answer.error.empty());
  CHECK(texts(answer.addresses) == Texts{"127.0.0.1"});
  CHECK(answer.ttl == seconds(100));
  CHECK(dns.questions("localhost") == 0);
}

// A server would add addresses to those that the operator has written there.
TEST_CASE_METHOD(ResolverFixture,
                 "resolver: no server is asked for the family that the hosts file lacks",
                 "[net][resolver]") {
  dns.set("localhost", {.addresses = {"2001:db8::9"}});
  for (const std::string& address : texts(ask("localhost", IpFamily::V6).addresses)) {
    CHECK(address == "::1");
  }
}

TEST_CASE_METHOD(ResolverFixture, "resolver: a destroyed query is never answered",
                 "[net][resolver]") {
  dns.set("app.test", {.addresses = {"10.0.0.1"}});
  bool told = false;
  {
    const Resolver::Query asked =
        resolver->resolve("app.test", IpFamily::V4, [&told](Answer) { told = true; });
    const Resolver::Query known =
        resolver->resolve("10.0.0.1", IpFamily::V4, [&told](Answer) { told = true; });
  }
  ask("app.test");  // asked later, answered later
  CHECK(dns.questions("app.test") == 2);
  CHECK_FALSE(told);
}

TEST_CASE_METHOD(ResolverFixture, "resolver: one callback may destroy the query of the next",
                 "[net][resolver]") {
  Resolver::Query second;
  int told = 0;
  const auto first = resolver->resolve("10.0.0.1", IpFamily::V4, [&](Answer) {
    ++told;
    second = Resolver::Query();
  });
  second = resolver->resolve("10.0.0.2", IpFamily::V4, [&told](Answer) { ++told; });
  const auto third = resolver->resolve("10.0.0.3", IpFamily::V4, [&told](Answer) { ++told; });
  support::run_until(loop, [&told] { return told == 2; });
  CHECK_FALSE(third.pending());
}

TEST_CASE_METHOD(ResolverFixture, "resolver: a callback may ask again", "[net][resolver]") {
  dns.set("app.test", {.addresses = {"10.0.0.1"}});
  std::optional<Answer> last;
  Resolver::Query query;
  query = resolver->resolve("10.0.0.9", IpFamily::V4, [&](Answer) {
    query = resolver->resolve("app.test", IpFamily::V4, [&](Answer got) { last = std::move(got); });
  });
  support::run_until(loop, [&last] { return last.has_value(); });
  CHECK(texts(last->addresses) == Texts{"10.0.0.1"});
}

TEST_CASE_METHOD(ResolverFixture, "resolver: a query may be moved while it is under way",
                 "[net][resolver]") {
  dns.set("app.test", {.addresses = {"10.0.0.1"}});
  bool told = false;
  Resolver::Query first =
      resolver->resolve("app.test", IpFamily::V4, [&told](Answer) { told = true; });
  Resolver::Query second(std::move(first));
  Resolver::Query third;
  third = std::move(second);
  CHECK(third.pending());
  support::run_until(loop, [&told] { return told; });
  CHECK_FALSE(third.pending());
}

TEST_CASE_METHOD(ResolverFixture,
                 "resolver: it may die with questions under way, and no callback comes",
                 "[net][resolver]") {
  dns.set("silent.test", {.kind = DnsReply::Kind::Silence});
  dns.set("app.test", {.addresses = {"10.0.0.1"}});
  bool told = false;
  const auto tell = [&told](Answer) { told = true; };
  const Resolver::Query silent = resolver->resolve("silent.test", IpFamily::V4, tell);
  const Resolver::Query asked = resolver->resolve("app.test", IpFamily::V4, tell);
  const Resolver::Query known = resolver->resolve("10.0.0.1", IpFamily::V4, tell);
  support::run_until(loop, [this] { return dns.questions("silent.test") == 1; });
  resolver.reset();
  CHECK_FALSE(silent.pending());
  CHECK_FALSE(known.pending());
  support::run_turns(loop, 2);
}

TEST_CASE_METHOD(ResolverFixture, "resolver: many names at once", "[net][resolver]") {
  constexpr std::size_t kNames = 100;
  std::vector<Resolver::Query> queries;
  std::map<std::string, std::string> found;
  for (std::size_t i = 0; i < kNames; ++i) {
    const std::string name = "n" + std::to_string(i) + ".test";
    dns.set(name, {.addresses = {"10.0.1." + std::to_string(i)}});
    queries.push_back(resolver->resolve(name, IpFamily::V4, [&found, name](Answer answer) {
      found[name] = answer.addresses.empty() ? answer.error : answer.addresses.front().to_string();
    }));
  }
  support::run_until(loop, [&found] { return found.size() == kNames; });
  for (std::size_t i = 0; i < kNames; ++i) {
    CHECK(found["n" + std::to_string(i) + ".test"] == "10.0.1." + std::to_string(i));
  }
}

TEST_CASE("resolver: a wrong server is refused with its text", "[net][resolver]") {
  EventLoop loop;
  for (const std::string text : {"dns.example", "10.0.0.1:", "10.0.0.1:99999", ":53", "unix:/dns",
                                 "", "[::]:53", "0.0.0.0"}) {
    CAPTURE(text);
    ResolverOptions options;
    options.servers = {"127.0.0.1", text};
    const Result<std::unique_ptr<Resolver>> made = Resolver::open(loop, options);
    REQUIRE_FALSE(made);
    CHECK(made.error().text() == "resolver.servers: \"" + text + "\" is not an IP or IP:port");
  }
}

TEST_CASE("resolver: every form of a server is taken", "[net][resolver]") {
  EventLoop loop;
  ResolverOptions options;
  options.servers = {"127.0.0.1", "127.0.0.1:5353", "::1", "[::1]:5353"};
  CHECK(Resolver::open(loop, options));
  CHECK(Resolver::open(loop, {}));  // those of the system
}

}  // namespace sluice::net
