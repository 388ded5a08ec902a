// SPDX-License-Identifier: MIT
#include "conf/check_compress.h"

#include <catch2/catch.hpp>
#include <string>

#include "tests/unit/conf/rows.h"

namespace sluice::conf {
namespace {

using rows::check_rows;
using rows::kListener;
using rows::loads;

std::string compressing(const std::string& members) {
  return kListener + R"(,"routes":[{"respond":{},"compress":{)" + members + "}}]";
}

TEST_CASE("check: what compression is told", "[conf][check]") {
  check_rows({
      {kListener + R"(,"routes":[{"redirect":{"to":"/x"},@"compress":{}}])", "routes[0].compress",
       "a redirect has no body", ""},
      {compressing(R"("encodings":[@"deflate"])"), "routes[0].compress.encodings[0]",
       "\"deflate\" is no known encoding", "allowed are \"br\", \"zstd\" and \"gzip\""},
      {compressing(R"("encodings":[!"br","gzip",@"br"])"), "routes[0].compress.encodings[2]",
       "\"br\" stands here twice", "first at !"},
      {compressing(R"(@"encodings":[])"), "routes[0].compress.encodings",
       "nothing could be compressed", "leave it out for all"},
      {compressing(R"(@"types":[])"), "routes[0].compress.types", "nothing could be compressed",
       "leave it out for all"},
  });
}

TEST_CASE("check: media types to be compressed are looked at", "[conf][check]") {
  for (const char* type : {"", "text", "text/", "/html", "*/*", "*/html", "text/**", "text/*l*",
                           "text/html; charset=utf-8", "text/html ", "text/a/b", "t\u00e4xt/a"}) {
    CAPTURE(type);
    CHECK_FALSE(loads(compressing("\"types\":[\"" + std::string(type) + "\"]")));
  }
  for (const char* type :
       {"text/html", "TEXT/*", "application/*+json", "application/vnd.a-b.c+xml", "x/vnd.*"}) {
    CAPTURE(type);
    CHECK(loads(compressing("\"types\":\"" + std::string(type) + "\"")));
  }
  CHECK(loads(compressing("")));
  CHECK(loads(compressing(R"("encodings":"gzip","min_size":"1B","level":9)")));
  CHECK_FALSE(loads(compressing(R"("level":0)")));
  CHECK_FALSE(loads(compressing(R"("level":10)")));
  CHECK_FALSE(loads(compressing(R"("min_size":"0B")")));
}

}  // namespace
}  // namespace sluice::conf
