// SPDX-License-Identifier: MIT
// What the checks of a cache's rules and the cache itself have to agree on.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace sluice::conf {

// 206 is a part; 304, 412 and 416 answer the conditions and the range of one request (RFC 9111 3).
// RFC 6585 forbids to store 428, 429, 431 and 511.
inline constexpr std::array<int, 8> kNeverStored{206, 304, 412, 416, 428, 429, 431, 511};

// Request fields in which a pool is told of the client, who does not say it himself: they differ
// where he says the same.
inline constexpr std::array<std::string_view, 4> kToldAnew{"forwarded", "x-forwarded-for",
                                                           "x-real-ip", "x-request-id"};

// Of `vary`. A response may be selected by twice as much, with what its own Vary names.
inline constexpr std::size_t kVaryNamesMax = 8;
inline constexpr std::size_t kVaryBytesMax = 256;

}  // namespace sluice::conf
