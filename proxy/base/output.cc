// SPDX-License-Identifier: MIT
#include "proxy/base/output.h"

#include <limits.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>

namespace sluice {

namespace {

constexpr int kForEver = -1;
constexpr int kErrorPatienceMs = 1000;

// In pieces for which a pipe has room when it says that it has.
bool write_all(int fd, std::string_view text, int patience_ms) {
  while (!text.empty()) {
    pollfd room{.fd = fd, .events = POLLOUT, .revents = 0};
    const int ready = ::poll(&room, 1, patience_ms);
    if (ready < 0 && errno == EINTR) continue;
    if (ready != 1) return false;
    const ssize_t written = ::write(fd, text.data(), std::min<std::size_t>(text.size(), PIPE_BUF));
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

}  // namespace

bool print_out(std::string_view text) {
  return write_all(STDOUT_FILENO, text, kForEver);
}

bool print_error(std::string_view text) {
  return write_all(STDERR_FILENO, text, kErrorPatienceMs);
}

}  // namespace sluice
