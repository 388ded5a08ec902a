// SPDX-License-Identifier: MIT
// Services: what a worker lends to its exchanges. Everything is borrowed from the Worker, which
// outlives them; single-threaded.
#pragma once

#include <array>
#include <cstdint>
#include <ctime>
#include <string_view>
#include <vector>

#include "proxy/base/object_pool.h"
#include "proxy/exchange/complaints.h"
#include "proxy/exchange/counters.h"
#include "proxy/exchange/detached.h"
#include "proxy/http/date.h"
#include "proxy/net/event_loop.h"

namespace sluice {
class Log;
}
namespace sluice::backend {
class Connector;
}
namespace sluice::filters {
class EncoderPool;
}
namespace sluice::handlers {
class OpenFiles;
}

namespace sluice::exchange {

class Exchange;
class Observer;

// The Date line, made anew once a second.
class DateCache {
 public:
  std::string_view at(std::time_t now);

 private:
  std::time_t second_ = -1;
  std::array<char, http::kHttpDateSize> text_{};
};

// Request ids: 128 random bits in hex. Not secret, only unlikely to repeat: xoshiro256** seeded
// from the system, one per worker.
class RequestIds {
 public:
  static constexpr std::size_t kBytes = 32;

  RequestIds();
  // Writes kBytes characters.
  void write(char* out);

 private:
  std::uint64_t next();

  std::array<std::uint64_t, 4> state_;
};

struct Services {
  net::EventLoop& loop;
  backend::Connector& connector;
  const Log& log;
  ObjectPool<Exchange>& exchanges;
  DetachedSet& detached;
  DateCache date;
  RequestIds request_ids;
  std::vector<Observer*> observers;
  Counters counters{};
  filters::EncoderPool* encoders = nullptr;   // none: nothing is compressed
  handlers::OpenFiles* open_files = nullptr;  // none: each file is opened for each request
  // When the process will be gone: nobody waits for a turn that comes later.
  net::TimePoint ends_at = net::TimePoint::max();
  Complaints of_connects{};  // that failed
};

}  // namespace sluice::exchange
