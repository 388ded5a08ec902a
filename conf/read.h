// SPDX-License-Identifier: MIT
// Fills a Config from a document by the table in conf/fields.h: unknown keys, wrong types, bad
// units and values out of range become problems, and the member keeps its default.
#pragma once

#include "conf/config.h"
#include "conf/document.h"
#include "conf/problems.h"

namespace sluice::conf {

// Lists keep their length whatever is wrong with an element, so that indices in the Config and in
// the document are the same.
Config read_config(const Node& root, Problems& problems);

}  // namespace sluice::conf
