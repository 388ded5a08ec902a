// SPDX-License-Identifier: MIT
#include "tests/support/process_stats.h"

#include <filesystem>
#include <fstream>
#include <string>

#include "tests/support/deadline.h"

namespace sluice::support {

std::size_t status_kib(pid_t process, std::string_view name) {
  std::ifstream status("/proc/" + std::to_string(process) + "/status");
  const std::string wanted = std::string(name) + ":";
  for (std::string word; status >> word;) {
    std::size_t kib = 0;
    if (word == wanted && status >> kib) return kib;
  }
  throw Failure("no " + std::string(name) + " of process " + std::to_string(process));
}

std::size_t descriptor_count(pid_t process) {
  std::size_t count = 0;
  const std::string path = "/proc/" + std::to_string(process) + "/fd";
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(path)) ++count;
  return count;
}

}  // namespace sluice::support
