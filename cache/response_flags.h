// SPDX-License-Identifier: MIT
// The directives of responses that are there or not, as Cache-Control and CDN-Cache-Control name
// them alike (RFC 9111 5.2.2, RFC 8246, RFC 9213 2.1).
#pragma once

#include <string_view>

#include "cache/cache_control.h"

namespace sluice::cache {

struct ResponseFlag {
  std::string_view name;
  bool ResponseControl::*member;
};

inline constexpr ResponseFlag kResponseFlags[] = {
    {"no-store", &ResponseControl::no_store},
    {"no-transform", &ResponseControl::no_transform},
    {"must-revalidate", &ResponseControl::must_revalidate},
    {"proxy-revalidate", &ResponseControl::proxy_revalidate},
    {"must-understand", &ResponseControl::must_understand},
    {"public", &ResponseControl::is_public},
    {"immutable", &ResponseControl::immutable},
};

}  // namespace sluice::cache
