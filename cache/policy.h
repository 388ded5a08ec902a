// SPDX-License-Identifier: MIT
// Terms: how long a stored response may answer for its origin.
#pragma once

#include <cstdint>

namespace sluice::cache {

using Time = std::int64_t;  // whole seconds since 1970

// Fixed when a response is stored, or freshened by a 304.
struct Terms {
  Time response_time = 0;  // when its head came
  Time initial_age = 0;
  Time lifetime = 0;
  Time stale_while_revalidate = 0;
  Time stale_if_error = 0;
  bool must_revalidate = false;
  bool always_validate = false;
};

}  // namespace sluice::cache
