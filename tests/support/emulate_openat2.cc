// SPDX-License-Identifier: MIT
// Preloaded into the proxy where valgrind runs it, which knows openat2(2) from version 3.20 on: it
// becomes an openat(2), which resolves more than it should. Only for files of a test's own.
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdarg>

namespace {

long raw_call(long number, const long (&arguments)[6]) {
  register long r10 __asm__("r10") = arguments[3];
  register long r8 __asm__("r8") = arguments[4];
  register long r9 __asm__("r9") = arguments[5];
  long result = 0;
  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "a"(number), "D"(arguments[0]), "S"(arguments[1]), "d"(arguments[2]), "r"(r10),
                     "r"(r8), "r"(r9)
                   : "rcx", "r11", "memory");
  return result;
}

}  // namespace

extern "C" long syscall(long number, ...) noexcept {
  constexpr long kErrors = 4096;
  long arguments[6];
  va_list list;
  va_start(list, number);
  for (long& argument : arguments) argument = va_arg(list, long);
  va_end(list);
  if (number == SYS_openat2) {
    number = SYS_openat;
    arguments[2] = static_cast<long>(reinterpret_cast<const open_how*>(arguments[2])->flags);
    arguments[3] = 0;
  }
  const long result = raw_call(number, arguments);
  if (result >= 0 || result <= -kErrors) return result;
  errno = static_cast<int>(-result);
  return -1;
}
