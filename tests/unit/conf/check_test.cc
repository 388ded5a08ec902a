// SPDX-License-Identifier: MIT
#include "conf/check.h"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

#include "conf/load.h"
#include "tests/unit/conf/rows.h"

namespace sluice::conf {
namespace {

using rows::check_rows;
using rows::kListener;
using rows::kPool;
using rows::kRoute;
using rows::load;
using rows::loads;
using rows::Mistake;

std::string listener(const std::string& address) {
  return "\"listeners\":[{\"address\":@\"" + address + "\"}]," + kPool + "," + kRoute;
}

TEST_CASE("check: a PROXY header is believed of somebody", "[conf][check]") {
  const auto with = [](const std::string& address, const std::string& more) {
    return "\"listeners\":[{\"address\":\"" + address + "\",\"proxy_protocol\":@true}]," + kPool +
           "," + kRoute + more;
  };
  check_rows({{with(":80", ""), "listeners[0].proxy_protocol",
               "nobody may connect: there are no \"trusted_proxies\"",
               "name the balancers in front there"}});
  CHECK(loads(with(":80", R"(,"trusted_proxies":["10.0.0.0/8"])")));
  CHECK(loads(with("unix:/run/s", "")));
}

TEST_CASE("check: defer_accept is of TCP", "[conf][check]") {
  const auto with = [](const std::string& address) {
    return "\"listeners\":[{\"address\":\"" + address + "\",\"defer_accept\":@true}]," + kPool +
           "," + kRoute;
  };
  check_rows({{with("unix:/run/s"), "listeners[0].defer_accept",
               "only TCP connections can be handed over with their first bytes", ""}});
  CHECK(loads(with(":80")));
}

TEST_CASE("check: listener addresses", "[conf][check]") {
  const std::string at = "listeners[0].address";
  check_rows({
      {listener("80"), at, "\"80\" has no port", "for example \":80\""},
      {listener("10.0.0.1"), at, "\"10.0.0.1\" has no port", "for example \"10.0.0.1:80\""},
      {listener(":65536"), at, "\"65536\" is no port", "ports are numbers up to 65535"},
      {listener(":-1"), at, "\"-1\" is no port", "ports are numbers up to 65535"},
      {listener(":http"), at, "\"http\" is no port", "ports are numbers up to 65535"},
      {listener(":"), at, "\"\" is no port", "ports are numbers up to 65535"},
      {listener("*:80"), at, "\"*\" is no IP address", "all addresses are written \":80\""},
      {listener("localhost:80"), at, "\"localhost\" is a name; a listener needs an IP address",
       "for example \"127.0.0.1:80\""},
      {listener("edge.example:80"), at,
       "\"edge.example\" is a name; a listener needs an IP address",
       "all addresses are written \":80\""},
      {listener("10.0.0.256:80"), at, "\"10.0.0.256\" is no host name and no IP address", ""},
      {listener("::1"), at, "\"::1\" is an IPv6 address without a port",
       "for example \"[::1]:80\""},
      {listener("[::1]"), at, "\"[::1]\" has no port", "for example \"[::1]:80\""},
      {listener("fe80::x:80"), at, "\"fe80::x\" is no host name and no IP address",
       "an IPv6 address stands in brackets: \"[::1]:80\""},
      {listener("[::x]:80"), at, "\"[::x]\" is no host name and no IP address", ""},
      {listener("[10.0.0.1]:80"), at, "\"[10.0.0.1]\" is no host name and no IP address", ""},
      {listener("unix:run/s"), at, "\"unix:run/s\" names no absolute path",
       "for example \"unix:/run/app.sock\""},
      {listener("unix:/" + std::string(107, 'x')), at,
       "the path of a socket file has at most 107 bytes, this one 108", ""},
      {listener("http://0.0.0.0:80/x"), at, "\"http://0.0.0.0:80/x\" is a URL, not an address",
       "write only \"0.0.0.0:80\""},
      {listener(""), at, "\"address\" is empty", "for example \":443\""},
      {listener("a\\u0000b:80"), at, "\"address\" holds a control character", ""},
  });
  for (const char* address :
       {":80", "0.0.0.0:0", "[::]:8443", "127.0.0.1:65535", "unix:/run/s", "[2001:db8::1]:80"}) {
    CAPTURE(address);
    CHECK(loads(listener(address)));
  }
}

TEST_CASE("check: listeners that take the same address or name", "[conf][check]") {
  const auto two = [](const std::string& a, const std::string& b) {
    return "\"listeners\":[{\"address\":!\"" + a + "\"},\n{\"address\":@\"" + b + "\"}]," + kPool +
           "," + kRoute;
  };
  const auto row = [&two](const std::string& a, const std::string& b) {
    return Mistake{two(a, b), "listeners[1].address",
                   "\"" + b + "\" overlaps with the address of another listener", "first at !"};
  };
  check_rows({row(":80", ":80"), row(":80", "0.0.0.0:80"), row("0.0.0.0:80", ":80"),
              row(":80", "[::]:80"), row("[::]:80", ":80"), row("0.0.0.0:80", "[::]:80"),
              row("[::]:80", "0.0.0.0:80"), row("127.0.0.1:80", "127.0.0.1:080"),
              row("[::1]:80", "[0:0::1]:80"), row("[::ffff:10.0.0.1]:80", "10.0.0.1:80"),
              row("unix:/run/s", "unix:/run/s")});
  check_rows({
      {"\"listeners\":[{\"address\":\":1\",\"name\":!\"a\"},{\"address\":\":2\",\"name\":@\"a\"}]"
       "," +
           kPool + "," + kRoute,
       "listeners[1].name", "two listeners have the name \"a\"", "first at !"},
      {"\"listeners\":[{\"address\":\":1\"},{\"address\":\":2\",\"name\":@\":1\"}]," + kPool + "," +
           kRoute,
       "listeners[1].name", "\":1\" is the address of another listener",
       "a name must not be mistaken for an address"},
  });
  for (const auto& [a, b] : {std::pair{":80", ":81"}, std::pair{":80", "127.0.0.1:80"},
                             std::pair{"0.0.0.0:80", "[::1]:80"}, std::pair{":0", ":0"},
                             std::pair{"127.0.0.1:0", "127.0.0.1:0"}}) {
    CAPTURE(a, b);
    CHECK(loads(two(a, b)));
  }
}

std::string admin(const std::string& members) {
  return kListener + "," + kPool + "," + kRoute + ",\"admin\":{" + members + "}";
}

TEST_CASE("check: the admin listener is this machine's own, or asks for a token", "[conf][check]") {
  const std::string elsewhere = "for example \"127.0.0.1:9901\", or a \"token_file\"";
  const auto open = [&elsewhere](const std::string& address) {
    return Mistake{admin(R"("address":@")" + address + "\""), "admin.address",
                   "\"" + address + "\" can be reached from elsewhere, and there is no token",
                   elsewhere};
  };
  check_rows({open(":9901"), open("0.0.0.0:9901"), open("[::]:9901"), open("10.0.0.1:9901"),
              open("[2001:db8::1]:9901")});
  for (const char* address : {"127.0.0.1:9901", "127.1.2.3:9901", "[::1]:9901", "127.0.0.1:0",
                              "unix:/run/a", "[::ffff:127.0.0.1]:9901"}) {
    CAPTURE(address);
    CHECK(loads(admin("\"address\":\"" + std::string(address) + "\"")));
  }
  CHECK(loads(admin(R"("address":":9901","token":"s3cret")")));
  CHECK(loads(admin(R"("address":":9901","token_file":"t")")));
}

TEST_CASE("check: the admin listener's address and token", "[conf][check]") {
  check_rows({
      {admin(R"("address":@"localhost:1")"), "admin.address",
       "\"localhost\" is a name; a listener needs an IP address", "for example \"127.0.0.1:1\""},
      {admin(R"("address":@"127.0.0.1")"), "admin.address", "\"127.0.0.1\" has no port",
       "for example \"127.0.0.1:80\""},
      {admin(R"("address":"unix:/a","token":@"a b")"), "admin.token",
       "a token is printable ASCII without spaces", ""},
      {admin(R"("address":"unix:/a","token":@"ab","token_file":"f")"), "admin.token",
       "there is a \"token_file\", too", "one of them is enough"},
      {R"("listeners":[{"address":!"127.0.0.1:8"}],)" + kPool + "," + kRoute +
           R"(,"admin":{"address":@"127.0.0.1:8"})",
       "admin.address", "\"127.0.0.1:8\" overlaps with the address of another listener",
       "first at !"},
  });
}

TEST_CASE("check: what a configuration cannot do without", "[conf][check]") {
  const std::string listeners_hint = R"(for example "listeners": [ { "address": ":8080" } ])";
  const std::string routes_hint = R"(for example "routes": [ { "forward": { "pool": "app" } } ])";
  const std::string no_listeners = "there are no listeners, so nothing could connect";
  const std::string no_routes = "there are no routes, so every request would find nothing";
  check_rows({
      {"@\"listeners\":[]," + kPool + "," + kRoute, "listeners", no_listeners, listeners_hint},
      {kListener + "," + kPool + ",@\"routes\":[]", "routes", no_routes, routes_hint},
      {"\"listeners\":[@{}]," + kPool + "," + kRoute, "listeners[0].address",
       "\"address\" is missing in listeners[0]", "for example \"address\": \":443\""},
      {"\"listeners\":[{\"address\":\":1\",@\"tls\":{}}]," + kPool + "," + kRoute,
       "listeners[0].tls.certificates", "a TLS listener needs at least one certificate",
       R"("certificates": [ { "cert": "fullchain.pem", "key": "privkey.pem" } ])"},
      {"\"listeners\":[{\"address\":\":1\",\"tls\":{\"certificates\":[@{\"cert\":\"c\"}]}}]," +
           kPool + "," + kRoute,
       "listeners[0].tls.certificates[0].key",
       "\"key\" is missing in listeners[0].tls.certificates[0]",
       "for example \"key\": \"privkey.pem\""},
      {kListener + ",\"pools\":{@\"api\":{}}," + kRoute, "pools.api.backends",
       "pools.api has no backends", R"(for example "backends": [ "127.0.0.1:9000" ])"},
      {kListener + "," + kPool + ",\"routes\":[@{}]", "routes[0]", "routes[0] does nothing",
       R"(add "forward", "files", "redirect" or "respond")"},
      {kListener + "," + kPool + ",\"routes\":[{@\"redirect\":{}}]", "routes[0].redirect.to",
       "\"to\" is missing in routes[0].redirect", "for example \"to\": \"https://${host}${uri}\""},
  });
  const LoadOutcome nothing = load("{}");
  REQUIRE(nothing.errors.size() == 2);
  CHECK(nothing.errors[0].message == no_listeners);
  CHECK(nothing.errors[1].message == no_routes);
  CHECK(nothing.errors[0].line == 1);
  CHECK(nothing.errors[0].column == 1);
}

std::string backends(const std::string& list) {
  return kListener + ",\"pools\":{\"api\":{\"backends\":[" + list + "]}}," + kRoute;
}

TEST_CASE("check: pools", "[conf][check]") {
  check_rows({
      {backends("@\":80\""), "pools.api.backends[0]", "\":80\" has no host",
       "for example \"127.0.0.1:80\""},
      {backends("@\"app:0\""), "pools.api.backends[0]", "port 0 cannot be connected to",
       "ports are numbers from 1 to 65535"},
      {backends("\"a:1\",@\"app\""), "pools.api.backends[1]", "\"app\" has no port",
       "for example \"app:80\""},
      {backends("@\"a b:1\""), "pools.api.backends[0]", "\"a b\" is no host name and no IP address",
       ""},
      {backends("@\"a..b:1\""), "pools.api.backends[0]",
       "\"a..b\" is no host name and no IP address", ""},
      {backends("@\"https://app\""), "pools.api.backends[0]",
       "\"https://app\" is a URL, not an address", "write only \"app\""},
      {backends("{\"address\":@\"app\",\"weight\":2}"), "pools.api.backends[0].address",
       "\"app\" has no port", "for example \"app:80\""},
      {backends("!\"h:1\",@\"h:01\""), "pools.api.backends[1]",
       "\"h:01\" stands twice in this pool; give it a weight instead", "first at !"},
      {kListener +
           ",\"pools\":{\"api\":{\"backends\":[\"h:1\"]},@\"a b\":{\"backends\":[\"h:1\"]}}," +
           kRoute,
       "pools[\"a b\"]", "\"a b\" is no name for a pool",
       R"(names are letters, digits, "_", "-" and ".")"},
  });
  for (const char* address : {"h:1", "10.0.0.1:80", "[::1]:80", "a-b_c.example:65535", "unix:/s"}) {
    CAPTURE(address);
    CHECK(loads(backends("\"" + std::string(address) + "\"")));
  }
}

TEST_CASE("check: addresses of proxies and resolvers, and the rest", "[conf][check]") {
  const auto with = [](const std::string& members) {
    return kListener + "," + kPool + "," + kRoute + "," + members;
  };
  const auto proxy = [&with](const std::string& text, std::string message, std::string hint) {
    return Mistake{with("\"trusted_proxies\":[@\"" + text + "\"]"), "trusted_proxies[0]",
                   std::move(message), std::move(hint)};
  };
  const std::string example = "for example \"10.0.0.0/8\" or \"2001:db8::/32\"";
  check_rows({
      proxy("10.0.0.1/8", "\"10.0.0.1/8\" has bits set behind the first 8",
            "did you mean \"10.0.0.0/8\"?"),
      proxy("2001:db8::1/32", "\"2001:db8::1/32\" has bits set behind the first 32",
            "did you mean \"2001:db8::/32\"?"),
      proxy("10.0.0.0/33", "\"33\" is no prefix length", "numbers from 0 to 32"),
      proxy("::/129", "\"129\" is no prefix length", "numbers from 0 to 128"),
      proxy("10.0.0.0/", "\"\" is no prefix length", "numbers from 0 to 32"),
      proxy("10.0.0.0/-1", "\"-1\" is no prefix length", "numbers from 0 to 32"),
      proxy("10.0.0", "\"10.0.0\" is no IP address and no CIDR block", example),
      proxy("lb.example", "\"lb.example\" is no IP address and no CIDR block", example),
      proxy("", "\"\" is no IP address and no CIDR block", example),
      {with(R"("resolver":{"servers":[@"dns.example:53"]})"), "resolver.servers[0]",
       "\"dns.example:53\" is no IP address with a port", "for example \"127.0.0.1:53\""},
      {with(R"("resolver":{"servers":["::1","[::1]:53",@"1.1.1.1:0"]})"), "resolver.servers[2]",
       "\"1.1.1.1:0\" is no IP address with a port", "for example \"127.0.0.1:53\""},
      {with(R"("resolver":{"min_ttl":@"10m"})"), "resolver.min_ttl",
       "\"min_ttl\" is 10m, more than \"max_ttl\", 5m", ""},
      {with(R"("access_log":{"path":@""})"), "access_log.path", "\"\" is no file",
       R"("stdout", "stderr" or the path of a file)"},
  });
  CHECK(loads(with(R"("trusted_proxies":["10.0.0.0/8","::/0","0.0.0.0/0","::1","1.2.3.4/32",
                            "2001:db8:8000::/33"])")));
}

TEST_CASE("check: a block that the proxy would not understand is refused, not dropped",
          "[conf][check]") {
  const auto proxy = [](const std::string& text, std::string message, std::string hint) {
    return Mistake{
        kListener + "," + kPool + "," + kRoute + ",\"trusted_proxies\":[@\"" + text + "\"]",
        "trusted_proxies[0]", std::move(message), std::move(hint)};
  };
  const std::string two = "IPv4 and IPv6 are written as two blocks: \"0.0.0.0/0\" and \"::/0\"";
  check_rows({
      proxy("0.0.0.0/004", "\"004\" is no prefix length", "numbers from 0 to 32"),
      proxy("::/00", "\"00\" is no prefix length", "numbers from 0 to 128"),
      proxy("::ffff:0.0.0.0/95", "\"::ffff:0.0.0.0/95\" is wider than all of IPv4", two),
      proxy("::ffff:0:0/0", "\"::ffff:0:0/0\" is wider than all of IPv4", two),
  });
  CHECK(loads(kListener + "," + kPool + "," + kRoute +
              R"(,"trusted_proxies":["::ffff:0:0/96","0.0.0.0/0"])"));
}

// A file of its own for each test, gone afterwards.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::string& text) {
    char name[] = "/tmp/sluice-conf-test-XXXXXX";
    const int fd = mkstemp(name);
    REQUIRE(fd >= 0);
    close(fd);
    path_ = name;
    std::ofstream(path_) << text;
  }
  ~TemporaryFile() { std::remove(path_.c_str()); }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

TEST_CASE("check: a file of a token must have one", "[conf][check][regression]") {
  const auto complaint = [](const std::string& path) {
    const std::string text = admin(R"("address":":9901","token_file":")" + path + "\"");
    const LoadOutcome outcome = load_text("t.json", "{" + text + "}", {});
    return outcome.errors.empty() ? "" : outcome.errors.front().message;
  };
  const std::string cannot = "cannot read a token from \"";
  CHECK(complaint("/nowhere/t") == "cannot read \"/nowhere/t\": No such file or directory");
  CHECK(complaint("/tmp") == "cannot read \"/tmp\": Is a directory");
  CHECK(complaint("/dev/null").empty());  // no file: it is not for a check to read
  for (const char* good : {"token", "token\n", "token \r\nmore"}) {
    CHECK(complaint(TemporaryFile(good).path()).empty());
  }
  for (const char* empty : {"", "\n", " \r\n", "\ntoken\n"}) {
    const TemporaryFile file(empty);
    CHECK(complaint(file.path()) == cannot + file.path() + "\": its first line is empty");
  }
  const TemporaryFile large(std::string(5000, 'x'));
  CHECK(complaint(large.path()) == cannot + large.path() + "\": its first line is too long");
  // All behind the NUL was taken for not there.
  const TemporaryFile wide(std::string("t\0o\0k\0e\0n\0\n\0", 12));
  CHECK(complaint(wide.path()) ==
        cannot + wide.path() + "\": a token is printable ASCII without spaces");
  const TemporaryFile two("one two\n");
  CHECK(complaint(two.path()) ==
        cannot + two.path() + "\": a token is printable ASCII without spaces");
}

