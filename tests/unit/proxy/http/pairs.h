// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>
#include <utility>
#include <vector>

#include "proxy/http/message.h"

namespace sluice::http {

// Names and values, as tables have them.
using Pairs = std::vector<std::pair<std::string_view, std::string_view>>;

inline Fields fields_of(const Pairs& pairs) {
  Fields fields;
  for (const auto& [name, value] : pairs) fields.add(name, value);
  return fields;
}

}  // namespace sluice::http
