// SPDX-License-Identifier: MIT
// The configurations that most wire tests start from, as text with port 0.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

#include "tests/support/scripted_backend.h"

namespace sluice::wire {

// One listener, one pool "p" of these addresses, everything forwarded to it. `more` is put into the
// top level: "\"timeouts\": {...}".
inline std::string forwarding_to(std::initializer_list<std::string> addresses,
                                 std::string_view more = {}, std::string_view pool_more = {}) {
  std::string backends;
  for (const std::string& address : addresses) {
    backends += (backends.empty() ? "\"" : ", \"") + address + "\"";
  }
  std::string text = R"({"workers": 1, "listeners": [{"address": "127.0.0.1:0"}], )";
  text += R"("access_log": {"format": "json"}, )";
  text += R"("pools": {"p": {"backends": [)" + backends + "]";
  if (!pool_more.empty()) text += ", " + std::string(pool_more);
  text += R"(}}, "routes": [{"match": {}, "forward": {"pool": "p"}}])";
  if (!more.empty()) text += ", " + std::string(more);
  return text + "}";
}

inline std::string forwarding_to(const support::ScriptedBackend& backend,
                                 std::string_view more = {}) {
  return forwarding_to({backend.address()}, more);
}

}  // namespace sluice::wire