TEST_CASE("check: files of certificates must be readable, and their check has the last word",
          "[conf][check]") {
  const TemporaryFile present("x");
  const auto text = [](const std::string& cert, const std::string& key) {
    return "{\"listeners\":[{\"address\":\":1\",\"tls\":{\"certificates\":[\n {\"cert\":\"" + cert +
           "\",\n  \"key\":\"" + key + "\"}]}}]," + kPool + "," + kRoute + "}";
  };
  LoadOptions options;
  int asked = 0;
  options.check.certificate_check = [&](const Certificate& certificate) {
    ++asked;
    CHECK(certificate.cert == present.path());
    return std::optional<std::string>("the key does not belong to the certificate");
  };
  const LoadOutcome missing = load_text("t.json", text("/nowhere/c.pem", "/tmp"), options);
  REQUIRE(missing.errors.size() == 2);
  CHECK(missing.errors[0].message == "cannot read \"/nowhere/c.pem\": No such file or directory");
  CHECK(missing.errors[0].path == "listeners[0].tls.certificates[0].cert");
  CHECK(missing.errors[0].line == 2);
  CHECK(missing.errors[0].column == 10);
  CHECK(missing.errors[1].message == "cannot read \"/tmp\": Is a directory");
  CHECK(missing.errors[1].line == 3);
  CHECK(asked == 0);

  const std::string good = text(present.path(), present.path());
  const LoadOutcome mismatch = load_text("t.json", good, options);
  CHECK(asked == 1);
  REQUIRE(mismatch.errors.size() == 1);
  CHECK(mismatch.errors[0].message == "the key does not belong to the certificate");
  CHECK(mismatch.errors[0].path == "listeners[0].tls.certificates[0]");
  CHECK(mismatch.errors[0].line == 2);
  CHECK(mismatch.errors[0].column == 2);

  options.check.certificate_check = [](const Certificate&) { return std::optional<std::string>(); };
  CHECK(load_text("t.json", good, options));
  options.check.certificate_check = nullptr;
  CHECK(load_text("t.json", good, options));
}

TEST_CASE("check: one mistake is told once, and all of them at once", "[conf][check]") {
  // The unknown pool, listener and route come from the misspelt and unreadable values around them.
  const LoadOutcome outcome = load(R"({
    "listners": [{"address": ":80", "name": "web"}],
    "pools": {"api": {"backend": ["h:1"]}, "b": {"backends": "h:1"}},
    "routes": [
      {"match": {"listeners": "web", "host": 5}, "forward": {"pol": "api"}},
      {"match": {"path": 5}, "forward": {"pool": "b"}, "strip_prefix": "/x"}
    ]
  })");
  std::vector<std::string> messages;
  for (const Diagnostic& error : outcome.errors) messages.push_back(error.message);
  CHECK(messages == std::vector<std::string>{
                        "unknown key \"listners\" at the top level",
                        "unknown key \"backend\" in pools.api",
                        "\"backends\" must be an array of strings or objects, not a string",
                        "\"host\" must be a string or an array of strings, not a number",
                        "unknown key \"pol\" in routes[0].forward",
                        "\"path\" must be a string or an array of strings, not a number",
                    });
}

}  // namespace
}  // namespace sluice::conf
