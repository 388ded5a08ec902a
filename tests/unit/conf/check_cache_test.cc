// SPDX-License-Identifier: MIT
#include "conf/check_cache.h"

#include <catch2/catch.hpp>
#include <string>

#include "tests/unit/conf/rows.h"

namespace sluice::conf {
namespace {

using rows::check_rows;
using rows::kListener;
using rows::kPool;
using rows::loads;

std::string cached(const std::string& members) {
  return kListener + "," + kPool + R"(,"routes":[{"forward":{"pool":"api"},"cache":{)" + members +
         "}}]";
}

TEST_CASE("check: what a cache is told", "[conf][check]") {
  const std::string route = kListener + "," + kPool + ",\"routes\":[{";
  check_rows({
      {cached(R"("key":{"cookies":["a",@"b=c"]})"), "routes[0].cache.key.cookies[1]",
       "\"b=c\" is no name of a cookie", ""},
      {cached(R"("bypass":{"cookies":@""})"), "routes[0].cache.bypass.cookies",
       "\"\" is no name of a cookie", ""},
      {route + R"("respond":{},@"cache":{}}])", "routes[0].cache",
       "only what is forwarded can have this", ""},
      {cached(R"("ttl":{@"2xx":"1m"})"), "routes[0].cache.ttl.2xx", "\"2xx\" is no status",
       "a number from 200 to 599, or \"any\""},
      {cached(R"("ttl":{@"199":"1m"})"), "routes[0].cache.ttl.199", "\"199\" is no status",
       "a number from 200 to 599, or \"any\""},
      {cached(R"("ttl":{"200":@"900ms"})"), "routes[0].cache.ttl.200",
       "900ms is no number of whole seconds", ""},
      {cached(R"("ttl":{"200":@"366d"})"), "routes[0].cache.ttl.200", "366d is more than 365d", ""},
      {cached(R"("ttl":{"any":@"1500ms"})"), "routes[0].cache.ttl.any",
       "1500ms is no number of whole seconds", ""},
      {cached(R"("stale":{"while_revalidate":@"1ms"})"), "routes[0].cache.stale.while_revalidate",
       "1ms is no number of whole seconds", ""},
      {cached(R"("stale":{"if_error":@"2500ms"})"), "routes[0].cache.stale.if_error",
       "2500ms is no number of whole seconds", ""},
      {cached(R"("vary":["Accept",@"*"])"), "routes[0].cache.vary[1]",
       "by \"*\" no response would be kept", "names of request fields"},
      {cached(R"(@"vary":["a","b","c","d","e","f","g","h","i"])"), "routes[0].cache.vary",
       "has 9 names, more than 8", "what a response's own Vary names needs room, too"},
      {cached(R"(@"vary":["A",")" + std::string(256, 'x') + "\"]"), "routes[0].cache.vary",
       "its names have 257 bytes, more than 256",
       "what a response's own Vary names needs room, too"},
      {cached(R"("vary":@"*")"), "routes[0].cache.vary", "by \"*\" no response would be kept",
       "names of request fields"},
      {cached(R"(@"methods":[])"), "routes[0].cache.methods",
       "without a method nothing is answered from the cache", ""},
      {cached(R"("key":{"query":["a",@"*"]})"), "routes[0].cache.key.query[1]",
       "\"*\" is every argument, and stands alone", ""},
      {cached(R"("key":{"query":[@"a=b"]})"), "routes[0].cache.key.query[0]",
       "\"a=b\" is no name of an argument", "as it stands in the query, without \"=\""},
      {cached(R"("methods":["GET",@"POST"])"), "routes[0].cache.methods[1]",
       "\"POST\" is never answered from a cache", "allowed are \"GET\" and \"HEAD\""},
      {cached(R"("max_object":@"1GiB")"), "routes[0].cache.max_object",
       "is more than the whole cache holds", ""},
      {kListener + "," + kPool +
           R"(,"routes":[{"respond":{}}],"cache":{"size":"1MiB","max_object":@"2MiB"})",
       "cache.max_object", "is more than the whole cache holds", ""},
  });
}

TEST_CASE("check: what is never stored has no lifetime", "[conf][check]") {
  for (const std::string status : {"206", "304", "412", "416", "428", "429", "431", "511"}) {
    check_rows({{cached(R"("ttl":{@")" + status + R"(":"1m"})"), "routes[0].cache.ttl." + status,
                 status + " is never stored", ""}});
  }
}

TEST_CASE("check: nothing is told apart by what each request is told anew", "[conf][check]") {
  for (const std::string name : {"Forwarded", "X-Forwarded-For", "X-Real-IP", "x-request-id"}) {
    const std::string message = "\"" + name + "\" is written anew for each request";
    check_rows({
        {cached(R"("key":{"headers":["A",@")" + name + "\"]}"), "routes[0].cache.key.headers[1]",
         message, ""},
        {cached(R"("vary":["A",@")" + name + "\"]"), "routes[0].cache.vary[1]", message, ""},
    });
  }
}

TEST_CASE("check: names of a cache's fields, cookies and lifetimes are looked at",
          "[conf][check]") {
  for (const char* members :
       {R"("vary":["a b"])", R"("key":{"headers":["a b"]})", R"("key":{"cookies":["a b"]})",
        R"("bypass":{"headers":["a b"]})", R"("bypass":{"cookies":["a b"]})",
        R"("ttl":{"200":"soon"})", R"("ttl":{"200":""})"}) {
    CAPTURE(members);
    CHECK_FALSE(loads(cached(members)));
  }
  CHECK(loads(cached("")));
  CHECK(loads(cached(R"("vary":["a","b","c","d","e","f","g","h"])")));
  CHECK(loads(cached(R"("vary":")" + std::string(256, 'x') + "\"")));
  // Those that no request field may have are names of cookies like others.
  for (const char* name : {"connection", "content-length", "te", "trailer", "upgrade"}) {
    CAPTURE(name);
    CHECK(loads(cached(R"("key":{"cookies":")" + std::string(name) + "\"}")));
    CHECK(loads(cached(R"("bypass":{"cookies":")" + std::string(name) + "\"}")));
  }
  CHECK(loads(cached(R"("ttl":{"200":"2000ms"},"stale":{"if_error":"0ms"})")));
  CHECK(loads(cached(R"("ttl":{"any":"0s","404":"365d"},"key":{"query":[]},"vary":"Accept")")));
}

}  // namespace
}  // namespace sluice::conf
