// SPDX-License-Identifier: MIT
// ListWatch: when the files of lists are to be read again. Half a list is another list, so a file
// that somebody is writing to is left alone until it has stood still from one look to the next.
// Blocking; control thread only.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "proxy/access/file_text.h"

namespace sluice::server {

// Files that lists were read from, as they were then.
using ListFiles = std::map<std::string, std::optional<access::FileStamp>>;

class ListWatch {
 public:
  // They were read, as they were then.
  void reset(ListFiles files);

  // Looks at all of them, as is to be done once a second. True: some are others than those that
  // were read, and now is the time; they count as read from here on. One that is written to all the
  // time is not waited for for ever.
  bool look();

 private:
  static constexpr int kLooksMax = 10;

  ListFiles read_;
  ListFiles seen_;         // at the last look
  int looks_changed_ = 0;  // in a row: they differed from those that were read
};

}  // namespace sluice::server
