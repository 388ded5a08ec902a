// SPDX-License-Identifier: MIT
#include "proxy/server/descriptors.h"

#include <sys/resource.h>

#include <algorithm>
#include <limits>

namespace sluice::server {

namespace {

// Of the process: standard streams, logs, the control loop, the resolver, a reload, and the admin
// listener's connections. Each worker has its loop and listeners besides.
constexpr std::size_t kProcessReserve = 96;
constexpr std::size_t kWorkerReserve = 16;

}  // namespace

std::size_t raise_descriptor_limit(const Log& log) {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 1024;
  const rlim_t before = limit.rlim_cur;
  limit.rlim_cur = limit.rlim_max;
  const bool raised = setrlimit(RLIMIT_NOFILE, &limit) == 0;
  if (!raised) log.warn("cannot raise the limit of descriptors");
  const rlim_t usable = raised ? limit.rlim_cur : before;
  return static_cast<std::size_t>(std::min<rlim_t>(usable, std::numeric_limits<int>::max()));
}

std::size_t sessions_by_descriptors(std::size_t descriptors, std::size_t workers) {
  // Where there are few, half of them is all that can be kept.
  const std::size_t reserve = std::min(kProcessReserve + workers * kWorkerReserve, descriptors / 2);
  return std::max<std::size_t>(1, (descriptors - reserve) / 2 / workers);
}

}  // namespace sluice::server
