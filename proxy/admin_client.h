// SPDX-License-Identifier: MIT
// One request to the admin listener of a running process, for the commands that talk to it. Blocks,
// for kPatience at most with each step.
#pragma once

#include <chrono>
#include <string>

#include "conf/result.h"
#include "proxy/net/address.h"

namespace sluice {

struct AdminCall {
  static constexpr std::chrono::seconds kPatience{30};

  net::Address address;
  std::string token;  // empty: none is sent
  std::string method;
  std::string target;
};

struct AdminResponse {
  int status = 0;
  std::string body;
};

// An error where nobody answers, or no HTTP.
Result<AdminResponse> call_admin(const AdminCall& call);

}  // namespace sluice
