// SPDX-License-Identifier: MIT
// Shared: what one worker lends to its sessions. Owned by the Worker, which replaces `rules` and
// `options` when a new Snapshot comes; sessions take them anew for each request, and keep the Pace
// that it began under to its end. Single-threaded.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>

#include "proxy/client/session.h"
#include "proxy/exchange/exchange.h"
#include "proxy/http/message.h"

namespace sluice::access {
class Door;
}

namespace sluice::client {

// What a client has to keep up with while an exchange runs.
struct Pace {
  std::chrono::milliseconds request_body_timeout{};  // how far behind the rate a body may fall
  std::uint64_t body_rate = 0;                       // bytes a second; 0: only silence counts
  std::chrono::milliseconds send_timeout{};
  std::uint64_t send_rate = 0;  // bytes a second, of what waits; 0: any progress will do
};

struct Options {
  std::chrono::milliseconds tls_handshake_timeout{};
  std::chrono::milliseconds request_head_timeout{};
  std::chrono::milliseconds idle_timeout{};
  Pace pace;
  http::HeadLimits head_limits;
};

struct Shared {
  exchange::Services& services;
  SessionSet& sessions;
  std::shared_ptr<const exchange::Rules> rules;
  const access::Door* door;  // null: everybody may come in; of the Snapshot that `rules` keep
  Options options;
  exchange::Complaints of_preludes{};    // connections that begin with no PROXY header
  exchange::Complaints of_handshakes{};  // those of TLS that came to nothing
};

}  // namespace sluice::client
