// SPDX-License-Identifier: MIT
// How the checks of conf/check.cc and conf/check_routes.cc complain: by path, which becomes a place
// in the text here.
#pragma once

#include <string>
#include <utility>

#include "conf/document.h"
#include "conf/problems.h"
#include "conf/syntax.h"

namespace sluice::conf {

class Reporter {
 public:
  // Both are borrowed for the time of the checks.
  Reporter(const Node& root, Problems& problems) : root_(root), problems_(problems) {}

  bool doubtful(const Path& path) const { return problems_.doubtful(path); }

  // Of the value at `path`; nothing if it is doubtful anyway. A value that is not there is told at
  // what is around it.
  void at(const Path& path, Fault fault) {
    if (!doubtful(path)) add(value_at(path), std::move(fault));
  }

  // Of the value at `path`, whatever is in doubt inside it.
  void at_least(const Path& path, Fault fault) { add(value_at(path), std::move(fault)); }

  // Of the key itself, which is known whatever its value is.
  void at_key(const Path& path, Fault fault) {
    add(problem_at_key(nearest(root_, path).node, path), std::move(fault));
  }

  // Of a value that repeats the one at `earlier`.
  void repeated(const Path& path, const Path& earlier, std::string message) {
    if (doubtful(path) || doubtful(earlier)) return;
    Problem problem = value_at(path);
    problem.earlier = value_at(earlier).offset;
    add(std::move(problem), {std::move(message), {}});
  }

 private:
  // Where the file has a single string in short for a list or an object, the path ends there.
  Problem value_at(const Path& path) const {
    const Found found = nearest(root_, path);
    const bool in_short = found.node.kind == Node::Kind::String;
    return problem_at_value(found.node, in_short ? path.first(found.steps) : path);
  }

  void add(Problem problem, Fault fault) {
    problem.message = std::move(fault.message);
    problem.hint = std::move(fault.hint);
    problems_.add(std::move(problem));
  }

  const Node& root_;
  Problems& problems_;
};

}  // namespace sluice::conf
