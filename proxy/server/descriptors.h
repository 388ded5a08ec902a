// SPDX-License-Identifier: MIT
// How many descriptors the process may have, and what of them is for clients. Start-up only.
#pragma once

#include <cstddef>

#include "proxy/base/log.h"

namespace sluice::server {

// Every connection is a descriptor; the soft limit is a default for programs that use select().
// Returns how many there are then.
std::size_t raise_descriptor_limit(const Log& log);

// Client connections of a worker, so many that each may have one to a backend, and enough is left
// for listeners, logs, files, names and the admin listener: clients alone never stop a request, a
// reload or an operator. At least one.
std::size_t sessions_by_descriptors(std::size_t descriptors, std::size_t workers);

}  // namespace sluice::server
