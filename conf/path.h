// SPDX-License-Identifier: MIT
// Where a value stands in the configuration: listeners[0].tls.certificates[1].key. A plain value,
// cheap to extend by one step; every message about a configuration names one.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::conf {

class Path {
 public:
  struct Step {
    std::string key;        // of an object's member; unused when is_index
    std::size_t index = 0;  // into an array
    bool is_index = false;

    bool operator==(const Step&) const = default;
  };

  Path at(std::string_view key) const;
  Path at(std::size_t index) const;

  Path first(std::size_t steps) const;

  bool empty() const { return steps_.empty(); }
  const std::vector<Step>& steps() const { return steps_; }

  // Whether `other` is this place or lies inside it.
  bool contains(const Path& other) const;

  // As written above; keys that are no plain words as pools["my pool"]. Empty for the top level.
  std::string text() const;

  // The last key with the indices behind it, as `certificates[1]`: the subject of a sentence.
  std::string leaf() const;

  bool operator==(const Path&) const = default;

 private:
  std::vector<Step> steps_;
};

// `text` in double quotes with JSON's escapes, for use inside a message: no control character of a
// configuration reaches a terminal through it.
std::string in_quotes(std::string_view text);

}  // namespace sluice::conf
