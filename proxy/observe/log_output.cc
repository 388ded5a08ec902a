// SPDX-License-Identifier: MIT
#include "proxy/observe/log_output.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <limits.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

namespace sluice::observe {

namespace {

Error system_error_of(const std::string& where, int number) {
  return {where, std::generic_category().message(number)};
}

bool takes_bytes(int fd) {
  pollfd watched{fd, POLLOUT, 0};
  return ::poll(&watched, 1, 0) > 0;
}

std::array<iovec, 2> pieces_of(const LogBytes& bytes) {
  const auto piece = [](std::string_view text) {
    return iovec{const_cast<char*>(text.data()), text.size()};
  };
  return {piece(bytes.first), piece(bytes.second)};
}

}  // namespace

LogOutput::LogOutput(int fd, Kind kind, std::string name)
    : fd_(fd), kind_(kind), name_(std::move(name)) {}

LogOutput::LogOutput(LogOutput&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), kind_(other.kind_), name_(std::move(other.name_)) {}

LogOutput& LogOutput::operator=(LogOutput&& other) noexcept {
  std::swap(fd_, other.fd_);
  std::swap(kind_, other.kind_);
  std::swap(name_, other.name_);
  return *this;
}

LogOutput::~LogOutput() {
  if (fd_ >= 0) ::close(fd_);
}

Result<LogOutput> LogOutput::open(const std::string& path) {
  if (path == "stdout") return inherit(STDOUT_FILENO, path);
  if (path == "stderr") return inherit(STDERR_FILENO, path);
  // O_NONBLOCK means nothing to a file; a FIFO without a reader would hold us up here.
  constexpr int kFlags = O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
  const int fd = ::open(path.c_str(), kFlags, 0640);
  if (fd < 0) return system_error_of(path, errno);
  struct stat status {};
  const bool is_file = ::fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
  return LogOutput(fd, is_file ? Kind::File : Kind::Stream, path);
}

Result<LogOutput> LogOutput::inherit(int fd, const std::string& name) {
  struct stat status {};
  if (::fstat(fd, &status) != 0) return system_error_of(name, errno);
  if (S_ISFIFO(status.st_mode) || S_ISCHR(status.st_mode)) {
    // The same pipe or terminal through a description of our own, which may be non-blocking.
    const std::string path = fmt::format("/proc/self/fd/{}", fd);
    const int own = ::open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (own >= 0) return LogOutput(own, Kind::Stream, name);
  }
  const int copy = ::fcntl(fd, F_DUPFD_CLOEXEC, 0);
  if (copy < 0) return system_error_of(name, errno);
  if (S_ISREG(status.st_mode)) return LogOutput(copy, Kind::File, name);
  return LogOutput(copy, S_ISSOCK(status.st_mode) ? Kind::Socket : Kind::Borrowed, name);
}

ssize_t LogOutput::write(const LogBytes& bytes) const {
  std::array<iovec, 2> pieces = pieces_of(bytes);
  if (kind_ == Kind::Socket) {
    msghdr message{};
    message.msg_iov = pieces.data();
    message.msg_iovlen = pieces.size();
    return ::sendmsg(fd_, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
  }
  if (kind_ == Kind::Borrowed && !takes_bytes(fd_)) {
    errno = EAGAIN;
    return -1;
  }
  return ::writev(fd_, pieces.data(), static_cast<int>(pieces.size()));
}

std::size_t LogOutput::batch_bytes_max() const {
  constexpr std::size_t kFileBytes = 256 * 1024;
  return kind_ == Kind::File || kind_ == Kind::Socket ? kFileBytes : PIPE_BUF;
}

bool is_standard_stream(const std::string& path) {
  return path == "stdout" || path == "stderr";
}

}  // namespace sluice::observe
