// SPDX-License-Identifier: MIT
#include "proxy/observe/log_wake.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <cstdint>

namespace sluice::observe {

LogWake::LogWake() : fd_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {}

LogWake::~LogWake() {
  if (fd_ >= 0) ::close(fd_);
}

void LogWake::rouse() const {
  const std::uint64_t one = 1;
  // It fails only when the counter is full, and then the writer is roused already.
  [[maybe_unused]] const ssize_t written = ::write(fd_, &one, sizeof(one));
}

bool LogWake::wait(int output_fd, std::chrono::milliseconds at_most) {
  std::array<pollfd, 2> watched{pollfd{fd_, POLLIN, 0}, pollfd{output_fd, POLLOUT, 0}};
  if (::poll(watched.data(), watched.size(), static_cast<int>(at_most.count())) <= 0) return false;
  if (watched[0].revents == 0) return false;
  std::uint64_t count = 0;
  return ::read(fd_, &count, sizeof(count)) > 0;
}

}  // namespace sluice::observe
