// SPDX-License-Identifier: MIT
// "sluice cache ..." and "sluice block ...": what the command line asks of the admin listener of a
// running process.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sluice {

// One request. `wrong` is a sentence where the command is misspelt.
struct AdminCommand {
  std::string method;
  std::string target;
  std::string admin = "127.0.0.1:9901";
  std::string token_file;
  std::string wrong;
};

// Each takes --admin ADDRESS and --token-file FILE anywhere, besides:
// stats | purge url|prefix|host|tag TEXT | purge all, with --soft.
AdminCommand parse_cache_command(const std::vector<std::string_view>& arguments);
// list | add ADDRESS|CIDR, with --for DURATION | del ADDRESS|CIDR.
AdminCommand parse_block_command(const std::vector<std::string_view>& arguments);

// Prints the answer; an exit code of main.cc. REQUIRES: nothing is wrong with it.
int run_admin_command(const AdminCommand& command);

}  // namespace sluice
