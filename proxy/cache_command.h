// SPDX-License-Identifier: MIT
// "sluice cache ...": looks into, and purges, the cache of a running process.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sluice {

// What the command line asks of the admin listener. `wrong` is a sentence where it is misspelt.
struct CacheCommand {
  std::string method;
  std::string target;
  std::string admin = "127.0.0.1:9901";
  std::string token_file;
  std::string wrong;
};

// stats | purge url|prefix|host|tag TEXT | purge all, with --soft, --admin ADDRESS and
// --token-file FILE anywhere.
CacheCommand parse_cache_command(const std::vector<std::string_view>& arguments);

// Prints the answer; an exit code of main.cc. REQUIRES: nothing is wrong with it.
int run_cache_command(const CacheCommand& command);

}  // namespace sluice
