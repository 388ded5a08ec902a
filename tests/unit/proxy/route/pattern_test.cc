// SPDX-License-Identifier: MIT
#include "proxy/route/pattern.h"

#include <catch2/catch.hpp>

namespace sluice::route {
namespace {

using Kind = HostPattern::Kind;

TEST_CASE("pattern: hosts that are taken", "[route][pattern]") {
  struct Row {
    const char* text;
    Kind kind;
    const char* name;
    const char* shown;
  };
  const Row rows[] = {
      {"*", Kind::Any, "", "*"},
      {"a.example", Kind::Exact, "a.example", "a.example"},
      {"A.Example.", Kind::Exact, "a.example", "a.example"},
      {"localhost", Kind::Exact, "localhost", "localhost"},
      {"10.0.0.1", Kind::Exact, "10.0.0.1", "10.0.0.1"},
      {"xn--bcher-kva.example", Kind::Exact, "xn--bcher-kva.example", "xn--bcher-kva.example"},
      {"my_host", Kind::Exact, "my_host", "my_host"},
      {"[2001:DB8::1]", Kind::Exact, "[2001:db8::1]", "[2001:db8::1]"},
      {"[0:0:0:0:0:0:0:1]", Kind::Exact, "[::1]", "[::1]"},
      {"*.example", Kind::Below, ".example", "*.example"},
      {"*.EXAMPLE.com.", Kind::Below, ".example.com", "*.example.com"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.text);
    std::string why;
    const auto pattern = parse_host_pattern(row.text, why);
    REQUIRE(pattern);
    CHECK(*pattern == HostPattern{row.kind, row.name});
    CHECK(pattern->text() == row.shown);
  }
}

TEST_CASE("pattern: hosts that are refused, and why", "[route][pattern]") {
  struct Row {
    std::string text;
    const char* why;
  };
  const Row rows[] = {
      {"", "missing"},
      {".", "missing"},
      {"*.", "missing"},
      {".example", "empty label"},
      {"a..example", "empty label"},
      {"a.example..", "empty label"},
      {"*..example", "empty label"},
      {"*example", "whole first label"},
      {"a.*.example", "whole first label"},
      {"*.*.example", "whole first label"},
      {"**", "whole first label"},
      {"a.example:80", "no port"},
      {"::1", "brackets"},
      {"[]", "not an IPv6"},
      {"[::1", "not an IPv6"},
      {"[::1]:80", "not an IPv6"},
      {"[a/b]", "not an IPv6"},
      {"a.example/x", "punycode"},
      {"a b", "punycode"},
      {"b\xc3\xbc.example", "punycode"},
      {std::string(254, 'a'), "253"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.text);
    std::string why;
    CHECK_FALSE(parse_host_pattern(row.text, why));
    CHECK_THAT(why, Catch::Contains(row.why));
  }
}

TEST_CASE("pattern: paths that are taken", "[route][pattern]") {
  struct Row {
    const char* text;
    bool exact;
    const char* path;
    const char* shown;
  };
  const Row rows[] = {
      {"*", false, "", "/*"},
      {"/*", false, "", "/*"},
      {"/", true, "/", "/"},
      {"/api", true, "/api", "/api"},
      {"/api/", true, "/api/", "/api/"},
      {"/api/*", false, "/api", "/api/*"},
      {"/a/b/*", false, "/a/b", "/a/b/*"},
      {"/.well-known/*", false, "/.well-known", "/.well-known/*"},
      {"/a../...", true, "/a../...", "/a../..."},
      {"/%40fs/%7Bx%7D%2F/*", false, "/@fs/{x}%2F", "/@fs/{x}%2F/*"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.text);
    std::string why;
    const auto pattern = parse_path_pattern(row.text, why);
    REQUIRE(pattern);
    CHECK(*pattern == PathPattern{row.exact, row.path});
    CHECK(pattern->text() == row.shown);
  }
}

TEST_CASE("pattern: paths that are refused, and why", "[route][pattern]") {
  struct Row {
    const char* text;
    const char* why;
  };
  const Row rows[] = {
      {"", "starts with"},       {"api", "starts with"},   {"*.php", "starts with"},
      {"/api*", "last segment"}, {"/*/x", "last segment"}, {"/a/*/*", "last segment"},
      {"/**", "last segment"},   {"/a?b", "query"},        {"/a#b", "fragment"},
      {"/a/../b", "resolved"},   {"/a/..", "resolved"},    {"/./*", "resolved"},
      {"/.", "resolved"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.text);
    std::string why;
    CHECK_FALSE(parse_path_pattern(row.text, why));
    CHECK_THAT(why, Catch::Contains(row.why));
  }
}

}  // namespace
}  // namespace sluice::route
