// SPDX-License-Identifier: MIT
#include "conf/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace sluice::conf {

std::optional<std::string> unreadable(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return std::generic_category().message(errno);
  struct stat status {};
  const bool is_directory = fstat(fd, &status) == 0 && S_ISDIR(status.st_mode);
  close(fd);
  if (is_directory) return std::generic_category().message(EISDIR);
  return std::nullopt;
}

}  // namespace sluice::conf
