// SPDX-License-Identifier: MIT
// SipHash-1-3 of Aumasson and Bernstein, for messages of 25 bytes: whoever does not know the secret
// cannot choose messages whose hashes meet. A pure function.
#pragma once

#include <array>
#include <cstdint>

namespace sluice::access {

using SipSecret = std::array<std::uint64_t, 2>;

// The hash of the words' 24 bytes (least significant first) and the last one.
std::uint64_t sip_hash(const SipSecret& secret, const std::array<std::uint64_t, 3>& words,
                       std::uint8_t last);

}  // namespace sluice::access
