// SPDX-License-Identifier: MIT
// Tables of configurations with one mistake each, whose place is marked in their text.
#pragma once

#include <catch2/catch.hpp>
#include <string>
#include <utility>
#include <vector>

#include "conf/load.h"

namespace sluice::conf::rows {

// Parts that rows have in common.
inline const std::string kListener = R"("listeners":[{"address":":80","name":"web"}])";
inline const std::string kPool = R"("pools":{"api":{"backends":["h:1"]}})";
inline const std::string kRoute = R"("routes":[{"forward":{"pool":"api"}}])";

// One configuration with exactly one mistake, at the @ in its text. A hint that says "first at !"
// means the place of the ! in it.
struct Mistake {
  std::string members;
  std::string path;
  std::string message;
  std::string hint;
};

struct Marked {
  std::string text;
  std::size_t place = std::string::npos;    // of the @
  std::size_t earlier = std::string::npos;  // of the !
};

inline Marked unmark(const std::string& text) {
  Marked out;
  for (const char c : text) {
    if (c == '@') {
      out.place = out.text.size();
    } else if (c == '!') {
      out.earlier = out.text.size();
    } else {
      out.text += c;
    }
  }
  return out;
}

inline std::pair<std::size_t, std::size_t> line_and_column(const std::string& text,
                                                           std::size_t offset) {
  std::pair<std::size_t, std::size_t> at{1, 1};
  for (std::size_t i = 0; i < offset; ++i) {
    at.second = text[i] == '\n' ? 1 : at.second + 1;
    if (text[i] == '\n') ++at.first;
  }
  return at;
}

inline LoadOutcome load(const std::string& text) {
  LoadOptions options;
  options.check.read_files = false;
  return load_text("t.json", text, options);
}

inline bool loads(const std::string& members) {
  return static_cast<bool>(load(unmark("{" + members + "}").text));
}

inline void check_rows(const std::vector<Mistake>& rows) {
  for (const Mistake& row : rows) {
    const Marked marked = unmark("{\n" + row.members + "\n}\n");
    CAPTURE(marked.text);
    REQUIRE(marked.place != std::string::npos);
    const LoadOutcome outcome = load(marked.text);
    CHECK_FALSE(outcome.config);
    REQUIRE(outcome.errors.size() == 1);
    const Diagnostic& error = outcome.errors[0];
    const auto [line, column] = line_and_column(marked.text, marked.place);
    CHECK(error.line == line);
    CHECK(error.column == column);
    CHECK(error.path == row.path);
    CHECK(error.message == row.message);
    std::string hint = row.hint;
    if (hint == "first at !") {
      REQUIRE(marked.earlier != std::string::npos);
      const auto [first_line, first_column] = line_and_column(marked.text, marked.earlier);
      hint = "first at line " + std::to_string(first_line) + ", column " +
             std::to_string(first_column);
    }
    CHECK(error.hint == hint);
  }
}

}  // namespace sluice::conf::rows
