// SPDX-License-Identifier: MIT
#include "proxy/backend/idle_connections.h"

#include "proxy/backend/http1_stream.h"
#include "proxy/base/check.h"

namespace sluice::backend {

IdleList* IdleConnections::find(std::string_view address) {
  auto found = lists_.find(address);
  return found == lists_.end() ? nullptr : &found->second;
}

// Who may keep one shorter than it was put here for, by another pool or before a reload, leaves it
// to the others, or to its own end.
Http1Stream* IdleConnections::take(const Target& target, bool sure, BackendStream::Events* events) {
  IdleList* list = find(target.address);
  if (list == nullptr || target.options.keepalive_max == 0) return nullptr;
  while (Http1Stream* stream = list->streams.front()) {
    if (stream->idle_time() >= target.options.keepalive_timeout) return nullptr;
    remove(*stream, *list);
    if (sure && !stream->quiet()) {
      stream->abandon();
      continue;
    }
    stream->begin_reuse(target.options, events);
    return stream;
  }
  return nullptr;
}

void IdleConnections::put(Http1Stream& stream) {
  IdleList* list = find(stream.address());
  if (list == nullptr) list = &lists_.try_emplace(stream.address()).first->second;
  stream.set_idle_list(list);
  list->streams.push_front(stream);
  ++list->size;
  ++size_;
  while (list->size > stream.keepalive_max()) {
    Http1Stream* oldest = list->streams.back();
    CHECK(oldest != nullptr);
    remove(*oldest, *list);
    oldest->abandon();
  }
}

void IdleConnections::forget(Http1Stream& stream) {
  CHECK(stream.idle_list() != nullptr);
  remove(stream, *stream.idle_list());
}

void IdleConnections::remove(Http1Stream& stream, IdleList& list) {
  stream.ListHook<IdleTag>::unlink();
  --list.size;
  --size_;
}

void IdleConnections::close_all() {
  for (auto& [address, list] : lists_) {
    while (Http1Stream* stream = list.streams.front()) {
      remove(*stream, list);
      stream->abandon();
    }
  }
}

void IdleConnections::prune() {
  std::erase_if(lists_, [](const auto& entry) { return entry.second.size == 0; });
}

}  // namespace sluice::backend
