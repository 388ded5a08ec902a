// SPDX-License-Identifier: MIT
// OpenFiles: the large files that a worker has opened within this second, so that a hot one is not
// looked up for each request. All are let go together, a second after the first at the latest: by
// then another file that should be sent instead is seen, and what was deleted gives its space
// back. That the file itself was written to is seen at once.
//
// Single-threaded, of one worker. A file stays open as long as somebody sends it.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "proxy/exchange/services.h"
#include "proxy/handlers/file_lookup.h"

namespace sluice::handlers {

// A file, and how it answers.
struct OpenFile {
  FoundFile found;                  // without its path
  std::string type;                 // a copy, as it may outlive the configuration
  std::string_view coding;          // the name; empty: as it is
  bool depends_on_codings = false;  // another client may be sent another file
};

using OpenFilePtr = std::shared_ptr<const OpenFile>;

class OpenFiles {
 public:
  static constexpr std::size_t kFilesMax = 64;
  static constexpr std::chrono::seconds kAge{1};

  explicit OpenFiles(net::EventLoop& loop);

  // By a key that says all that the choice of the file depends on. None: it has to be looked up.
  OpenFilePtr find(std::string_view key);
  void keep(std::string_view key, OpenFilePtr file);
  // Lets all go now, for whoever finds no descriptor left; whether there were any.
  bool let_all_go();

 private:
  struct Hash : std::hash<std::string_view> {
    using is_transparent = void;
  };

  void let_go() { files_.clear(); }

  net::EventLoop& loop_;
  std::unordered_map<std::string, OpenFilePtr, Hash, std::equal_to<>> files_;
  net::Timer timer_;
};

}  // namespace sluice::handlers
