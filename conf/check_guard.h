// SPDX-License-Identifier: MIT
// The rules about limits by client, access lists and the jail.
#pragma once

#include "conf/config.h"
#include "conf/reporter.h"

namespace sluice::conf {

// `read_files`: whether the files that they name must exist here.
void check_guard(const Config& config, bool read_files, Reporter& reporter);

}  // namespace sluice::conf
