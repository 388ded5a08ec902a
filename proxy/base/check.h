// SPDX-License-Identifier: MIT
// CHECK(condition): stays on in release and ends the process with the place and the condition.
//
// For bugs of ours only. It never judges what a peer, a backend or an operator sent. Included by
// .cc files alone, as the framework of the tests has a macro of the same name.
#pragma once

#include <cstdio>
#include <cstdlib>

#define CHECK(condition)                                                                 \
  do {                                                                                   \
    if (__builtin_expect(!(condition), 0)) {                                             \
      std::fprintf(stderr, "%s:%d: CHECK failed: %s\n", __FILE__, __LINE__, #condition); \
      std::abort();                                                                      \
    }                                                                                    \
  } while (false)
