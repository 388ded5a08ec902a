// SPDX-License-Identifier: MIT
// Server: the process. Runs the control thread's loop (signals, names, reloads), owns the workers
// and everything that outlives a Snapshot: listeners, backends' health and counters, ticket keys,
// the cache's store, clients' buckets and the jail, the access log's writer.
//
// Threading: all of it on the thread that calls run(); workers are told by posting.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "balancer/backend_registry.h"
#include "cache/store.h"
#include "conf/config.h"
#include "conf/result.h"
#include "proxy/access/guard.h"
#include "proxy/base/log.h"
#include "proxy/handlers/admin.h"
#include "proxy/net/event_loop.h"
#include "proxy/net/name_watch.h"
#include "proxy/observe/log_writer.h"
#include "proxy/observe/metrics_text.h"
#include "proxy/observe/route_series.h"
#include "proxy/server/listeners.h"
#include "proxy/server/retry_later.h"
#include "proxy/server/signals.h"
#include "proxy/server/snapshot.h"
#include "proxy/server/worker.h"
#include "tls/tickets.h"

namespace sluice::server {

class Server final : private net::NameWatch::Owner {
 public:
  // Reads the configuration again; called on SIGHUP. No value: it was bad, and the operator told.
  using Reload = std::function<std::optional<conf::Config>()>;

  // Opens the listeners and starts the workers.
  static Result<std::unique_ptr<Server>> start(conf::Config config, Reload reload);

  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  ~Server();

  // Until SIGTERM has drained the workers, or SIGINT ended them; then 0. Signals must have been
  // blocked before any thread was started (Signals::block).
  int run();

  // "http://127.0.0.1:8080" for each listener, in the configuration's order.
  std::vector<std::string> listener_urls() const;

 private:
  Server(const conf::Config& config, Reload reload, std::unique_ptr<tls::TicketKeys> ticket_keys,
         std::unique_ptr<access::Guard> guard, std::size_t workers);

  // In server_admin.cc.
  std::vector<handlers::AdminEndpoint> admin_endpoints();
  observe::Scrape scrape() const;
  void log_admin_listener() const;

  // In server_names.cc.
  Result<std::unique_ptr<net::NameWatch>> watch_names(const conf::Config& config);
  // net::NameWatch::Owner, of the watch in use and of the coming one's.
  void on_changed(std::string_view host, std::span<const IpAddress> addresses) override;
  void on_failed(std::string_view host, std::string_view error, bool has_last) override;
  void look_at_names_later();
  void look_at_names();
  void use_new_names();

  // In server_guard.cc.
  void restore_jail();
  void move_jail();
  void save_jail();
  void on_second();
  void reload_lists();

  std::optional<Error> open_access_log();
  std::optional<Error> start_workers();
  void stop_workers();
  // Compiles and hands to the workers; on failure nothing has changed.
  std::optional<Error> use(conf::Config config, const net::HostAddresses& names, Kept kept = {});
  void on_signal(int signal);
  void reload();
  void reopen_access_log();
  void end_reload();
  void reload_failed(const Error& error);
  void say_what_waits_for_a_start(const conf::Config& config) const;
  [[noreturn]] void exit_at_once();
  void begin_drain();
  void on_worker_drained();
  void stop_now();
  void on_minute();

  // A reload that waits for the names that are new in it; what stands goes on meanwhile.
  struct Coming {
    conf::Config config;
    std::unique_ptr<net::NameWatch> names;
  };

  conf::Config config_;
  Reload reload_;
  Log log_;
  net::EventLoop loop_;
  Signals signals_;
  std::unique_ptr<tls::TicketKeys> ticket_keys_;
  std::unique_ptr<observe::LogWriter> log_writer_;
  balancer::BackendRegistry backends_;
  cache::Store store_;
  const std::unique_ptr<access::Guard> guard_;
  observe::RouteRegistry route_series_;
  Listeners listeners_;
  std::unique_ptr<net::NameWatch> names_;  // of config_
  std::optional<Coming> coming_;
  std::shared_ptr<const Snapshot> snapshot_;  // the newest
  std::vector<std::unique_ptr<Worker>> workers_;
  net::Timer second_timer_;
  net::Timer minute_timer_;
  net::Timer drain_timer_;
  std::size_t workers_drained_ = 0;
  bool looks_at_names_ = false;  // soon
  ListWatch list_watch_;
  RetryLater lists_retry_;
  RetryLater names_retry_;
  net::TimePoint jail_save_due_{};
  // Of Jail::changes(); none: the file lacks all.
  std::optional<std::uint64_t> jail_saved_ = 0;
  bool jail_file_is_ours_ = true;
  bool jail_save_failed_ = false;
  // Both are the control thread's; workers ask, for /ready.
  std::atomic<bool> draining_ = false;
  std::atomic<bool> names_settled_ = false;  // each has been answered, or has failed, once
  std::uint64_t generation_ = 0;
  std::uint64_t reloads_done_ = 0;
  std::uint64_t reloads_failed_ = 0;
  std::uint64_t lists_reloads_done_ = 0;
  std::uint64_t lists_reloads_failed_ = 0;
  std::chrono::system_clock::time_point started_ = std::chrono::system_clock::now();
};

// The cores that this process may use.
std::size_t usable_cores();

}  // namespace sluice::server
