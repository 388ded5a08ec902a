// SPDX-License-Identifier: MIT
#include "proxy/http/uri.h"

#include <catch2/catch.hpp>
#include <memory>
#include <string>
#include <string_view>

namespace sluice::http {
namespace {

std::string normalised(std::string_view path) {
  const std::unique_ptr<char[]> out(new char[path.size()]);  // ASan proves that it suffices
  const std::optional<std::size_t> size = normalise_path(path, out.get());
  return size ? std::string(out.get(), *size) : "bad";
}

struct PathRow {
  std::string_view path;
  std::string_view expected;
};

constexpr PathRow kPaths[] = {
    {"/", "/"},
    {"/a", "/a"},
    {"/a/", "/a/"},
    {"/a/b.c/d", "/a/b.c/d"},
    // dot segments
    {"/.", "/"},
    {"/./", "/"},
    {"/./a", "/a"},
    {"/a/.", "/a/"},
    {"/a/./b", "/a/b"},
    {"/a/..", "/"},
    {"/a/../", "/"},
    {"/a/../b", "/b"},
    {"/a/b/..", "/a/"},
    {"/a/b/../c", "/a/c"},
    {"/a/b/../../c", "/c"},
    {"/a/b/c/./../../g", "/a/g"},
    {"/...", "/..."},
    {"/.a", "/.a"},
    {"/a.", "/a."},
    {"/..a", "/..a"},
    {"/a..", "/a.."},
    {"/.well-known/x", "/.well-known/x"},
    {"/..", "bad"},
    {"/../a", "bad"},
    {"/a/../..", "bad"},
    {"/a/../../b", "bad"},
    {"/./..", "bad"},
    {"//..", "bad"},
    // slashes
    {"//", "/"},
    {"///a", "/a"},
    {"/a//b", "/a/b"},
    {"/a//", "/a/"},
    {"/a//../b", "/b"},
    {"/a/b//..", "/a/"},
    // escapes
    {"/%41%7a%30", "/Az0"},
    {"/%2D%2e%5F%7E", "/-._~"},
    {"/%2f", "/%2F"},
    {"/a%2Fb", "/a%2Fb"},
    {"/%5c", "/%5C"},
    {"/%3f%23%25", "/%3F%23%25"},
    {"/%c3%a9", "/%C3%A9"},
    {"/%2541", "/%2541"},
    {"/%20", "/%20"},
    {"/%2e", "/"},
    {"/a/%2e%2e/b", "/b"},
    {"/a/.%2E/b", "/b"},
    {"/a/%2e./b", "/b"},
    {"/%2e%2e", "bad"},
    {"/a/%2e%2e%2f%2e%2e/b", "/a/..%2F../b"},
    {"/%", "bad"},
    {"/%4", "bad"},
    {"/%4g", "bad"},
    {"/%g4", "bad"},
    {"/%%41", "bad"},
    {"/a%", "bad"},
    {"/%00", "bad"},
    {"/a%00b", "bad"},
    {"/% 41", "bad"},
    {"/%+1", "bad"},
    // no absolute path
    {"", "bad"},
    {"a", "bad"},
    {"*", "bad"},
    {"./a", "bad"},
};

constexpr std::string_view kGoodAuthorities[][3] = {
    {"a", "a", "-"},
    {"a.example", "a.example", "-"},
    {"a.example.:80", "a.example.", "80"},
    {"A_b-c:0", "A_b-c", "0"},
    {"1.2.3.4:65535", "1.2.3.4", "65535"},
    {"a:00080", "a", "80"},
    {"[::1]", "[::1]", "-"},
    {"[2001:db8::1]:443", "[2001:db8::1]", "443"},
};

constexpr std::string_view kBadAuthorities[] = {
    "",        ":",       ":80",     "a:",     "a:b",    "a:65536",   "a:100000", "a:-1",
    "a:8 0",   "a:80:81", "a@b",     "@a",     "a/b",    "a?b",       "a#b",      "a b",
    "a%41",    "a,b",     "a;b",     ".",      "..",     ".a",        "a..b",     "::1",
    "[::1",    "::1]",    "[]",      "[:]",    "[a]",    "[1.2.3.4]", "[::1]a",   "[::1]:",
    "[::1]:x", "[::1%1]", "[[::1]]", "[::1]]", "a[::1]", "\xc3\xa9",  "a\x01",
};

}  // namespace

TEST_CASE("uri: each path has one spelling", "[http][uri]") {
  for (const PathRow& row : kPaths) {
    INFO(std::string(row.path));
    CHECK(normalised(row.path) == row.expected);
    if (row.expected == "bad") continue;
    CHECK(normalised(row.expected) == row.expected);  // and keeps it
  }
}

TEST_CASE("uri: what needs no normalising is left as it is by it", "[http][uri]") {
  for (const PathRow& row : kPaths) {
    INFO(std::string(row.path));
    if (!needs_normalising(row.path)) CHECK(row.expected == row.path);
  }
  CHECK_FALSE(needs_normalising("/"));
  CHECK_FALSE(needs_normalising("/a/b.c/d"));
  CHECK(needs_normalising("/a/../b"));
  CHECK(needs_normalising("/%41"));
  CHECK(needs_normalising("//"));
}

TEST_CASE("uri: a path can be normalised in place", "[http][uri]") {
  for (const PathRow& row : kPaths) {
    std::string path(row.path);
    const std::optional<std::size_t> size = normalise_path(path, path.data());
    CHECK((size ? path.substr(0, *size) : "bad") == row.expected);
  }
}

TEST_CASE("uri: by an escape or not, a path is matched alike", "[http][uri]") {
  struct SpellingRow {
    std::string_view path, matched;
  };
  const SpellingRow rows[] = {
      {"/", "/"},
      {"/a.b/c", "/a.b/c"},
      {"/v1/x:delete", "/v1/x:delete"},
      {"/v1/x%3Adelete", "/v1/x:delete"},
      {"/%40fs/%24%26%27%28%29%2A%2B%2C%3B%3D", "/@fs/$&'()*+,;="},
      {"/%7Bid%7D%20%3C%C3%A9", "/{id} <\xc3\xa9"},
      {"/a%2Fb", "/a%2Fb"},      // another segment,
      {"/a%252Fb", "/a%252Fb"},  // and what is not that
      {"/a%2540b", "/a%2540b"},
  };
  for (const SpellingRow& row : rows) {
    INFO(std::string(row.path));
    std::string path(row.path);
    path.resize(matched_spelling(path, path.data()));
    CHECK(path == row.matched);
    CHECK(normalised_size(row.path, row.matched.size()) == row.path.size());
    CHECK(normalised_size(row.path, 1) == 1);
  }
  CHECK(normalised_size("/%40fs/%40x", 5) == 7);
  CHECK(normalised_size("/%40fs", 99) == 6);
}

TEST_CASE("uri: authorities are split", "[http][uri]") {
  for (const auto& row : kGoodAuthorities) {
    INFO(std::string(row[0]));
    const std::optional<Authority> authority = parse_authority(row[0]);
    REQUIRE(authority);
    CHECK(authority->host == row[1]);
    CHECK((authority->port ? std::to_string(*authority->port) : "-") == row[2]);
  }
}

TEST_CASE("uri: authorities that could be read in two ways are refused", "[http][uri]") {
  for (const std::string_view text : kBadAuthorities) {
    INFO(std::string(text));
    CHECK_FALSE(parse_authority(text));
  }
  CHECK(parse_authority(std::string(kMaxHost, 'a')));
  CHECK_FALSE(parse_authority(std::string(kMaxHost + 1, 'a')));
}

TEST_CASE("uri: hosts are compared in lower case and without a final dot", "[http][uri]") {
  const auto canonical = [](std::string_view host) {
    const std::unique_ptr<char[]> out(new char[host.size() + 1]);
    return std::string(out.get(), canonical_host(host, out.get()));
  };
  CHECK(canonical("Shop.Example.COM.") == "shop.example.com");
  CHECK(canonical("a") == "a");
  CHECK(canonical("[2001:DB8::1]") == "[2001:db8::1]");
  CHECK(canonical("[0:0:0:0:0:0:0:1]") == "[::1]");
  CHECK(canonical("[1::2:3:4:5:6:7]") == "[1:0:2:3:4:5:6:7]");
  CHECK(canonical("[::FFFF:10.0.0.1]") == "[::ffff:10.0.0.1]");
  CHECK(canonical(".") == ".");
  CHECK(canonical("").empty());
}

TEST_CASE("uri: what may not stand as it is gets escapes", "[http][uri]") {
  CHECK(percent_encode("a-_.~/?\xc3\xbc %") == "a-_.~%2F%3F%C3%BC%20%25");
  CHECK(percent_encode(std::string_view("a/?%#\0\n", 7), char_class::kTarget) == "a/?%%23%00%0A");
}

TEST_CASE("uri: what no URI may hold gets escapes, and the rest stays", "[http][uri]") {
  char room[128];
  const auto text = [&room](std::string_view from) {
    return std::string(room, put_uri_text(room, from));
  };
  CHECK(text("/a%2Fb;c=d,(e)?f=[g]&h#i") == "/a%2Fb;c=d,(e)?f=[g]&h#i");
  CHECK(text("/\\a \"<^`{|}>\x7f\xc3") == "/%5Ca%20%22%3C%5E%60%7B%7C%7D%3E%7F%C3");
}

}  // namespace sluice::http
