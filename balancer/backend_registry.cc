// SPDX-License-Identifier: MIT
#include "balancer/backend_registry.h"

namespace sluice::balancer {

BackendRegistry::PoolMemory& BackendRegistry::memory(std::string_view pool) {
  const auto found = pools_.find(pool);
  return found != pools_.end() ? found->second : pools_[std::string(pool)];
}

std::shared_ptr<Backend> BackendRegistry::backend(std::string_view pool, std::string_view address) {
  auto& backends = memory(pool).backends;
  const auto found = backends.find(address);
  if (found != backends.end()) return found->second;
  auto made = std::make_shared<Backend>(std::string(address));
  backends.emplace(made->address(), made);
  return made;
}

std::shared_ptr<Ticket> BackendRegistry::ticket(std::string_view pool) {
  return memory(pool).ticket;
}

std::size_t BackendRegistry::sweep() {
  // A count of 1 is final: only this thread could hand out a second reference. A higher one may be
  // out of date, which only postpones.
  std::size_t forgotten = 0;
  for (auto& [name, pool] : pools_) {
    forgotten += std::erase_if(pool.backends,
                               [](const auto& entry) { return entry.second.use_count() == 1; });
  }
  std::erase_if(pools_, [](const auto& entry) {
    return entry.second.backends.empty() && entry.second.ticket.use_count() == 1;
  });
  return forgotten;
}

std::size_t BackendRegistry::size() const {
  std::size_t count = 0;
  for (const auto& [name, pool] : pools_) count += pool.backends.size();
  return count;
}

}  // namespace sluice::balancer
