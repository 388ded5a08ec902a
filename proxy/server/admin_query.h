// SPDX-License-Identifier: MIT
// What the endpoints of the admin listener have in common: how they read what they are asked, and
// say that they cannot.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "proxy/handlers/admin.h"

namespace sluice::server {

inline constexpr std::string_view kJsonType = "application/json";

// "a=1&b=x%2Fy&c" -> a: 1, b: x/y, c: nothing. What is no escape stays as it is.
std::vector<std::pair<std::string, std::string>> query_arguments(std::string_view query);

// 400, with the sentence.
handlers::AdminAnswer bad_request(std::string_view why);

}  // namespace sluice::server
