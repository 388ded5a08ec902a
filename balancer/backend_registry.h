// SPDX-License-Identifier: MIT
// BackendRegistry: what the balancer remembers across reloads. One Backend per pool name and
// address, one Ticket per pool name; whoever compiles a Snapshot asks here, so a backend that stays
// in its pool keeps its counts and its health.
//
// Owned by the Server, outlives every Snapshot. Threading: the control thread only; the objects it
// gives out are for all threads.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "balancer/backend.h"
#include "balancer/rotation.h"

namespace sluice::balancer {

class BackendRegistry {
 public:
  // The Backend known by these two, made if there is none yet. Never null.
  std::shared_ptr<Backend> backend(std::string_view pool, std::string_view address);

  // The pool's place in its rotation. Never null.
  std::shared_ptr<Ticket> ticket(std::string_view pool);

  // Forgets what no Snapshot refers to any more, and returns the number of Backends forgotten.
  // Call after an old Snapshot has died, or a name has resolved to other addresses; what a worker
  // still holds stays for the next sweep.
  std::size_t sweep();

  std::size_t size() const;  // Backends remembered

 private:
  struct PoolMemory {
    std::shared_ptr<Ticket> ticket = std::make_shared<Ticket>();
    std::map<std::string, std::shared_ptr<Backend>, std::less<>> backends;  // by address
  };

  PoolMemory& memory(std::string_view pool);

  std::map<std::string, PoolMemory, std::less<>> pools_;  // by name
};

}  // namespace sluice::balancer
