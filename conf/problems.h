// SPDX-License-Identifier: MIT
// What is wrong with a text, collected while it is parsed, read and checked. Offsets are bytes;
// conf/load.cc turns them into lines and columns.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "conf/path.h"

namespace sluice::conf {

struct Problem {
  Problem() = default;
  Problem(std::size_t at, std::size_t underlined, Path where)
      : offset(at), length(underlined), path(std::move(where)) {}

  std::size_t offset = 0;
  std::size_t length = 1;  // bytes to underline
  Path path;
  std::string message;
  std::string hint;                    // how to mend it, or empty
  std::string allowed;                 // what may stand there, when that is a list worth showing
  std::optional<std::size_t> earlier;  // offset of the place that this one repeats
};

// Collects problems and knows which places are already in doubt, so that one mistake is told once:
// a check across fields asks `doubtful` before it complains about what a first problem has caused.
class Problems {
 public:
  void add(Problem problem) { list_.push_back(std::move(problem)); }

  // Marks a place of which nothing is known: its value could not be read, or its key was misspelt.
  void doubt(Path path) { doubtful_.push_back(std::move(path)); }

  // Whether the value at `path`, or something around it or inside it, is in doubt.
  bool doubtful(const Path& path) const {
    for (const Path& other : doubtful_) {
      if (!other.empty() && (other.contains(path) || path.contains(other))) return true;
    }
    return false;
  }

  bool empty() const { return list_.empty(); }
  const std::vector<Problem>& list() const { return list_; }
  std::vector<Problem> take() { return std::move(list_); }

 private:
  std::vector<Problem> list_;
  std::vector<Path> doubtful_;
};

}  // namespace sluice::conf
