// SPDX-License-Identifier: MIT
#include "proxy/route/route.h"

#include <catch2/catch.hpp>

namespace sluice::route {
namespace {

TEST_CASE("rewrite: prefixes are taken off and replaced by whole segments", "[route][rewrite]") {
  struct Row {
    const char* strip;
    std::optional<std::string> replacement;
    std::string path;
    std::size_t matched;
    const char* expected;
  };
  const std::optional<std::string> none;
  const Row rows[] = {
      // neither
      {"", none, "/api/users", 4, "/api/users"},
      // strip
      {"/api", none, "/api/users", 4, "/users"},
      {"/api", none, "/api/", 4, "/"},
      {"/api", none, "/api", 4, "/"},
      {"/api", none, "/apis", 0, "/apis"},
      {"/api", none, "/v1/api", 0, "/v1/api"},
      {"/api/", none, "/api/users", 4, "/users"},
      {"/api/", none, "/api/", 4, "/"},
      {"/api/", none, "/api", 4, "/api"},
      {"/", none, "/users", 0, "/users"},
      {"/api", none, "/api//users", 4, "//users"},
      {"/@fs", none, "/%40fs/a%40b", 6, "/a%40b"},
      {"/@fs", none, "/%40fsx", 0, "/%40fsx"},
      // replace what matched
      {"", "/v2", "/api/users", 4, "/v2/users"},
      {"", "/v2/", "/api/users", 4, "/v2/users"},
      {"", "/v2", "/api", 4, "/v2"},
      {"", "/v2/", "/api", 4, "/v2/"},
      {"", "/v2", "/users", 0, "/v2/users"},
      {"", "/new", "/old/", 5, "/new"},
      {"", "/", "/api/users", 4, "/users"},
      {"", "", "/api/users", 4, "/users"},
      {"", "", "/api", 4, "/"},
      {"", "/v2", "/a", 9, "/v2"},
      // replace what is stripped
      {"/api", "/v2", "/api/users", 0, "/v2/users"},
      {"/api/", "/v2", "/api/users", 0, "/v2/users"},
      {"/api", "/v2", "/other", 6, "/other"},
      // not a path
      {"", "/v2", "*", 0, "*"},
      {"*", none, "*", 0, "*"},
      {"", "/v2", "", 0, ""},
  };
  for (const Row& row : rows) {
    CAPTURE(row.strip, row.replacement.value_or("none"), row.path);
    const Rewrite rewrite{row.strip, row.replacement};
    CHECK(rewrite_path(rewrite, row.path, row.matched).text() == row.expected);
  }
}

}  // namespace
}  // namespace sluice::route
