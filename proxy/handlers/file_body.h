// SPDX-License-Identifier: MIT
// FileBody: an open file that is sent by a plan.
#pragma once

#include <span>
#include <string_view>
#include <utility>

#include "proxy/handlers/body_plan.h"
#include "proxy/handlers/open_files.h"

namespace sluice::handlers {

class FileBody {
 public:
  void take(OpenFilePtr file) { file_ = std::move(file); }
  BodyPlan& plan() { return plan_; }

  int file() const { return file_->found.fd.get(); }

  // The next bytes, in `space` or of a text; empty at the end, or, with *failed, where the file has
  // become shorter or cannot be read.
  std::string_view next(std::span<char> space, bool* failed);

 private:
  OpenFilePtr file_;
  BodyPlan plan_;
};

}  // namespace sluice::handlers
