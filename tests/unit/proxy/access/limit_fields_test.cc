// SPDX-License-Identifier: MIT
#include "proxy/access/limit_fields.h"

#include <array>
#include <catch2/catch.hpp>
#include <limits>
#include <string>

namespace sluice::access {
namespace {

using namespace std::chrono_literals;
using std::chrono::nanoseconds;

using Buffer = std::array<char, kMaxLimitField>;

std::string retry_after(nanoseconds wait) {
  Buffer buffer{};
  return std::string(write_retry_after(buffer, wait));
}

std::string policy(std::string_view name, std::uint64_t quota, nanoseconds window) {
  Buffer buffer{};
  return std::string(write_rate_limit_policy(buffer, name, quota, window));
}

std::string state(std::string_view name, std::uint64_t remaining, nanoseconds reset) {
  Buffer buffer{};
  return std::string(write_rate_limit(buffer, name, remaining, reset));
}

}  // namespace

TEST_CASE("limit_fields: Retry-After is whole seconds, rounded up, at least one", "[access]") {
  CHECK(retry_after(0ns) == "1");
  CHECK(retry_after(-5s) == "1");
  CHECK(retry_after(1ns) == "1");
  CHECK(retry_after(1s) == "1");
  CHECK(retry_after(1s + 1ns) == "2");
  CHECK(retry_after(1h) == "3600");
  CHECK(retry_after(nanoseconds::max()) == "9223372037");
}

TEST_CASE("limit_fields: RateLimit-Policy has the quota and its window", "[access]") {
  CHECK(policy("default", 100, 1s) == R"("default";q=100;w=1)");
  CHECK(policy("per ip", 10, 1ns) == R"("per ip";q=10;w=1)");
  CHECK(policy("a", 5000, 1h) == R"("a";q=5000;w=3600)");
}

TEST_CASE("limit_fields: RateLimit has what is left and when all is back", "[access]") {
  CHECK(state("default", 50, 30s) == R"("default";r=50;t=30)");
  CHECK(state("default", 0, 29s + 1ns) == R"("default";r=0;t=30)");
  CHECK(state("default", 100, 0s) == R"("default";r=100;t=0)");
}

TEST_CASE("limit_fields: the longest name and numbers fit", "[access]") {
  const std::string name(kMaxPolicyName, 'n');
  const std::uint64_t most = std::numeric_limits<std::uint64_t>::max();
  // A structured field's integers have 15 digits.
  CHECK(policy(name, most, nanoseconds::max()) ==
        '"' + name + R"(";q=999999999999999;w=9223372037)");
  CHECK(state(name, most, nanoseconds::max()) ==
        '"' + name + R"(";r=999999999999999;t=9223372037)");
}

TEST_CASE("limit_fields: a policy's name needs no escapes", "[access]") {
  CHECK(is_policy_name("default"));
  CHECK(is_policy_name("per ip, 24/7 ~"));
  CHECK(is_policy_name(std::string(kMaxPolicyName, 'n')));
  CHECK_FALSE(is_policy_name(""));
  CHECK_FALSE(is_policy_name(std::string(kMaxPolicyName + 1, 'n')));
  CHECK_FALSE(is_policy_name("a\"b"));
  CHECK_FALSE(is_policy_name("a\\b"));
  CHECK_FALSE(is_policy_name("a\nb"));
  CHECK_FALSE(is_policy_name("caf\xc3\xa9"));
}

}  // namespace sluice::access
