// SPDX-License-Identifier: MIT
// The part of compile() that concerns the guard: lists, limits, the jail, and the checks that
// listeners and routes get of them.
#pragma once

#include <optional>

#include "conf/result.h"
#include "proxy/server/snapshot.h"

namespace sluice::server {

// REQUIRES: the snapshot has its routes, its trusted proxies and the rules of its listeners.
std::optional<Error> compile_guard(const CompileInput& input, Snapshot& snapshot);

}  // namespace sluice::server
