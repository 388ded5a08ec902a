// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

#include "tests/wire/endings.h"

namespace sluice::wire {

// What several tables of endings say and await; "$" stands for the target.
inline const std::string kGetTarget = "GET $ HTTP/1.1\r\nHost: a\r\n\r\n";
inline const Ledger::Outcomes kOkOutcome = {"$ 200 ok"};

inline constexpr std::string_view kAgreed =
    "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";

}  // namespace sluice::wire
