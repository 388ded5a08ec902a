// SPDX-License-Identifier: MIT
#include "proxy/net/name_watch.h"

#include <catch2/catch.hpp>
#include <functional>
#include <optional>

#include "tests/support/dns_server.h"
#include "tests/support/run_loop.h"

namespace sluice::net {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using support::DnsReply;
using support::DnsServer;

using Texts = std::vector<std::string>;

Texts texts(std::span<const Address> addresses) {
  Texts out;
  for (const Address& address : addresses) out.push_back(address.text());
  return out;
}

// A TTL of 0 is asked for again at the next tick, one of a minute never while a test runs.
struct Fixture : NameWatch::Owner {
  virtual ~Fixture() = default;

  void on_changed(std::string_view name, std::span<const Address> addresses) override {
    told.push_back("changed " + std::string(name));
    CHECK(texts(watch->addresses(name)) == texts(addresses));
    if (then) then();
  }
  void on_failed(std::string_view name, std::string_view error) override {
    told.push_back("failed " + std::string(name) + ": " + std::string(error));
    CHECK(watch->error(name) == error);
    if (then) then();
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

  void set_names(const Texts& names) { watch->set_names(names); }
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
  std::unique_ptr<Resolver> resolver = make_resolver();
  std::optional<NameWatch> watch{std::in_place, loop, *resolver, this,
                                 RetryDelays{milliseconds(1), milliseconds(1)}};
  Texts told;
  std::function<void()> then;
};

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

TEST_CASE_METHOD(Fixture, "name watch: the first answer is a change", "[net][name_watch]") {
  dns.set("app.test", {.addresses = {"10.0.0.2", "10.0.0.1"}});
  set_names({"app.test:8080"});
  CHECK(told.empty());
  CHECK(watch->addresses("app.test:8080").empty());
  await_told(1);
  CHECK(told == Texts{"changed app.test:8080"});
  CHECK(texts(watch->addresses("app.test:8080")) == Texts{"10.0.0.1:8080", "10.0.0.2:8080"});
  CHECK(watch->error("app.test:8080").empty());
}

TEST_CASE_METHOD(Fixture, "name watch: asks again by TTL and tells of a change alone",
                 "[net][name_watch]") {
  dns.set("app.test", {.addresses = {"10.0.0.1", "10.0.0.2"}, .ttl_s = 0});
  set_names({"app.test:80"});
  await_told(1);
  dns.set("app.test", {.addresses = {"10.0.0.2", "10.0.0.1"}, .ttl_s = 0});
  await_questions("app.test", 3);
  CHECK(told.size() == 1);
  dns.set("app.test", {.addresses = {"10.0.0.3"}, .ttl_s = 0});
  await_told(2);
  CHECK(texts(watch->addresses("app.test:80")) == Texts{"10.0.0.3:80"});
}

TEST_CASE_METHOD(Fixture, "name watch: a name is left alone until its TTL has run out",
                 "[net][name_watch]") {
  dns.set("long.test", {.addresses = {"10.0.0.1"}, .ttl_s = 60});
  dns.set("short.test", {.addresses = {"10.0.0.2"}, .ttl_s = 0});
  set_names({"long.test:80", "short.test:80"});
  await_told(2);
  await_questions("short.test", 4);
  CHECK(dns.questions("long.test") == 1);
}

TEST_CASE_METHOD(Fixture, "name watch: a failed lookup keeps the last good addresses",
                 "[net][name_watch]") {
  dns.set("app.test", {.addresses = {"10.0.0.1"}, .ttl_s = 0});
  set_names({"app.test:80"});
  await_told(1);
  dns.set("app.test", {.kind = DnsReply::Kind::ServerFailure});
  await_told(2);
  await_questions("app.test", 3);
  // Told once, however often it fails in the same way.
  CHECK(told == Texts{"changed app.test:80",
                      "failed app.test:80: no DNS server could be reached or could answer"});
  CHECK(texts(watch->addresses("app.test:80")) == Texts{"10.0.0.1:80"});

  dns.set("app.test", {.kind = DnsReply::Kind::NoSuchHost});
  await_told(3);
  CHECK(told.back() == "failed app.test:80: no such host");
  CHECK(texts(watch->addresses("app.test:80")) == Texts{"10.0.0.1:80"});

  // Back with what it had: nothing has changed, but the error is gone.
  dns.set("app.test", {.addresses = {"10.0.0.1"}, .ttl_s = 0});
  support::run_until(loop, [this] { return watch->error("app.test:80").empty(); });
  CHECK(told.size() == 3);
}

TEST_CASE_METHOD(Fixture, "name watch: a name that does not resolve is tried until it does",
                 "[net][name_watch]") {
  set_names({"late.test:80"});
  await_told(1);
  CHECK(told.back() == "failed late.test:80: no such host");
  CHECK(watch->addresses("late.test:80").empty());
  dns.set("late.test", {.addresses = {"10.0.0.1"}});
  await_told(2);
  CHECK(texts(watch->addresses("late.test:80")) == Texts{"10.0.0.1:80"});
}

TEST_CASE_METHOD(Fixture, "name watch: new names keep what is still wanted", "[net][name_watch]") {
  for (const char* name : {"a.test", "b.test", "c.test"}) {
    dns.set(name, {.addresses = {"10.0.0.1"}});
  }
  set_names({"a.test:80", "b.test:80"});
  await_told(2);
  told.clear();
  set_names({"b.test:80", "c.test:80", "b.test:80"});
  CHECK(watch->addresses("a.test:80").empty());
  CHECK(texts(watch->addresses("b.test:80")) == Texts{"10.0.0.1:80"});
  await_told(1);
  CHECK(told == Texts{"changed c.test:80"});
  CHECK(dns.questions("b.test") == 1);
}

TEST_CASE_METHOD(Fixture, "name watch: a forgotten name is not heard of again",
                 "[net][name_watch]") {
  dns.set("gone.test", {.addresses = {"10.0.0.1"}});
  dns.set("app.test", {.addresses = {"10.0.0.1"}});
  set_names({"gone.test:80", "192.0.2.1:80"});
  set_names({"app.test:80"});
  await_told(1);
  CHECK(dns.questions("gone.test") == 1);
  CHECK(told == Texts{"changed app.test:80"});
}

TEST_CASE_METHOD(Fixture, "name watch: the names may be changed from within a callback",
                 "[net][name_watch]") {
  dns.set("a.test", {.addresses = {"10.0.0.1"}});
  dns.set("c.test", {.addresses = {"10.0.0.3"}});
  then = [this] {
    then = nullptr;
    set_names({"c.test:80"});
  };
  SECTION("of a change") {
    set_names({"a.test:80"});
    await_told(2);
    CHECK(told == Texts{"changed a.test:80", "changed c.test:80"});
  }
  SECTION("of a failure") {
    set_names({"b.test:80"});
    await_told(2);
    CHECK(told == Texts{"failed b.test:80: no such host", "changed c.test:80"});
  }
}

TEST_CASE_METHOD(Fixture, "name watch: numeric addresses are names too", "[net][name_watch]") {
  set_names({"192.0.2.1:80", "[2001:db8::1]:443"});
  await_told(2);
  CHECK(texts(watch->addresses("192.0.2.1:80")) == Texts{"192.0.2.1:80"});
  CHECK(texts(watch->addresses("[2001:db8::1]:443")) == Texts{"[2001:db8::1]:443"});
}

TEST_CASE_METHOD(Fixture, "name watch: what is no host and port fails as a name does",
                 "[net][name_watch]") {
  for (const char* name : {"app.test", "app.test:", "app.test:x", "app.test:70000", ":80", ""}) {
    CAPTURE(name);
    told.clear();
    set_names({name});
    await_told(1);
    CHECK(told.back() == "failed " + std::string(name) + ": not a host name");
  }
}

TEST_CASE_METHOD(Fixture, "name watch: it may die with lookups under way", "[net][name_watch]") {
  dns.set("silent.test", {.kind = DnsReply::Kind::Silence});
  set_names({"silent.test:80", "192.0.2.1:80"});
  support::run_until(loop, [this] { return dns.questions("silent.test") == 1; });
  told.clear();
  set_names({"silent.test:80", "192.0.2.2:80"});  // answered, and not yet told
  watch.reset();
  support::run_turns(loop, 2);
  CHECK(told.empty());
}

}  // namespace sluice::net
