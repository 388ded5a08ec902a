// SPDX-License-Identifier: MIT
#include "proxy/admin_command.h"

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
  const AdminCommand purge = parse_cache_command(
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
    const AdminCommand command = parse_cache_command(wrong);
    CHECK_FALSE(command.wrong.empty());
    CHECK(command.target.empty());
  }
}

TEST_CASE("block command: what it asks for", "[command_line]") {
  CHECK(parse_block_command({"list"}).target == "/block");
  CHECK(parse_block_command({"list"}).method == "GET");
  const AdminCommand add =
      parse_block_command({"add", "2001:db8::/32", "--for", "2h", "--admin", "127.0.0.1:1"});
  CHECK(add.method == "POST");
  CHECK(add.target == "/block/add?block=2001%3Adb8%3A%3A%2F32&for=2h");
  CHECK(add.admin == "127.0.0.1:1");
  CHECK(parse_block_command({"add", "192.0.2.1"}).target == "/block/add?block=192.0.2.1");
  // An empty one is for the process to refuse, as any that is none.
  CHECK(parse_block_command({"add", "192.0.2.1", "--for", ""}).target ==
        "/block/add?block=192.0.2.1&for=");
  CHECK(parse_block_command({"del", "192.0.2.1"}).target == "/block/remove?block=192.0.2.1");
}

TEST_CASE("block command: what is misspelt asks for nothing", "[command_line]") {
  for (const Arguments& wrong : std::vector<Arguments>{{},
                                                       {"lists"},
                                                       {"list", "x"},
                                                       {"list", "--for", "1h"},
                                                       {"list", "--for", ""},
                                                       {"add"},
                                                       {"add", "a", "b"},
                                                       {"add", "a", "--for"},
                                                       {"del"},
                                                       {"del", "a", "--for", "1h"},
                                                       {"del", "a", "--for", ""}}) {
    const AdminCommand command = parse_block_command(wrong);
    CHECK_FALSE(command.wrong.empty());
    CHECK(command.target.empty());
  }
}

}  // namespace
}  // namespace sluice
