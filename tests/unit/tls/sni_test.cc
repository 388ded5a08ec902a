// SPDX-License-Identifier: MIT
#include "tls/sni.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <optional>
#include <string>
#include <vector>

namespace sluice::tls {
namespace {

using Bytes = std::vector<unsigned char>;

Bytes extension(std::string_view name) {
  Bytes bytes(5 + name.size());
  bytes[1] = static_cast<unsigned char>(name.size() + 3);
  bytes[4] = static_cast<unsigned char>(name.size());
  std::copy(name.begin(), name.end(), bytes.begin() + 5);
  return bytes;
}

TEST_CASE("sni: the exact name wins over a wildcard, and case does not count", "[tls][sni]") {
  SniTable table;
  table.add("a.example", 1);
  table.add("*.example", 2);
  table.add("*.deep.example", 3);
  table.add("a.example", 9);
  struct Case {
    std::string name;
    std::optional<std::size_t> target;
  };
  const auto c = GENERATE(values<Case>({
      {"a.example", 1},
      {"A.Example", 1},
      {"a.example.", 1},
      {"b.example", 2},
      {"B.EXAMPLE", 2},
      {"x.deep.example", 3},
      {"deep.example", 2},
      {"x.y.example", std::nullopt},
      {"example", std::nullopt},
      {".example", std::nullopt},
      {"*.example", 2},
      {"", std::nullopt},
      {".", std::nullopt},
      {std::string(255, 'a'), std::nullopt},
      {std::string(400, 'a'), std::nullopt},
  }));
  CAPTURE(c.name);
  CHECK(table.find(c.name) == c.target);
}

TEST_CASE("sni: a well-formed extension gives its host name", "[tls][sni]") {
  CHECK(parse_server_name(extension("a.example")) == "a.example");
  CHECK(parse_server_name(extension(std::string(250, 'x'))) == std::string(250, 'x'));
}

TEST_CASE("sni: a malformed extension gives no name", "[tls][sni]") {
  const auto bytes = GENERATE(values<Bytes>({
      {},
      {0},
      {0, 0},
      {0, 1, 0},                           // a type and nothing else
      {0, 3, 0, 0, 0},                     // an empty name
      {0, 4, 1, 0, 1, 'a'},                // not a host name
      {0, 5, 0, 0, 1, 'a'},                // list longer than the extension
      {0, 4, 0, 0, 2, 'a'},                // name longer than the list
      {0, 4, 0, 0, 1, 'a', 'b'},           // bytes after the list
      {0, 5, 0, 0, 1, 'a', 'b'},           // bytes after the name
      {0, 8, 0, 0, 1, 'a', 0, 0, 1, 'b'},  // two host names
      {0xff, 0xff, 0, 0xff, 0xff, 'a'},
  }));
  CHECK(parse_server_name(bytes).empty());
  Bytes too_long{1, 3, 0, 1, 0};
  too_long.resize(5 + 256, 'a');
  CHECK(parse_server_name(too_long).empty());
}

TEST_CASE("sni: no prefix of a good extension is read beyond its end", "[tls][sni]") {
  const Bytes whole = extension("some.example");
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const Bytes part(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
    CHECK(parse_server_name(part).empty());
  }
}

TEST_CASE("sni: names are compared without case and last dot", "[tls][sni]") {
  CHECK(same_server_name("a.example", "A.EXAMPLE."));
  CHECK(same_server_name("", ""));
  CHECK_FALSE(same_server_name("a.example", ""));
  CHECK_FALSE(same_server_name("a.example", "b.example"));
  CHECK_FALSE(same_server_name("a.example", "a.example.org"));
}

}  // namespace
}  // namespace sluice::tls
