// SPDX-License-Identifier: MIT
#include "proxy/net/name_watch.h"

#include <catch2/catch.hpp>
#include <optional>

#include "tests/support/dns_server.h"
#include "tests/support/run_loop.h"
#include "tests/unit/proxy/net/texts.h"

namespace sluice::net {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using support::DnsReply;
using support::DnsServer;

// A TTL of 0 is asked for again at the next tick, one of a minute never while a test runs.
struct WatchFixture : NameWatch::Owner {
  virtual ~WatchFixture() = default;

  void on_changed(std::string_view host, std::span<const IpAddress> addresses) override {
    told.push_back("changed " + std::string(host));
    CHECK(known(host) == texts(addresses));
  }
  void on_failed(std::string_view host, std::string_view error, bool has_last) override {
    told.push_back("failed " + std::string(host) + ": " + std::string(error));
    CHECK(has_last == !known(host).empty());
  }

  std::unique_ptr<Resolver> make_resolver() {
    ResolverOptions options;
    options.servers = {dns.address()};
    options.timeout = seconds(10);
    options.min_ttl = milliseconds(0);
    Result<std::unique_ptr<Resolver>> made = Resolver::open(loop, options);
    REQUIRE(made);
    return std::move(*made);
  }

  void start(const Texts& hosts, const HostAddresses& last = {}) {
    watch.emplace(loop, make_resolver(), hosts, last, this,
                  RetryDelays{milliseconds(1), milliseconds(1)});
    CHECK(told.empty());
  }
  Texts known(std::string_view host) const {
    const HostAddresses all = watch->addresses();
    const auto found = all.find(host);
    return found == all.end() ? Texts() : texts(found->second);
  }
  void await_told(std::size_t count) {
    support::run_until(loop, [this, count] { return told.size() >= count; });
  }
  // Until the name has been asked for so many times more, and answered but for the last.
  void await_questions(const std::string& host, std::size_t more) {
    const std::size_t wanted = dns.questions(host) + more;
    support::run_until(loop, [&] { return dns.questions(host) >= wanted; });
  }

  DnsServer dns;
  EventLoop loop;
  std::optional<NameWatch> watch;
  Texts told;
};

const std::string kBroken = "no DNS server could be reached or could answer";

}  // namespace

TEST_CASE("name watch: retries begin at one second and double up to half a minute",
          "[net][name_watch]") {
  const RetryDelays delays;
  std::vector<long> seconds_before_try;
  for (unsigned failures : {1U, 2U, 3U, 4U, 5U, 6U, 7U, 1'000'000U}) {
    seconds_before_try.push_back(delays.after(failures) / seconds(1));
  }
  CHECK(seconds_before_try == std::vector<long>{1, 2, 4, 8, 16, 30, 30, 30});
}

TEST_CASE_METHOD(WatchFixture, "name watch: the first answer is a change", "[net][name_watch]") {
  dns.set("app.test", {.addresses = {"10.0.0.2", "2001:db8::1", "10.0.0.1"}});
  start({"app.test"});
  CHECK(known("app.test").empty());
  CHECK_FALSE(watch->settled());
  await_told(1);
  CHECK(told == Texts{"changed app.test"});
  CHECK(known("app.test") == Texts{"10.0.0.1", "10.0.0.2", "2001:db8::1"});
  CHECK(watch->settled());
}

TEST_CASE_METHOD(WatchFixture, "name watch: asks again by TTL and tells of a change alone",
                 "[net][name_watch]") {
  dns.set("app.test", {.addresses = {"10.0.0.1", "10.0.0.2"}, .ttl_s = 0});
  start({"app.test"});
  await_told(1);
  dns.set("app.test", {.addresses = {"10.0.0.2", "10.0.0.1"}, .ttl_s = 0});
  await_questions("app.test", 3);
  CHECK(told.size() == 1);
  dns.set("app.test", {.addresses = {"10.0.0.3"}, .ttl_s = 0});
  await_told(2);
  CHECK(known("app.test") == Texts{"10.0.0.3"});
}

TEST_CASE_METHOD(WatchFixture, "name watch: a name is left alone until its TTL has run out",
                 "[net][name_watch]") {
  dns.set("long.test", {.addresses = {"10.0.0.1"}, .ttl_s = 60});
  dns.set("short.test", {.addresses = {"10.0.0.2"}, .ttl_s = 0});
  start({"long.test", "short.test"});
  await_told(2);
  await_questions("short.test", 4);
  CHECK(dns.questions("long.test") == 1);
}

TEST_CASE_METHOD(WatchFixture, "name watch: a failed lookup keeps the last good addresses",
                 "[net][name_watch]") {
  dns.set("app.test", {.addresses = {"10.0.0.1"}, .ttl_s = 0});
  start({"app.test"});
  await_told(1);
  dns.set("app.test", {.kind = DnsReply::Kind::ServerFailure});
  await_told(2);
  await_questions("app.test", 3);
  // Told once, however often it fails in the same way.
  CHECK(told == Texts{"changed app.test", "failed app.test: " + kBroken});
  CHECK(known("app.test") == Texts{"10.0.0.1"});

  dns.set("app.test", {.kind = DnsReply::Kind::NoSuchHost});
  await_told(3);
  CHECK(told.back() == "failed app.test: no such host");
  CHECK(known("app.test") == Texts{"10.0.0.1"});

  // Back with what it had: nothing has changed, but the next failure is news again.
  dns.set("app.test", {.addresses = {"10.0.0.1"}, .ttl_s = 0});
  await_questions("app.test", 3);
  CHECK(told.size() == 3);
  dns.set("app.test", {.kind = DnsReply::Kind::NoSuchHost});
  await_told(4);
  CHECK(told.back() == "failed app.test: no such host");
}

