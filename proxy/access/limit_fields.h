// SPDX-License-Identifier: MIT
// The values of the fields that tell a client of its limit: Retry-After (RFC 9110, 10.2.3),
// RateLimit-Policy and RateLimit (draft-ietf-httpapi-ratelimit-headers-11).
//
// Each writes into the caller's buffer and returns what it wrote; nothing is allocated. Seconds are
// whole and rounded up, so nobody is told to come too early.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace sluice::access {

inline constexpr std::size_t kMaxPolicyName = 64;
// Room for any of the values.
inline constexpr std::size_t kMaxLimitField = kMaxPolicyName + 48;
using LimitFieldBuffer = std::span<char, kMaxLimitField>;

// Whether a structured field's string can hold it as it is: 1 to kMaxPolicyName printable ASCII
// characters, no quotes or backslashes.
bool is_policy_name(std::string_view name);

// "3": at least one second.
std::string_view write_retry_after(LimitFieldBuffer out, std::chrono::nanoseconds wait);

// "default";q=100;w=1: so many tokens in so much time, at least a second.
// REQUIRES: is_policy_name(name), as below.
std::string_view write_rate_limit_policy(LimitFieldBuffer out, std::string_view name,
                                         std::uint64_t quota, std::chrono::nanoseconds window);

// "default";r=50;t=30: so many are left, and all are back after so long.
std::string_view write_rate_limit(LimitFieldBuffer out, std::string_view name,
                                  std::uint64_t remaining, std::chrono::nanoseconds reset);

}  // namespace sluice::access
