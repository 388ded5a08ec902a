// SPDX-License-Identifier: MIT
#include "proxy/base/output.h"

#include <unistd.h>

#include <cerrno>
#include <cstddef>

namespace sluice {

namespace {

bool write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(fd, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

}  // namespace

bool print_out(std::string_view text) {
  return write_all(STDOUT_FILENO, text);
}

bool print_error(std::string_view text) {
  return write_all(STDERR_FILENO, text);
}

}  // namespace sluice
