// SPDX-License-Identifier: MIT
// The part of conf/check.h that concerns routes.
#pragma once

#include "conf/config.h"
#include "conf/reporter.h"

namespace sluice::conf {

void check_routes(const Config& config, Reporter& reporter);

}  // namespace sluice::conf
