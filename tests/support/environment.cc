// SPDX-License-Identifier: MIT
#include "tests/support/environment.h"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "tests/support/deadline.h"

namespace sluice::support {

std::string sluice_binary() {
  const char* path = std::getenv("SLUICE_BINARY");
  if (path == nullptr || *path == '\0') {
    throw Failure("SLUICE_BINARY does not name the binary under test; `make test` sets it");
  }
  return path;
}

std::string beside_sluice(std::string_view name) {
  return std::filesystem::path(sluice_binary()).replace_filename(name);
}

std::optional<std::string> find_program(std::string_view name) {
  const char* from_environment = std::getenv("PATH");
  std::string path = from_environment == nullptr ? "" : from_environment;
  path += ":/usr/local/sbin:/usr/sbin:/sbin";
  std::size_t start = 0;
  while (start <= path.size()) {
    const std::size_t end = std::min(path.find(':', start), path.size());
    std::string candidate = path.substr(start, end - start);
    candidate.append("/").append(name);
    if (::access(candidate.c_str(), X_OK) == 0) return candidate;
    start = end + 1;
  }
  return std::nullopt;
}

}  // namespace sluice::support
