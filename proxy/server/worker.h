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
#include <optional>
#include <thread>
#include <vector>

#include "proxy/access/jail_watch.h"
#include "proxy/backend/connector.h"
#include "proxy/base/log.h"
#include "proxy/base/object_pool.h"
#include "proxy/client/acceptor.h"
#include "proxy/client/shared.h"
#include "proxy/exchange/services.h"
#include "proxy/filters/encoder.h"
#include "proxy/handlers/open_files.h"
#include "proxy/net/event_loop.h"
#include "proxy/observe/access_log.h"
#include "proxy/observe/log_ring.h"
#include "proxy/observe/metrics.h"
#include "proxy/server/snapshot.h"

namespace sluice::server {

class Worker {
 public:
  // `number`: its own, below the number of workers. `sessions_max`: of clients, where the
  // configuration names no number. Borrows the log and the ring, which outlive it.
  Worker(std::size_t number, std::size_t sessions_max, const Log& log,
         observe::LogRing& access_log_ring);
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;
  // REQUIRES: stopped and joined, or never started.
  ~Worker();

  std::optional<Error> start();

  struct Change {
    std::shared_ptr<const Snapshot> snapshot;
    std::map<std::uint32_t, Fd> new_listeners;  // by number
    std::vector<std::uint32_t> removed_listeners;
  };
  // Works by the new Snapshot from its next request on.
  void apply(Change change);

  // No new connections; idle ones close, busy ones after their response. `ends_at`: when stop()
  // will come at the latest. `drained` runs on the worker's thread once no session is left. Those
  // of the admin listener go on as they were.
  void drain(net::TimePoint ends_at, std::function<void()> drained);

  // Ends every session and the loop; then join() returns.
  void stop();
  void join();

  // What it has counted, of clients' connections. Any thread.
  void add_to(observe::Totals& totals) const;

 private:
  // Where connections come from: clients, or the admin listener. Each has its sessions, counters
  // and observers, so that neither is counted, drained or limited with the other.
  struct Front {
    Front(Worker& worker, const Log& log);

    void add_listener(std::uint32_t number, Fd fd);
    void remove_listener(std::uint32_t number);
    void use(const Snapshot& snapshot, const std::shared_ptr<const exchange::Rules>& rules,
             std::size_t sessions_max);
    void drain(net::TimePoint ends_at);
    void stop();
    void on_session_removed();

    Worker& worker;
    exchange::Services services;
    client::SessionSet sessions;
    client::Shared shared;
    std::map<std::uint32_t, std::unique_ptr<client::Acceptor>> acceptors;  // by listener number
  };
  static constexpr std::size_t kAdminSessionsMax = 64;

  void apply_here(Change& change);
  void use_snapshot(std::shared_ptr<const Snapshot> snapshot);
  void drain_here(net::TimePoint ends_at);
  void stop_here();
  void note_drained();

  const std::size_t sessions_max_;
  const Log& log_;
  net::EventLoop loop_;
  filters::EncoderPool encoders_;
  handlers::OpenFiles open_files_{loop_};
  ObjectPool<exchange::Exchange> exchanges_;
  backend::Connector connector_;
  exchange::DetachedSet detached_;
  observe::Metrics metrics_;
  Front clients_;
  Front admin_;
  std::shared_ptr<const Snapshot> snapshot_;
  std::optional<access::JailWatch> jail_watch_;
  observe::LogRing& access_log_ring_;
  std::unique_ptr<observe::AccessLog> access_log_;
  std::function<void()> drained_;
  std::thread thread_;
};

}  // namespace sluice::server
