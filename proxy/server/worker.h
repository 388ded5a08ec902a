// SPDX-License-Identifier: MIT
// Worker: one thread, its loop, and all that it owns: listeners, sessions, exchanges, connections
// to backends, its access log. Workers share nothing with each other but the Snapshot and the
// counters that it refers to.
//
// Threading: the public methods are for the control thread; they post to the worker's loop.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <thread>
#include <vector>

#include "proxy/backend/connector.h"
#include "proxy/base/log.h"
#include "proxy/base/object_pool.h"
#include "proxy/client/acceptor.h"
#include "proxy/client/shared.h"
#include "proxy/exchange/services.h"
#include "proxy/net/event_loop.h"
#include "proxy/observe/access_log.h"
#include "proxy/observe/log_ring.h"
#include "proxy/server/snapshot.h"

namespace sluice::server {

class Worker {
 public:
  // Borrows the log and the ring, which outlive it.
  Worker(const Log& log, observe::LogRing& access_log_ring);
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;
  // REQUIRES: stopped and joined, or never started.
  ~Worker();

  void start();

  struct Change {
    std::shared_ptr<const Snapshot> snapshot;
    std::map<std::uint32_t, Fd> new_listeners;  // by number
    std::vector<std::uint32_t> removed_listeners;
  };
  // Works by the new Snapshot from its next request on.
  void apply(Change change);

  // No new connections; idle ones close, busy ones after their response. `drained` runs on the
  // worker's thread once no session is left.
  void drain(std::function<void()> drained);

  // Ends every session and the loop; then join() returns.
  void stop();
  void join();

 private:
  void apply_here(Change& change);
  void use_snapshot(std::shared_ptr<const Snapshot> snapshot);
  void drain_here();
  void stop_here();
  void on_session_removed();

  net::EventLoop loop_;
  ObjectPool<exchange::Exchange> exchanges_;
  backend::Connector connector_;
  exchange::DetachedSet detached_;
  exchange::Services services_;
  client::SessionSet sessions_;
  client::Shared shared_;
  std::shared_ptr<const Snapshot> snapshot_;
  observe::LogRing& access_log_ring_;
  std::unique_ptr<observe::AccessLog> access_log_;
  std::map<std::uint32_t, std::unique_ptr<client::Acceptor>> acceptors_;  // by listener number
  std::function<void()> drained_;
  std::thread thread_;
};

}  // namespace sluice::server
