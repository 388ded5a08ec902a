// SPDX-License-Identifier: MIT
// The rules of `cache` and `routes[].cache`.
#pragma once

#include "conf/config.h"
#include "conf/path.h"
#include "conf/reporter.h"

namespace sluice::conf {

void check_store(const Cache& cache, Reporter& reporter);

// REQUIRES: the route has a cache. `route_path` is the route's place.
void check_cache(const Config& config, const Route& route, const Path& route_path,
                 Reporter& reporter);

}  // namespace sluice::conf
