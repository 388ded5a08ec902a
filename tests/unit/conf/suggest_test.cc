// SPDX-License-Identifier: MIT
#include "conf/suggest.h"

#include <catch2/catch.hpp>
#include <string>

namespace sluice::conf {
namespace {

TEST_CASE("suggest: a slip finds the word that was meant", "[conf][suggest]") {
  const std::vector<std::string_view> keys{"timeouts", "trusted_proxies", "limits", "listeners",
                                           "name",     "address",         "tls"};
  const std::pair<std::string_view, std::string_view> rows[] = {
      {"timouts", "timeouts"},
      {"timeoust", "timeouts"},
      {"TimeOuts", "timeouts"},
      {"timeout", "timeouts"},
      {"listener", "listeners"},
      {"adress", "address"},
      {"tsl", "tls"},
      {"limit", "limits"},
      {"trusted-proxies", "trusted_proxies"},
      {"", ""},
      {"x", ""},
      {"upstreams", ""},
      {"server_name", ""},
      {"xyz", ""},
  };
  for (const auto& [word, expected] : rows) {
    CAPTURE(std::string(word));
    CHECK(nearest(word, keys) == expected);
  }
  CHECK(nearest("timeouts", {}).empty());
  CHECK(nearest(std::string(100000, 'a'), keys).empty());
  CHECK(did_you_mean("adress", keys) == "did you mean \"address\"?");
  CHECK(did_you_mean("xyz", keys).empty());
}

TEST_CASE("suggest: a list of many words is cut", "[conf][suggest]") {
  CHECK(listed({}).empty());
  CHECK(listed({"a", "b"}) == R"("a", "b")");
  const std::vector<std::string_view> many(30, "x");
  CHECK(listed(many).find("\"x\" and 6 more") != std::string::npos);
}

}  // namespace
}  // namespace sluice::conf
