// SPDX-License-Identifier: MIT
// The rules of `routes[].files`.
#pragma once

#include "conf/config.h"
#include "conf/path.h"
#include "conf/reporter.h"

namespace sluice::conf {

// `path` is the place of the files.
void check_files(const Files& files, const Path& path, Reporter& reporter);

}  // namespace sluice::conf
