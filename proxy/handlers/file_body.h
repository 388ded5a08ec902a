// SPDX-License-Identifier: MIT
// FileBody: an open file that is sent by a plan, or what a filter made of it before.
#pragma once

#include <span>
#include <string_view>
#include <utility>

#include "cache/body.h"
#include "proxy/handlers/body_plan.h"
#include "proxy/handlers/open_files.h"

namespace sluice::handlers {

class FileBody {
 public:
  void take(OpenFilePtr file) { file_ = std::move(file); }
  // All of it, which is complete, in the place of the file.
  void take_instead(cache::BodyPtr copy);

  const FoundFile& file() const { return file_->found; }
  bool is_file() const { return !copy_.body(); }
  BodyPlan& plan() { return plan_; }

  // The next bytes, in `space` or of a text; empty at the end, or, with *failed, where the file has
  // become shorter or cannot be read.
  std::string_view next(std::span<char> space, bool* failed);

 private:
  std::string_view next_of_copy(std::size_t most);

  OpenFilePtr file_;
  cache::Cursor copy_;
  BodyPlan plan_;
};

}  // namespace sluice::handlers
