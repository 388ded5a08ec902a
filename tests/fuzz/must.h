// SPDX-License-Identifier: MIT
// MUST(condition): what a fuzz target promises for every input. Throws, so that the test program
// can name the file of the corpus; entry.cc makes a crash of it, which libFuzzer keeps.
#pragma once

#include <stdexcept>
#include <string>

namespace sluice::fuzz {

class Broken : public std::logic_error {
 public:
  using std::logic_error::logic_error;
};

[[noreturn]] inline void broken(const char* file, int line, const char* condition) {
  throw Broken(std::string(file) + ":" + std::to_string(line) + ": does not hold: " + condition);
}

}  // namespace sluice::fuzz

#define MUST(condition) \
  ((condition) ? static_cast<void>(0) : ::sluice::fuzz::broken(__FILE__, __LINE__, #condition))
