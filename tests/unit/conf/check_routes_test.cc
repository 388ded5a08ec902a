// SPDX-License-Identifier: MIT
#include "conf/check_routes.h"

#include <catch2/catch.hpp>
#include <string>
#include <utility>
#include <vector>

#include "tests/unit/conf/rows.h"

namespace sluice::conf {
namespace {

using rows::check_rows;
using rows::kListener;
using rows::kPool;
using rows::loads;
using rows::Mistake;

std::string route(const std::string& members) {
  return kListener + "," + kPool + ",\"routes\":[{" + members + "}]";
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
      {kListener + R"(,"routes":[{"forward":{"pool":@"api"}}])", "routes[0].forward.pool",
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
    return Mistake{match("\"host\":@\"" + text + "\""), "routes[0].match.host", std::move(message),
                   std::move(hint)};
  };
  const auto path = [&match](const std::string& text, std::string message, std::string hint) {
    return Mistake{match("\"path\":[\"/ok\",@\"" + text + "\"]"), "routes[0].match.path[1]",
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
    return R"("listeners":[{"address":":80","name":"x"},{"address":":81"}],)" + kPool +
           ",\"routes\":[{\"respond\":{},!\"match\":{" + a + "}},\n{\"respond\":{},@\"match\":{" +
           b + "}}]";
  };
  const auto row = [&two](const std::string& a, const std::string& b, const std::string& what) {
    return Mistake{two(a, b), "routes[1].match", "routes[0] matches " + what + " already",
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
       "a prefix is changed only of what is forwarded, or of files", ""},
      {route(R"("redirect":{"to":"/"},"replace_prefix":@"/a")"), replace,
       "a prefix is changed only of what is forwarded, or of files", ""},
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
  std::vector<Mistake> rows{
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
  for (const std::string host :
       {"", "a b", "a:b", "a:65536", ":80", "a..b", "http://a", "a/b", "::1", "[::1", "unix:/a"}) {
    rows.push_back({edits("\"request\":{\"set\":{\"host\":@\"" + host + "\"}}"),
                    "routes[0].headers.request.set.host", "\"" + host + "\" is no value of Host",
                    "a host name or an IP address, IPv6 in brackets, and perhaps a port: "
                    "\"app.example:8080\""});
  }
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
  for (const std::string host :
       {"a.example", "a_b.example.:80", "10.0.0.1:8080", "[::1]", "[2001:db8::1]:443"}) {
    CAPTURE(host);
    CHECK(loads(edits("\"request\":{\"set\":{\"Host\":\"" + host + "\"}}")));
  }
}

TEST_CASE("check: files", "[conf][check]") {
  const auto files = [](const std::string& members) {
    return route("\"files\":{" + members + "}");
  };
  check_rows({
      {files(R"("root":@"/no/such")"), "routes[0].files.root",
       "cannot serve files from \"/no/such\": No such file or directory", ""},
      {files(R"("root":@"/etc/passwd")"), "routes[0].files.root",
       "cannot serve files from \"/etc/passwd\": not a directory", ""},
      {files(R"("root":"/","index":["a",@"b/c"])"), "routes[0].files.index[1]",
       "\"b/c\" is no name of a file", "without a directory"},
      {files(R"("root":"/","index":[@".."])"), "routes[0].files.index[0]",
       "\"..\" is hidden, and never sent", ""},
      {files(R"("root":"/","index":["a",@".htaccess"])"), "routes[0].files.index[1]",
       "\".htaccess\" is hidden, and never sent", ""},
      {files(R"("root":"/","try":["/a",@"/.env"])"), "routes[0].files.try[1]",
       "\"/.env\" is hidden, and never sent", ""},
      {files(R"("root":"/","try":[@"/a/.well-known/b"])"), "routes[0].files.try[0]",
       "\"/a/.well-known/b\" is hidden, and never sent", ""},
      {files(R"("root":"/","try":[@"/a%2Fb"])"), "routes[0].files.try[0]",
       "\"/a%2Fb\" can never be found", "no name of a file holds a slash or NUL"},
      {files(R"("root":"/","try":[@"/a%00"])"), "routes[0].files.try[0]",
       "\"/a%00\" can never be found", "no name of a file holds a slash or NUL"},
      {files(R"("root":"/","try":[@"/a/*"])"), "routes[0].files.try[0]", "\"/a/*\" is no path", ""},
      {files(R"("root":"/","types":{@".gz":"a/b"})"), "routes[0].files.types[\".gz\"]",
       "\".gz\" is no end of a file's name", "what stands behind its last dot"},
      {files(R"("root":"/","types":{@"":"a/b"})"), "routes[0].files.types[\"\"]",
       "\"\" is no end of a file's name", "what stands behind its last dot"},
      {files(R"("root":"/","types":{@"GZ":"a/b"})"), "routes[0].files.types.GZ",
       "\"GZ\" is not in lower case", "it stands for names in any case"},
      {files(R"("root":"/","types":{"gz":@"gzip"})"), "routes[0].files.types.gz",
       "\"gzip\" is no media type", "as \"text/html\""},
      {files(R"("root":"/","types":{"gz":@"a/"})"), "routes[0].files.types.gz",
       "\"a/\" is no media type", "as \"text/html\""},
      {files(R"("root":"/","types":{"gz":@"text/html charset=utf-8"})"), "routes[0].files.types.gz",
       "\"text/html charset=utf-8\" is no media type", "as \"text/html\""},
      {files(R"("root":"/","types":{"gz":@"text/*"})"), "routes[0].files.types.gz",
       "\"text/*\" is no media type", "as \"text/html\""},
      {route(R"("forward":{"pool":"api"},@"files":{"root":"/"})"), "routes[0].files",
       "routes[0] has forward and files; a route does one thing", "make two routes of it"},
  });
  CHECK(loads(files(R"("root":"/","index":[],"try":"/index.html")")));
  CHECK(loads(files(R"("root":"/","types":{"c++":"text/x-c; charset=utf-8","7z":"a/b+c"})")));
  CHECK(loads(
      files(R"("root":"/","index":"a.b","try":["/.well-known/a","/.well-known","/a%20b","/a/"])")));
}

TEST_CASE("check: what may be tunnelled and held", "[conf][check]") {
  const std::string forward = R"("forward":{"pool":"api"},)";
  check_rows({
      {route(R"("respond":{},"connect":@true)"), "routes[0].connect",
       "only what is forwarded can have this", ""},
      {route(R"("respond":{},"buffer":@true)"), "routes[0].buffer",
       "only what is forwarded can have this", ""},
      {route(R"("respond":{},@"upgrade":["x"])"), "routes[0].upgrade",
       "only what is forwarded can have this", ""},
      {route(forward + R"("buffer":@"yes")"), "routes[0].buffer",
       "\"buffer\" must be true or false, not a string", ""},
      {route(forward + R"("upgrade":["websocket",@"h2C"])"), "routes[0].upgrade[1]",
       "\"h2C\" would carry requests past every rule of this file", ""},
      {route(forward + R"("upgrade":[@"TLS/1.0"])"), "routes[0].upgrade[0]",
       "\"TLS/1.0\" would carry requests past every rule of this file", ""},
      {route(forward + R"("upgrade":[@"web socket"])"), "routes[0].upgrade[0]",
       "\"web socket\" is no name of a protocol", "as an Upgrade field has it: \"websocket\""},
      {route(forward + R"("upgrade":[@"a/b/c"])"), "routes[0].upgrade[0]",
       "\"a/b/c\" is no name of a protocol", "as an Upgrade field has it: \"websocket\""},
      {route(R"("match":{"path":"/x"},)" + forward + R"("connect":@true)"), "routes[0].connect",
       "CONNECT names no path, so this route never sees one", "take \"path\" out of \"match\""},
      {route(forward + R"("buffer":true)") + R"(,"buffers":{"directory":@"/no/such"})",
       "buffers.directory",
       "routes with \"buffer\" cannot put bodies into \"/no/such\": No such file or directory",
       "a directory that may be written to, on a file system with O_TMPFILE"},
      {route(forward + R"("buffer":true)") + R"(,"buffers":{"directory":@"tmp"})",
       "buffers.directory",
       "routes with \"buffer\" cannot put bodies into \"tmp\": not an absolute path",
       "a directory that may be written to, on a file system with O_TMPFILE"},
  });
  CHECK(loads(route(forward + R"("upgrade":"websocket")")));
  CHECK(loads(route(forward + R"("upgrade":["websocket","spdy/9"],"connect":true)")));
  CHECK(loads(route(R"("forward":{"pool":"api"})") + R"(,"buffers":{"directory":"/no/such"})"));
}

TEST_CASE("check: names with _ or . that may pass", "[conf][check]") {
  const auto edits = [](const std::string& members) {
    return route(R"("forward":{"pool":"api"},"headers":{"request":{)" + members + "}}");
  };
  const std::string first = "routes[0].headers.request.allow[0]";
  const std::string beside = " would stand beside what this route sets or removes";
  std::vector<Mistake> rows{
      {edits(R"("allow":[@"X Y"])"), first, "\"X Y\" is no header field name",
       "names are letters, digits, -, _ and ."},
      {edits(R"("allow":[@""])"), first, "\"\" is no header field name",
       "names are letters, digits, -, _ and ."},
      {edits(R"("allow":["a_b",@"X-User"])"), "routes[0].headers.request.allow[1]",
       "\"X-User\" passes as it is", "only names with _ or . have to be allowed"},
      {edits(R"("set":{"X-User":!"a"},"allow":[@"x_USER"])"), first, "\"x_USER\"" + beside,
       "first at !"},
      {edits(R"("set":{"X_User":!"a"},"allow":[@"X.User"])"), first, "\"X.User\"" + beside,
       "first at !"},
      {edits(R"("remove":[!"X-User"],"allow":[@"X_User"])"), first, "\"X_User\"" + beside,
       "first at !"},
  };
  for (const auto& [name, folded] : std::vector<std::pair<std::string, std::string>>{
           {"X_Forwarded_For", "x-forwarded-for"},
           {"x-forwarded.Anything", "x-forwarded-anything"},
           {"X_Real.IP", "x-real-ip"},
           {"X.Request.Id", "x-request-id"},
           {"Content_Length", "content-length"},
           {"Transfer.Encoding", "transfer-encoding"},
           {"Keep_Alive", "keep-alive"},
           {"Proxy_Authorization", "proxy-authorization"},
           {"Max_Forwards", "max-forwards"}}) {
    rows.push_back(
        {edits("\"allow\":[@\"" + name + "\"]"), first,
         "\"" + name + "\" cannot be allowed: a backend may take it for \"" + folded + "\"",
         "which clients do not write"});
  }
  check_rows(rows);
  CHECK(loads(edits(R"("allow":["X_Api_Key","Trace.Id","_"],"add":{"X-Api-Key":"1"})")));
}

}  // namespace
}  // namespace sluice::conf
