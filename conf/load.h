// SPDX-License-Identifier: MIT
// From a file to a Config, or to everything that is wrong with the file. Start-up and reload only:
// it reads files and blocks. Thread-safe; no exception leaves it except std::bad_alloc.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "conf/check.h"
#include "conf/config.h"

namespace sluice::conf {

struct Diagnostic {
  std::string file;
  std::size_t line = 0;    // from 1; 0: the file as a whole
  std::size_t column = 0;  // from 1, in code points
  std::string path;        // as listeners[0].tls.certificates[0].key; empty: the top level
  std::string message;
  std::string hint;              // how to mend it, or empty
  std::string allowed;           // what may stand there, or empty
  std::string source_line;       // as it stands in the file
  std::size_t caret_length = 1;  // code points from `column` on
};

struct LoadOptions {
  // Relative file names count from here; empty: for load_file the file's own directory, for
  // load_text the working directory.
  std::string directory;
  std::size_t bytes_max = std::size_t{64} * 1024 * 1024;  // a larger file is refused
  CheckOptions check;
};

struct LoadOutcome {
  std::optional<Config> config;    // exactly when there are no errors
  std::vector<Diagnostic> errors;  // by position

  explicit operator bool() const { return config.has_value(); }
};

LoadOutcome load_file(const std::string& path, const LoadOptions& options = {});

// `name` stands for the file in the diagnostics.
LoadOutcome load_text(const std::string& name, std::string_view text,
                      const LoadOptions& options = {});

// For people: each error with its line of the file and carets, then a line with their number. At
// most `shown` errors in full. `colour` adds escape sequences for a terminal.
std::string render(const std::vector<Diagnostic>& errors, bool colour, std::size_t shown = 50);

}  // namespace sluice::conf
