// SPDX-License-Identifier: MIT
// IdleConnections: a worker's kept-alive connections to backends, by address. The most recently
// used one is taken first, so that those a quiet hour leaves over grow old and end. Owns them while
// they are in here. Single-threaded.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "proxy/backend/stream.h"
#include "proxy/base/intrusive_list.h"

namespace sluice::backend {

class Http1Stream;
struct IdleTag;

// Those to one address.
struct IdleList {
  IntrusiveList<Http1Stream, IdleTag> streams;  // most recently used first
  std::size_t size = 0;
};

class IdleConnections {
 public:
  IdleConnections() = default;
  IdleConnections(const IdleConnections&) = delete;
  IdleConnections& operator=(const IdleConnections&) = delete;
  ~IdleConnections() { close_all(); }

  // Null if there is none that the target would have kept. `sure`: only one that the kernel says
  // stands, which costs a call.
  Http1Stream* take(const Target& target, bool sure, BackendStream::Events* events);

  // Takes the stream over, and closes the oldest one above its keepalive_max.
  void put(Http1Stream& stream);

  // The stream ended while it was idle: forgets it.
  void forget(Http1Stream& stream);

  void close_all();
  // Drops the empty lists of addresses that are used no more.
  void prune();

  std::size_t size() const { return size_; }

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>()(text);
    }
  };

  IdleList* find(std::string_view address);
  void remove(Http1Stream& stream, IdleList& list);

  std::unordered_map<std::string, IdleList, Hash, std::equal_to<>> lists_;  // do not move
  std::size_t size_ = 0;
};

}  // namespace sluice::backend
