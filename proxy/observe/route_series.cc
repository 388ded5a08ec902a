// SPDX-License-Identifier: MIT
#include "proxy/observe/route_series.h"

namespace sluice::observe {

std::size_t status_class(int status) {
  constexpr int kClientLeft = 499;
  if (status == kClientLeft) return kStatusNames.size() - 1;
  const int hundreds = status / 100;
  return hundreds >= 1 && hundreds <= 5 ? static_cast<std::size_t>(hundreds) : 0;
}

std::uint64_t RouteSeries::total(std::size_t status) const {
  std::uint64_t sum = 0;
  for (const Cell& cell : cells_) sum += cell.by_status[status].value();
  return sum;
}

std::shared_ptr<RouteSeries> RouteRegistry::series(std::string_view name) {
  const auto found = all_.find(name);
  if (found != all_.end()) return found->second;
  auto made = std::make_shared<RouteSeries>(workers_);
  all_.emplace(name, made);
  return made;
}

// A count of 1 is final: only this thread could hand out a second reference.
void RouteRegistry::sweep() {
  std::erase_if(all_, [](const auto& entry) { return entry.second.use_count() == 1; });
}

}  // namespace sluice::observe
