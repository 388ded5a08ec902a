// SPDX-License-Identifier: MIT
#include "tests/support/access_log_lines.h"

#include <nlohmann/json.hpp>
#include <sstream>

namespace sluice::support {

std::string LogEntry::outcome() const {
  return (target.empty() ? "-" : target) + " " + std::to_string(status) + " " + end;
}

std::vector<LogEntry> log_entries(const SluiceProcess& sluice) {
  std::vector<LogEntry> entries;
  const std::string text = sluice.access_log();
  std::istringstream lines(text.substr(0, text.rfind('\n') + 1));
  for (std::string line; std::getline(lines, line);) {
    const auto json = nlohmann::json::parse(line);
    if (json.at("route") == "admin") continue;  // the test looking at the metrics
    entries.push_back({json.at("method"), json.at("path"), json.at("status"), json.at("end")});
  }
  return entries;
}

std::vector<LogEntry> wait_for_log_entries(SluiceProcess& sluice, std::size_t count,
                                           Deadline deadline) {
  Process& process = sluice.process();
  std::size_t seen = process.output(Stream::Out).size() - sluice.access_log().size();
  for (;;) {
    std::vector<LogEntry> entries = log_entries(sluice);
    if (entries.size() >= count) return entries;
    seen = process.wait_for(Stream::Out, "\n", seen, deadline);
  }
}

}  // namespace sluice::support
