// SPDX-License-Identifier: MIT
#include "proxy/server/admin_query.h"

#include <fmt/format.h>

#include <algorithm>

#include "proxy/http/chars.h"

namespace sluice::server {

namespace {

std::string decode(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool escape = text[i] == '%' && text.size() - i > 2 &&
                        http::is_class(text[i + 1], http::char_class::kHex) &&
                        http::is_class(text[i + 2], http::char_class::kHex);
    if (!escape) {
      out += text[i];
      continue;
    }
    out += static_cast<char>(http::hex_value(text[i + 1]) * 16 + http::hex_value(text[i + 2]));
    i += 2;
  }
  return out;
}

}  // namespace

std::vector<std::pair<std::string, std::string>> query_arguments(std::string_view query) {
  std::vector<std::pair<std::string, std::string>> arguments;
  while (!query.empty()) {
    const std::string_view argument = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(argument.size() + 1, query.size()));
    const std::string_view name = argument.substr(0, argument.find('='));
    arguments.emplace_back(name,
                           decode(argument.substr(std::min(name.size() + 1, argument.size()))));
  }
  return arguments;
}

handlers::AdminAnswer bad_request(std::string_view why) {
  constexpr int kBadRequest = 400;
  handlers::AdminAnswer answer;
  answer.status = kBadRequest;
  answer.body = fmt::format("{}\n", why);
  return answer;
}

}  // namespace sluice::server
