// SPDX-License-Identifier: MIT
// Fields that vouch for bytes: Content-Digest and Repr-Digest (RFC 9530), and what there was before
// them, Content-MD5 (RFC 1864) and Digest (RFC 3230).
#pragma once

#include <algorithm>
#include <array>
#include <string_view>

#include "proxy/http/headers.h"

namespace sluice::http {

// Those of its own message first.
inline constexpr std::array<std::string_view, 4> kDigests = {"Content-Digest", "Content-MD5",
                                                             "Repr-Digest", "Digest"};

inline bool is_digest(std::string_view name) {
  return std::any_of(kDigests.begin(), kDigests.end(),
                     [name](std::string_view digest) { return iequals(name, digest); });
}

// Of the bytes of its own message: those of a part are others, and a 304 has none.
inline bool is_content_digest(std::string_view name) {
  return iequals(name, kDigests[0]) || iequals(name, kDigests[1]);
}

}  // namespace sluice::http
