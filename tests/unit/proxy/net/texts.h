// SPDX-License-Identifier: MIT
#pragma once

#include <span>
#include <string>
#include <vector>

#include "proxy/base/ip.h"

namespace sluice::net {

using Texts = std::vector<std::string>;

inline Texts texts(std::span<const IpAddress> addresses) {
  Texts out;
  for (const IpAddress& address : addresses) out.push_back(address.to_string());
  return out;
}

}  // namespace sluice::net