// All IPv4 backends were gone, and nothing said so.
TEST_CASE_METHOD(WatchFixture, "name watch: a family whose lookup fails keeps its last addresses",
                 "[net][name_watch][regression]") {
  dns.set("app.test", {.addresses = {"10.0.0.1", "2001:db8::1"}, .ttl_s = 0});
  start({"app.test"});
  await_told(1);
  dns.set("app.test", {.kind = DnsReply::Kind::ServerFailure,
                       .kind_v6 = DnsReply::Kind::Answer,
                       .addresses = {"2001:db8::2"},
                       .ttl_s = 60});
  await_told(3);
  CHECK(told[2] == "failed app.test: " + kBroken + " (IPv4 alone)");
  CHECK(known("app.test") == Texts{"10.0.0.1", "2001:db8::2"});
  // It is asked for again, however long the other family's TTL is.
  dns.set("app.test", {.kind_v6 = DnsReply::Kind::ServerFailure, .addresses = {"10.0.0.2"}});
  await_told(5);
  CHECK(told[4] == "failed app.test: " + kBroken + " (IPv6 alone)");
  CHECK(known("app.test") == Texts{"10.0.0.2", "2001:db8::2"});
}

TEST_CASE_METHOD(WatchFixture, "name watch: a family that a name has no more is given up",
                 "[net][name_watch]") {
  dns.set("app.test", {.addresses = {"10.0.0.1", "2001:db8::1"}, .ttl_s = 0});
  start({"app.test"});
  await_told(1);
  dns.set("app.test", {.addresses = {"2001:db8::1"}, .ttl_s = 0});
  await_told(2);
  CHECK(known("app.test") == Texts{"2001:db8::1"});
}

TEST_CASE_METHOD(WatchFixture, "name watch: a name that does not resolve is tried until it does",
                 "[net][name_watch]") {
  start({"late.test"});
  await_told(1);
  CHECK(told.back() == "failed late.test: no such host");
  CHECK(known("late.test").empty());
  CHECK(watch->settled());
  dns.set("late.test", {.addresses = {"10.0.0.1"}});
  await_told(2);
  CHECK(known("late.test") == Texts{"10.0.0.1"});
}

TEST_CASE_METHOD(WatchFixture, "name watch: it goes on with the last addresses, and asks at once",
                 "[net][name_watch]") {
  const HostAddresses last = {{"a.test", {*IpAddress::parse("10.0.0.1")}},
                              {"gone.test", {*IpAddress::parse("10.0.0.9")}}};
  dns.set("a.test", {.addresses = {"10.0.0.1"}});
  SECTION("which are in use until the answer comes") {
    dns.set("a.test", {.kind = DnsReply::Kind::Held});
    start({"a.test"}, last);
    CHECK(watch->settled());
    await_questions("a.test", 1);
    CHECK(known("a.test") == Texts{"10.0.0.1"});
    dns.set("a.test", {.addresses = {"10.0.0.2"}});
    await_told(1);
    CHECK(known("a.test") == Texts{"10.0.0.2"});
  }
  SECTION("which are forgotten of names that are not among its own") {
    dns.set("b.test", {.addresses = {"10.0.0.2"}});
    start({"a.test", "b.test"}, last);
    CHECK_FALSE(watch->settled());
    await_told(1);
    CHECK(told == Texts{"changed b.test"});
    CHECK(known("gone.test").empty());
    CHECK(dns.questions("gone.test") == 0);
  }
}

TEST_CASE_METHOD(WatchFixture, "name watch: what is no host fails as a name does",
                 "[net][name_watch]") {
  for (const char* name : {"a..test", ""}) {
    CAPTURE(name);
    told.clear();
    start({name});
    await_told(1);
    CHECK(told.back() == "failed " + std::string(name) + ": not a host name");
  }
}

TEST_CASE_METHOD(WatchFixture, "name watch: it may die with lookups under way",
                 "[net][name_watch]") {
  dns.set("silent.test", {.kind = DnsReply::Kind::Silence});
  start({"silent.test", "192.0.2.1"});
  support::run_until(loop, [this] { return dns.questions("silent.test") == 1; });
  told.clear();
  start({"192.0.2.2"});  // answered, and not yet told
  watch.reset();
  support::run_turns(loop, 2);
  CHECK(told.empty());
}

TEST_CASE_METHOD(WatchFixture, "name watch: without a host it needs no resolver",
                 "[net][name_watch]") {
  watch.emplace(loop, nullptr, Texts(), HostAddresses(), this);
  CHECK(watch->settled());
  CHECK(watch->addresses().empty());
}

}  // namespace sluice::net
