// SPDX-License-Identifier: MIT
#include "conf/check.h"

#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

#include "conf/load.h"

namespace sluice::conf {
namespace {

// Parts that rows have in common.
const std::string L = R"("listeners":[{"address":":80","name":"web"}])";
const std::string P = R"("pools":{"api":{"backends":["h:1"]}})";
const std::string R = R"("routes":[{"forward":{"pool":"api"}}])";

// One configuration with exactly one mistake, at the @ in its text. A hint that says "first at !"
// means the place of the ! in it.
struct Row {
  std::string members;
  std::string path;
  std::string message;
  std::string hint;
};

struct Marked {
  std::string text;
  std::size_t place = std::string::npos;    // of the @
  std::size_t earlier = std::string::npos;  // of the !
};

Marked unmark(const std::string& text) {
  Marked out;
  for (const char c : text) {
    if (c == '@') {
      out.place = out.text.size();
    } else if (c == '!') {
      out.earlier = out.text.size();
    } else {
      out.text += c;
    }
  }
  return out;
}

std::pair<std::size_t, std::size_t> line_and_column(const std::string& text, std::size_t offset) {
  std::pair<std::size_t, std::size_t> at{1, 1};
  for (std::size_t i = 0; i < offset; ++i) {
    at.second = text[i] == '\n' ? 1 : at.second + 1;
    if (text[i] == '\n') ++at.first;
  }
  return at;
}

LoadOutcome load(const std::string& text) {
  LoadOptions options;
  options.check.read_certificates = false;
  return load_text("t.json", text, options);
}

bool loads(const std::string& members) {
  return bool(load(unmark("{" + members + "}").text));
}

void check_rows(const std::vector<Row>& rows) {
  for (const Row& row : rows) {
    const Marked marked = unmark("{\n" + row.members + "\n}\n");
    CAPTURE(marked.text);
    REQUIRE(marked.place != std::string::npos);
    const LoadOutcome outcome = load(marked.text);
    CHECK_FALSE(outcome.config);
    REQUIRE(outcome.errors.size() == 1);
    const Diagnostic& error = outcome.errors[0];
    const auto [line, column] = line_and_column(marked.text, marked.place);
    CHECK(error.line == line);
    CHECK(error.column == column);
    CHECK(error.path == row.path);
    CHECK(error.message == row.message);
    std::string hint = row.hint;
    if (hint == "first at !") {
      REQUIRE(marked.earlier != std::string::npos);
      const auto [first_line, first_column] = line_and_column(marked.text, marked.earlier);
      hint = "first at line " + std::to_string(first_line) + ", column " +
             std::to_string(first_column);
    }
    CHECK(error.hint == hint);
  }
}

std::string listener(const std::string& address) {
  return "\"listeners\":[{\"address\":@\"" + address + "\"}]," + P + "," + R;
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
    return "\"listeners\":[{\"address\":!\"" + a + "\"},\n{\"address\":@\"" + b + "\"}]," + P +
           "," + R;
  };
  const auto row = [&two](const std::string& a, const std::string& b) {
    return Row{two(a, b), "listeners[1].address",
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
           P + "," + R,
       "listeners[1].name", "two listeners have the name \"a\"", "first at !"},
      {"\"listeners\":[{\"address\":\":1\"},{\"address\":\":2\",\"name\":@\":1\"}]," + P + "," + R,
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

TEST_CASE("check: what a configuration cannot do without", "[conf][check]") {
  const std::string listeners_hint = R"(for example "listeners": [ { "address": ":8080" } ])";
  const std::string routes_hint = R"(for example "routes": [ { "forward": { "pool": "app" } } ])";
  const std::string no_listeners = "there are no listeners, so nothing could connect";
  const std::string no_routes = "there are no routes, so every request would find nothing";
  check_rows({
      {"@\"listeners\":[]," + P + "," + R, "listeners", no_listeners, listeners_hint},
      {L + "," + P + ",@\"routes\":[]", "routes", no_routes, routes_hint},
      {"\"listeners\":[@{}]," + P + "," + R, "listeners[0].address",
       "\"address\" is missing in listeners[0]", "for example \"address\": \":443\""},
      {"\"listeners\":[{\"address\":\":1\",@\"tls\":{}}]," + P + "," + R,
       "listeners[0].tls.certificates", "a TLS listener needs at least one certificate",
       R"("certificates": [ { "cert": "fullchain.pem", "key": "privkey.pem" } ])"},
      {"\"listeners\":[{\"address\":\":1\",\"tls\":{\"certificates\":[@{\"cert\":\"c\"}]}}]," + P +
           "," + R,
       "listeners[0].tls.certificates[0].key",
       "\"key\" is missing in listeners[0].tls.certificates[0]",
       "for example \"key\": \"privkey.pem\""},
      {L + ",\"pools\":{@\"api\":{}}," + R, "pools.api.backends", "pools.api has no backends",
       R"(for example "backends": [ "127.0.0.1:9000" ])"},
      {L + "," + P + ",\"routes\":[@{}]", "routes[0]", "routes[0] does nothing",
       R"(add "forward", "redirect" or "respond")"},
      {L + "," + P + ",\"routes\":[{@\"redirect\":{}}]", "routes[0].redirect.to",
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
  return L + ",\"pools\":{\"api\":{\"backends\":[" + list + "]}}," + R;
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
      {L + ",\"pools\":{\"api\":{\"backends\":[\"h:1\"]},@\"a b\":{\"backends\":[\"h:1\"]}}," + R,
       "pools[\"a b\"]", "\"a b\" is no name for a pool",
       R"(names are letters, digits, "_", "-" and ".")"},
  });
  for (const char* address : {"h:1", "10.0.0.1:80", "[::1]:80", "a-b_c.example:65535", "unix:/s"}) {
    CAPTURE(address);
    CHECK(loads(backends("\"" + std::string(address) + "\"")));
  }
}

std::string route(const std::string& members) {
  return L + "," + P + ",\"routes\":[{" + members + "}]";
}

TEST_CASE("check: what a route does", "[conf][check]") {
  const std::string target = "routes[0].redirect.to";
  const auto redirect = [](const std::string& to) {
    return route("\"redirect\":{\"to\":@\"" + to + "\"}");
  };
  check_rows({
      {route(R"("forward":{"pool":@"apis"})"), "routes[0].forward.pool",
       "no pool has the name \"apis\"", "did you mean \"api\"?"},
      {route(R"("forward":{"pool":@"shop"})"), "routes[0].forward.pool",
       "no pool has the name \"shop\"", "pools are \"api\""},
      {L + R"(,"routes":[{"forward":{"pool":@"api"}}])", "routes[0].forward.pool",
       "no pool has the name \"api\"", "there is no \"pools\" in this configuration"},
      {route(R"("forward":{"pool":"api"},@"respond":{})"), "routes[0].respond",
       "routes[0] has forward and respond; a route does one thing", "make two routes of it"},
      {route(R"("respond":{},"forward":{"pool":"api"},@"redirect":{"to":"/"})"),
       "routes[0].redirect",
       "routes[0] has forward and redirect and respond; a route does one thing",
       "make two routes of it"},
      {route(R"("forward":@"api")"), "routes[0].forward",
       "\"forward\" must be an object, not a string", R"(for example { "pool": "shop" })"},
      {route(R"(@"foward":{"pool":"api"})"), "routes[0].foward",
       "unknown key \"foward\" in routes[0]", "did you mean \"forward\"?"},
      {redirect("https://${hots}/"), target, "unknown variable ${hots}", "did you mean ${host}?"},
      {redirect("https://${port}/"), target, "unknown variable ${port}",
       "known are ${scheme} ${host} ${path} ${query} ${uri}"},
      {redirect("${}"), target, "unknown variable ${}",
       "known are ${scheme} ${host} ${path} ${query} ${uri}"},
      {redirect("/a${host"), target, "\"/a${host\" has a ${ without a }", ""},
      {redirect("a.example/x"), target, "\"a.example/x\" is no URL and no absolute path",
       "did you mean \"https://a.example/x\"?"},
      {redirect("/a b"), target, "\"/a b\" holds a character that no URL has as it stands",
       "write it percent-encoded, as %20 for a blank"},
      {redirect("/\\u00e4"), target, "\"/\xc3\xa4\" holds a character that no URL has as it stands",
       "write it percent-encoded, as %20 for a blank"},
      {redirect("/a\\r\\nSet-Cookie:x"), target, "\"to\" holds a control character", ""},
      {route(R"("redirect":{"to":"/","status":@304})"), "routes[0].redirect.status",
       "\"status\" must be 301, 302, 303, 307 or 308, not 304", ""},
      {route(R"("respond":{"status":@100})"), "routes[0].respond.status",
       "\"status\" must be a whole number from 200 to 599, not 100", ""},
      {route(R"("respond":{"status":@600})"), "routes[0].respond.status",
       "\"status\" must be a whole number from 200 to 599, not 600", ""},
      {route(R"("respond":{"status":204,"body":@"x"})"), "routes[0].respond.body",
       "a response 204 has no content", ""},
      {route(R"("respond":{"content_type":@" text/html"})"), "routes[0].respond.content_type",
       "the value \" text/html\" begins or ends with a blank", "recipients would drop it"},
  });
  for (const char* to : {"/", "https://x/", "http://${host}:81${uri}",
                         "${scheme}://x${path}?${query}", "${uri}", "//x/"}) {
    CAPTURE(to);
    CHECK(loads(route("\"redirect\":{\"to\":\"" + std::string(to) + "\"}")));
  }
}

TEST_CASE("check: what a route matches", "[conf][check]") {
  const auto match = [](const std::string& members) {
    return route("\"match\":{" + members + R"(},"forward":{"pool":"api"})");
  };
  const auto host = [&match](const std::string& text, std::string message, std::string hint) {
    return Row{match("\"host\":@\"" + text + "\""), "routes[0].match.host", std::move(message),
               std::move(hint)};
  };
  const auto path = [&match](const std::string& text, std::string message, std::string hint) {
    return Row{match("\"path\":[\"/ok\",@\"" + text + "\"]"), "routes[0].match.path[1]",
               std::move(message), std::move(hint)};
  };
  const std::string where = "only as the whole last segment: \"/static/*\"";
  check_rows({
      host("*", "\"*\" is no host pattern", "leave \"host\" out to match any host"),
      host("a.example:80", "\"a.example:80\" has a port, which is not part of a host pattern",
           "did you mean \"a.example\"?"),
      host("::1", "\"::1\" is an IPv6 address", "in brackets: \"[::1]\""),
      host("[::x]", "\"[::x]\" is no IPv6 address", ""),
      host("a.*.example", "\"a.*.example\" has a * in a wrong place",
           "only a whole first label: \"*.example.com\""),
      host("*a.example", "\"*a.example\" has a * in a wrong place",
           "only a whole first label: \"*.example.com\""),
      host("*.*.example", "\"*.*.example\" has a * in a wrong place",
           "only a whole first label: \"*.example.com\""),
      host("a.example.", "\"a.example.\" ends with a dot", "did you mean \"a.example\"?"),
      host("a..example", "\"a..example\" is no host name", ""),
      host("*.", "\"*.\" is no host name", ""),
      host("", "\"\" is no host name", ""),
      host("a b", "\"a b\" is no host name", ""),
      host(std::string(64, 'a'), "\"" + std::string(64, 'a') + "\" is no host name", ""),
      host("b\\u00fccher.example",
           "\"b\xc3\xbc"
           "cher.example\" is no host name",
           "international names are written as \"xn--...\""),
      host("a.example/x", "\"a.example/x\" is no host name", "a path belongs into \"path\""),
      path("x", "\"x\" does not begin with /", "did you mean \"/x\"?"),
      path("", "\"\" does not begin with /", "did you mean \"/\"?"),
      path("*", "\"*\" does not begin with /", "did you mean \"/*\"?"),
      path("/a*", "\"/a*\" has a * in a wrong place", where),
      path("/*/b", "\"/*/b\" has a * in a wrong place", where),
      path("/a/*/*", "\"/a/*/*\" has a * in a wrong place", where),
      path("/a?b", "\"/a?b\" goes beyond the path", "only the path is matched, without ? and #"),
      path("/a#b", "\"/a#b\" goes beyond the path", "only the path is matched, without ? and #"),
      path("/a b", "\"/a b\" holds a character that no path has as it stands",
           "write it percent-encoded, as %20 for a blank"),
      path("/%2", "\"/%2\" holds a character that no path has as it stands",
           "% begins an escape of two hexadecimal digits"),
      path("/a/../b", "\"/a/../b\" can never match",
           R"(paths are matched without ".", ".." and empty segments)"),
      path("/a/.", "\"/a/.\" can never match",
           R"(paths are matched without ".", ".." and empty segments)"),
      path("//a", "\"//a\" can never match",
           R"(paths are matched without ".", ".." and empty segments)"),
      path("/%41%2f", "\"/%41%2f\" can never match: requests are matched in another spelling",
           "did you mean \"/A%2F\"?"),
      {match(R"("listeners":@"wbe")"), "routes[0].match.listeners",
       "no listener has the name \"wbe\"", "did you mean \"web\"?"},
      {match(R"("listeners":["web",@":8080"])"), "routes[0].match.listeners[1]",
       "no listener has the name \":8080\"", ""},
  });
  for (const char* good :
       {R"("host":"a.example")", R"("host":["*.example","[::1]","10.0.0.1"])", R"("path":"/*")",
        R"("path":["/","/a/","/a/*","/%2F%20x/~u/a.b"])", R"("listeners":"web")",
        R"("listeners":":80")", R"("host":"A_b-c.EXAMPLE")", ""}) {
    CAPTURE(good);
    CHECK(loads(match(good)));
  }
}

TEST_CASE("check: a rule stands once at each listener", "[conf][check]") {
  const auto two = [](const std::string& a, const std::string& b) {
    return R"("listeners":[{"address":":80","name":"x"},{"address":":81"}],)" + P +
           ",\"routes\":[{\"respond\":{},!\"match\":{" + a + "}},\n{\"respond\":{},@\"match\":{" +
           b + "}}]";
  };
  const auto row = [&two](const std::string& a, const std::string& b, const std::string& what) {
    return Row{two(a, b), "routes[1].match", "routes[0] matches " + what + " already",
               "first at !"};
  };
  check_rows({
      row("", "", "any host and any path at listener \"x\""),
      row("", R"("path":"/*")", "any host and any path at listener \"x\""),
      row(R"("host":"a")", R"("host":["b","A"])", "host \"a\" and any path at listener \"x\""),
      row(R"("path":["/a","/b"])", R"("path":["/c","/b"])",
          "any host and path \"/b\" at listener \"x\""),
      row("", R"("listeners":":81")", "any host and any path at listener \":81\""),
      row(R"("listeners":["x"])", R"("listeners":[":81",":80"])",
          "any host and any path at listener \"x\""),
  });
  check_rows({{two(R"("path":"/a")", R"("path":["/b","/b"])"), "routes[1].match",
               "this route matches any host and path \"/b\" at listener \"x\" twice", ""}});
  for (const auto& [a, b] :
       {std::pair{R"("host":"a")", R"("host":"b")"}, std::pair{R"("host":"a")", R"("host":"*.a")"},
        std::pair{R"("host":"a")", R"("path":"/a")"},
        std::pair{R"("path":"/a")", R"("path":"/a/*")"},
        std::pair{R"("path":"/a")", R"("path":"/A")"},
        std::pair{R"("listeners":"x")", R"("listeners":":81")"}}) {
    CAPTURE(a, b);
    CHECK(loads(two(a, b)));
  }
}

TEST_CASE("check: prefixes of forwarded paths", "[conf][check]") {
  const auto prefixes = [](const std::string& match, const std::string& members) {
    return route("\"match\":{" + match + R"(},"forward":{"pool":"api"},)" + members);
  };
  const std::string strip = "routes[0].strip_prefix";
  const std::string replace = "routes[0].replace_prefix";
  const std::string some = R"("path":"/a/*")";
  check_rows({
      {prefixes(some, R"("strip_prefix":@"/b")"), strip,
       "\"/b\" does not begin the path \"/a/*\" that the route matches", ""},
      {prefixes(R"("path":["/a/*","/ab"])", R"("strip_prefix":@"/a")"), strip,
       "\"/a\" does not begin the path \"/ab\" that the route matches", ""},
      {prefixes("", R"("strip_prefix":@"/a")"), strip,
       "the route matches any path, not only those that begin so",
       R"(add "path": "/a/*" to "match")"},
      {prefixes(some, R"("strip_prefix":@"/a/")"), strip, "\"/a/\" is no path prefix",
       "without / or * at the end: \"/static\""},
      {prefixes(some, R"("strip_prefix":@"/a/*")"), strip, "\"/a/*\" is no path prefix",
       "without / or * at the end: \"/static\""},
      {prefixes(some, R"("strip_prefix":@"a")"), strip, "\"a\" does not begin with /",
       "did you mean \"/a\"?"},
      {prefixes(some, R"("replace_prefix":@"/x","strip_prefix":"/a")"), replace,
       "\"replace_prefix\" and \"strip_prefix\" exclude each other",
       "\"replace_prefix\" takes the matched prefix away too"},
      {prefixes("", R"("replace_prefix":@"/x")"), replace,
       "there is no prefix to replace: the route matches any path", "add \"path\" to \"match\""},
      {prefixes(some, R"("replace_prefix":@"/x/")"), replace, "\"/x/\" is no path prefix",
       "without / or * at the end: \"/v2\""},
      {prefixes(some, R"("replace_prefix":@"")"), replace, "\"\" does not begin with /",
       "did you mean \"/\"?"},
      {route(R"("respond":{},"strip_prefix":@"/a")"), strip,
       "a prefix is changed only of what is forwarded", ""},
      {route(R"("redirect":{"to":"/"},"replace_prefix":@"/a")"), replace,
       "a prefix is changed only of what is forwarded", ""},
  });
  for (const char* good :
       {R"("strip_prefix":"/a")", R"("replace_prefix":"/b")", R"("replace_prefix":"/")"}) {
    CAPTURE(good);
    CHECK(loads(prefixes(R"("path":["/a","/a/*","/a/b"])", good)));
  }
}

TEST_CASE("check: edits of header fields", "[conf][check]") {
  const auto edits = [](const std::string& members) {
    return route(R"("forward":{"pool":"api"},"headers":{)" + members + "}");
  };
  const std::string own = "the proxy writes it for each side itself";
  std::vector<Row> rows{
      {edits(R"("request":{"set":{@"x y":"1"}})"), "routes[0].headers.request.set[\"x y\"]",
       "\"x y\" is no header field name", "names are letters, digits and -"},
      {edits(R"("request":{"set":{@"":"1"}})"), "routes[0].headers.request.set[\"\"]",
       "\"\" is no header field name", "names are letters, digits and -"},
      {edits(R"("response":{"remove":["Server",@"X:"]})"), "routes[0].headers.response.remove[1]",
       "\"X:\" is no header field name", "names are letters, digits and -"},
      {edits(R"("response":{"add":{"X-A":@"a\r\nB: c"}})"), "routes[0].headers.response.add.X-A",
       R"(the value "a\r\nB: c" holds a control character)", "a header field is one line"},
      {edits(R"("response":{"add":{"X-A":@"a\u0000"}})"), "routes[0].headers.response.add.X-A",
       R"(the value "a\u0000" holds a control character)", "a header field is one line"},
      {edits(R"("response":{"set":{"X-A":@"a "}})"), "routes[0].headers.response.set.X-A",
       "the value \"a \" begins or ends with a blank", "recipients would drop it"},
      {edits(R"("response":{"set":{"X-A":@1}})"), "routes[0].headers.response.set.X-A",
       "\"X-A\" must be a string, not a number", ""},
      {edits(R"("request":{"remove":[@"Host"]})"), "routes[0].headers.request.remove[0]",
       "a request has exactly one Host", "only \"set\" may name it"},
      {edits(R"("request":{"add":{@"host":"x"}})"), "routes[0].headers.request.add.host",
       "a request has exactly one Host", "only \"set\" may name it"},
      {edits(R"("request":{"set":{"X-A":!"1","x-a":@"2"}})"), "routes[0].headers.request.set.x-a",
       "\"x-a\" is set twice; letter case makes no difference", "first at !"},
      {edits(R"("request":{"set":{"X-A":!"1"},"remove":[@"x-A"]})"),
       "routes[0].headers.request.remove[0]", "\"x-A\" is both set and removed", "first at !"},
  };
  for (const std::string name :
       {"Connection", "content-length", "Transfer-Encoding", "TE", "Trailer", "Upgrade",
        "Keep-Alive", "Proxy-Connection", "HTTP2-Settings"}) {
    rows.push_back({edits("\"response\":{\"remove\":[@\"" + name + "\"]}"),
                    "routes[0].headers.response.remove[0]",
                    "\"" + name + "\" cannot be edited: it belongs to one connection", own});
  }
  check_rows(rows);
  CHECK(loads(edits(R"("request":{"set":{"Host":"x","X-A":"","X-B":"a\tb \u00e4"}},
                            "response":{"remove":["Host","Server"],"add":{"a":"1","A":"2"}})")));
}

TEST_CASE("check: addresses of proxies and resolvers, and the rest", "[conf][check]") {
  const auto with = [](const std::string& members) {
    return L + "," + P + "," + R + "," + members;
  };
  const auto proxy = [&with](const std::string& text, std::string message, std::string hint) {
    return Row{with("\"trusted_proxies\":[@\"" + text + "\"]"), "trusted_proxies[0]",
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

TEST_CASE("check: files of certificates must be readable, and their check has the last word",
          "[conf][check]") {
  const TemporaryFile present("x");
  const auto text = [](const std::string& cert, const std::string& key) {
    return "{\"listeners\":[{\"address\":\":1\",\"tls\":{\"certificates\":[\n {\"cert\":\"" + cert +
           "\",\n  \"key\":\"" + key + "\"}]}}]," + P + "," + R + "}";
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
