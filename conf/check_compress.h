// SPDX-License-Identifier: MIT
// The rules of `routes[].compress`.
#pragma once

#include "conf/config.h"
#include "conf/path.h"
#include "conf/reporter.h"

namespace sluice::conf {

// REQUIRES: the route has a compress. `route_path` is the route's place.
void check_compress(const Route& route, const Path& route_path, Reporter& reporter);

}  // namespace sluice::conf
