// SPDX-License-Identifier: MIT
#include "conf/path.h"

#include <fmt/format.h>

#include <algorithm>

namespace sluice::conf {
namespace {

bool is_word(std::string_view key) {
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '$';
  };
  return !key.empty() && std::all_of(key.begin(), key.end(), plain);
}

std::string print(std::vector<Path::Step>::const_iterator from,
                  std::vector<Path::Step>::const_iterator to) {
  std::string out;
  for (auto step = from; step != to; ++step) {
    if (step->is_index) {
      out += fmt::format("[{}]", step->index);
    } else if (is_word(step->key)) {
      if (!out.empty()) out += '.';
      out += step->key;
    } else {
      out += fmt::format("[{}]", in_quotes(step->key));
    }
  }
  return out;
}

}  // namespace

Path Path::at(std::string_view key) const {
  Path longer = *this;
  longer.steps_.push_back(Step{std::string(key), 0, false});
  return longer;
}

Path Path::at(std::size_t index) const {
  Path longer = *this;
  longer.steps_.push_back(Step{{}, index, true});
  return longer;
}

Path Path::first(std::size_t steps) const {
  Path shorter = *this;
  shorter.steps_.resize(std::min(steps, steps_.size()));
  return shorter;
}

bool Path::contains(const Path& other) const {
  return steps_.size() <= other.steps_.size() &&
         std::equal(steps_.begin(), steps_.end(), other.steps_.begin());
}

std::string Path::text() const {
  return print(steps_.begin(), steps_.end());
}

std::string Path::leaf() const {
  auto from = steps_.end();
  while (from != steps_.begin()) {
    --from;
    if (!from->is_index) break;
  }
  return print(from, steps_.end());
}

std::string in_quotes(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\r') {
      out += "\\r";
    } else if (c == '\t') {
      out += "\\t";
    } else if (byte < 0x20 || byte == 0x7f) {
      out += fmt::format("\\u{:04x}", byte);
    } else {
      out += c;
    }
  }
  return out + '"';
}

}  // namespace sluice::conf
