// SPDX-License-Identifier: MIT
// A thread, or why there is none: std::thread throws where the system has no more of them.
#pragma once

#include <system_error>
#include <thread>
#include <utility>

#include "conf/result.h"

namespace sluice {

template <typename Run>
Result<std::thread> start_thread(Run run) {
  try {
    return std::thread(std::move(run));
  } catch (const std::system_error& error) {
    return Error{"cannot start a thread", error.code().message()};
  }
}

}  // namespace sluice
