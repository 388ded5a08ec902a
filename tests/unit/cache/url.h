// SPDX-License-Identifier: MIT
#pragma once

#include <string>

namespace sluice::cache {

// Of what is stored where the URL does not matter.
inline const std::string kUrl = "https://a.example/";

}  // namespace sluice::cache
