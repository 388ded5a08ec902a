// SPDX-License-Identifier: MIT
#include "proxy/server/list_watch.h"

#include <utility>

namespace sluice::server {

void ListWatch::reset(ListFiles files) {
  read_ = std::move(files);
  seen_ = read_;
  looks_changed_ = 0;
}

bool ListWatch::look() {
  ListFiles now = read_;
  for (auto& [path, stamp] : now) stamp = access::stamp_of(path);
  const bool still = now == seen_;
  seen_ = std::move(now);
  looks_changed_ = seen_ == read_ ? 0 : looks_changed_ + 1;
  const bool due = looks_changed_ > 0 && (still || looks_changed_ >= kLooksMax);
  if (due) reset(std::move(seen_));
  return due;
}

}  // namespace sluice::server
