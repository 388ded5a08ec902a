// SPDX-License-Identifier: MIT
#include "proxy/cache_command.h"

#include <catch2/catch.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace sluice {
namespace {

using Arguments = std::vector<std::string_view>;

TEST_CASE("cache command: what it asks for", "[command_line][cache]") {
  CHECK(parse_cache_command({"stats"}).target == "/cache/stats");
  CHECK(parse_cache_command({"purge", "all", "--soft"}).target == "/cache/purge?all&soft");
  const CacheCommand purge = parse_cache_command(
      {"--admin", "unix:/run/s", "purge", "url", "http://a/b?c&d", "--token-file", "t"});
  CHECK(purge.method == "POST");
  CHECK(purge.target == "/cache/purge?url=http%3A%2F%2Fa%2Fb%3Fc%26d");
  CHECK(purge.admin == "unix:/run/s");
  CHECK(purge.token_file == "t");
  CHECK(purge.wrong.empty());
}

TEST_CASE("cache command: what is misspelt asks for nothing", "[command_line][cache]") {
  for (const Arguments& wrong : std::vector<Arguments>{{},
                                                       {"stat"},
                                                       {"stats", "x"},
                                                       {"stats", "--soft"},
                                                       {"purge"},
                                                       {"purge", "url"},
                                                       {"purge", "urls", "x"},
                                                       {"purge", "all", "x"},
                                                       {"stats", "--admin"}}) {
    const CacheCommand command = parse_cache_command(wrong);
    CHECK_FALSE(command.wrong.empty());
    CHECK(command.target.empty());
  }
}

}  // namespace
}  // namespace sluice
