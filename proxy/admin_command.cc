// SPDX-License-Identifier: MIT
#include "proxy/admin_command.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <optional>

#include "conf/files.h"
#include "proxy/admin_client.h"
#include "proxy/base/output.h"
#include "proxy/http/uri.h"

namespace sluice {

namespace {

constexpr std::string_view kCacheUsage =
    "cache is written as: sluice cache stats, or: sluice cache purge url|prefix|host|tag TEXT, or: "
    "sluice cache purge all";
constexpr std::string_view kBlockUsage =
    "block is written as: sluice block list, sluice block add ADDRESS [--for DURATION], or: "
    "sluice block del ADDRESS";

// Takes "NAME VALUE" out of the arguments, if it is there. False where the value is missing.
template <typename Text>
bool take_option(std::vector<std::string_view>& arguments, std::string_view name, Text& value) {
  const auto at = std::find(arguments.begin(), arguments.end(), name);
  if (at == arguments.end()) return true;
  if (std::next(at) == arguments.end()) return false;
  value = std::string(*std::next(at));
  arguments.erase(at, at + 2);
  return true;
}

bool take_admin_options(std::vector<std::string_view>& arguments, AdminCommand& command) {
  return take_option(arguments, "--admin", command.admin) &&
         take_option(arguments, "--token-file", command.token_file);
}

}  // namespace

AdminCommand parse_cache_command(const std::vector<std::string_view>& given) {
  constexpr std::string_view kKinds[] = {"url", "prefix", "host", "tag"};
  AdminCommand command;
  std::vector<std::string_view> arguments = given;
  const bool soft = std::erase(arguments, "--soft") > 0;
  const bool complete = take_admin_options(arguments, command);
  const bool purges = !arguments.empty() && arguments[0] == "purge";
  const std::string end = soft ? "&soft" : "";
  if (complete && !soft && arguments.size() == 1 && arguments[0] == "stats") {
    command.method = "GET";
    command.target = "/cache/stats";
  } else if (complete && purges && arguments.size() == 2 && arguments[1] == "all") {
    command.method = "POST";
    command.target = "/cache/purge?all" + end;
  } else if (complete && purges && arguments.size() == 3 &&
             std::find(std::begin(kKinds), std::end(kKinds), arguments[1]) != std::end(kKinds)) {
    command.method = "POST";
    command.target =
        fmt::format("/cache/purge?{}={}{}", arguments[1], http::percent_encode(arguments[2]), end);
  } else {
    command.wrong = kCacheUsage;
  }
  return command;
}

AdminCommand parse_block_command(const std::vector<std::string_view>& given) {
  AdminCommand command;
  std::vector<std::string_view> arguments = given;
  std::optional<std::string> duration;
  const bool complete = take_admin_options(arguments, command) &&
                        take_option(arguments, "--for", duration) && !arguments.empty();
  const std::string_view verb = complete ? arguments[0] : "";
  if (verb == "list" && arguments.size() == 1 && !duration) {
    command.method = "GET";
    command.target = "/block";
  } else if (verb == "add" && arguments.size() == 2) {
    command.method = "POST";
    command.target = "/block/add?block=" + http::percent_encode(arguments[1]);
    if (duration) command.target += "&for=" + http::percent_encode(*duration);
  } else if (verb == "del" && arguments.size() == 2 && !duration) {
    command.method = "POST";
    command.target = "/block/remove?block=" + http::percent_encode(arguments[1]);
  } else {
    command.wrong = kBlockUsage;
  }
  return command;
}

int run_admin_command(const AdminCommand& command) {
  constexpr int kFailed = 1;
  constexpr int kWrongUsage = 2;
  const std::optional<net::Address> address = net::Address::parse(command.admin);
  if (!address) {
    print_error(fmt::format("sluice: \"{}\" is no address\n", command.admin));
    return kWrongUsage;
  }
  const Result<std::string> token =
      command.token_file.empty() ? std::string() : conf::token_in(command.token_file);
  if (!token) {
    print_error(fmt::format("sluice: {}\n", token.error().what));
    return kFailed;
  }
  const auto response = call_admin({*address, *token, command.method, command.target});
  if (!response) {
    print_error(fmt::format("sluice: {}\n", response.error().text()));
    return kFailed;
  }
  const bool done = response->status == 200;
  const bool printed = done ? print_out(response->body) : print_error(response->body);
  return done && printed ? 0 : kFailed;
}

}  // namespace sluice
