// SPDX-License-Identifier: MIT
#include "proxy/handlers/open_files.h"

#include <utility>

namespace sluice::handlers {

OpenFiles::OpenFiles(net::EventLoop& loop)
    : loop_(loop), timer_(loop.timers(), net::Timer::Callback::of<&OpenFiles::let_go>(this)) {}

OpenFilePtr OpenFiles::find(std::string_view key) {
  const auto at = files_.find(key);
  if (at == files_.end()) return {};
  if (is_untouched(at->second->found)) return at->second;
  files_.erase(at);
  return {};
}

void OpenFiles::keep(std::string_view key, OpenFilePtr file) {
  if (files_.size() >= kFilesMax) return;
  if (files_.empty()) timer_.set(loop_.now() + kAge);
  files_.insert_or_assign(std::string(key), std::move(file));
}

bool OpenFiles::let_all_go() {
  const bool had = !files_.empty();
  files_.clear();
  return had;
}

}  // namespace sluice::handlers
