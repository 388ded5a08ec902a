// SPDX-License-Identifier: MIT
// Acceptor: what one worker does with the connections of one listener: makes a Session of each,
// over TLS if the listener has certificates. Owns its Listener; borrows the worker's Shared.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "proxy/client/shared.h"
#include "proxy/net/listener.h"
#include "proxy/net/stream.h"

namespace sluice::client {

struct ListenerSettings {
  std::shared_ptr<const tls::ServerContext> tls;  // null: plain
  bool defer_accept = false;                      // see net::Listener::defer()
  // Connections begin with a PROXY header, and come from trusted peers.
  bool proxy_protocol = false;
};

class Acceptor final : private net::Listener::Owner {
 public:
  // `number`: the listener's, for Rules::listeners.
  Acceptor(Shared& shared, Fd fd, std::uint32_t number);

  // For the connections to come.
  void set_settings(ListenerSettings settings);

  // At this many open sessions of the worker, new connections wait in the kernel's queue. 0: never.
  void set_session_limit(std::size_t sessions_max);
  void on_session_removed();

  void drain_and_close() { listener_.drain_and_close(); }

 private:
  void on_accepted(net::Listener& listener, Fd fd, const net::Address& peer) override;
  void on_accept_paused(net::Listener& listener, int error) override;
  void count_closed();
  bool may_connect(const net::Address& peer) const;
  bool full() const { return sessions_max_ != 0 && shared_.sessions.size() >= sessions_max_; }

  Shared& shared_;
  const std::uint32_t number_;
  std::size_t sessions_max_ = 0;
  exchange::Complaints complaints_;  // of descriptors that are short, and of strangers who knock
  ListenerSettings settings_;
  net::Listener listener_;
};

}  // namespace sluice::client
