// SPDX-License-Identifier: MIT
// Preloaded into the proxy: splice(2) as where a filter of system calls forbids it.
#include <fcntl.h>
#include <sys/types.h>

#include <cerrno>

extern "C" ssize_t splice(int /*from*/, off64_t* /*from_offset*/, int /*to*/,
                          off64_t* /*to_offset*/, size_t /*bytes*/, unsigned int /*flags*/) {
  errno = EPERM;
  return -1;
}
