// SPDX-License-Identifier: MIT
#include "proxy/server/server.h"

#include <fmt/format.h>
#include <sched.h>
#include <unistd.h>

#include <csignal>
#include <utility>

#include "proxy/observe/log_output.h"
#include "proxy/server/cache_rules.h"
#include "proxy/server/descriptors.h"
#include "proxy/server/guard_rules.h"

namespace sluice::server {

namespace {

constexpr std::chrono::minutes kHousekeeping{1};

Log::Level level_of(conf::LogLevel level) {
  switch (level) {
    case conf::LogLevel::Error:
      return Log::Level::Error;
    case conf::LogLevel::Warn:
      return Log::Level::Warn;
    case conf::LogLevel::Info:
      return Log::Level::Info;
    case conf::LogLevel::Debug:
      return Log::Level::Debug;
  }
  return Log::Level::Info;
}

std::string jail_file_of(const conf::Config& config) {
  return config.jail ? config.jail->file : std::string();
}

}  // namespace

std::size_t usable_cores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof(set), &set) != 0) return 1;
  return static_cast<std::size_t>(CPU_COUNT(&set));
}

Result<std::unique_ptr<Server>> Server::start(conf::Config config, Reload reload) {
  auto ticket_keys = tls::TicketKeys::create(net::Clock::now());
  if (!ticket_keys) return ticket_keys.error();
  std::size_t workers =
      config.workers > 0 ? static_cast<std::size_t>(config.workers) : usable_cores();
  auto guard = access::Guard::create(static_cast<std::size_t>(config.limits.table),
                                     jail_options_of(config.jail));
  if (!guard) return guard.error();
  std::unique_ptr<Server> server(
      new Server(config, std::move(reload), std::move(*ticket_keys), std::move(*guard), workers));
  if (auto error = server->open_access_log()) return *error;
  server->restore_jail();
  if (auto error = server->start_workers()) return *error;
  auto names = server->watch_names(config);
  if (!names) return names.error();
  server->names_ = std::move(*names);
  if (auto error = server->use(std::move(config), {})) return *error;
  server->names_settled_ = server->names_->settled();
  server->generation_ = 1;
  return server;
}

Server::Server(const conf::Config& config, Reload reload,
               std::unique_ptr<tls::TicketKeys> ticket_keys, std::unique_ptr<access::Guard> guard,
               std::size_t workers)
    : config_(config),
      reload_(std::move(reload)),
      log_(level_of(config.error_log.level)),
      signals_(loop_, Delegate<void(int)>::of<&Server::on_signal>(this)),
      ticket_keys_(std::move(ticket_keys)),
      store_(store_options_of(config.cache)),
      guard_(std::move(guard)),
      route_series_(workers),
      listeners_(workers),
      workers_(workers),
      second_timer_(loop_.timers(), net::Timer::Callback::of<&Server::on_second>(this)),
      minute_timer_(loop_.timers(), net::Timer::Callback::of<&Server::on_minute>(this)),
      drain_timer_(loop_.timers(), net::Timer::Callback::of<&Server::stop_now>(this)) {
  minute_timer_.set(loop_.now() + kHousekeeping);
  second_timer_.set(loop_.now() + std::chrono::seconds(1));
}

Server::~Server() {
  stop_workers();
  if (log_writer_ != nullptr) log_writer_->stop();
  listeners_.unlink_all();
}

std::optional<Error> Server::open_access_log() {
  auto output = observe::LogOutput::open(config_.access_log.path);
  if (!output) return output.error();
  observe::LogWriter::Options options;
  options.rings = workers_.size();
  auto writer = observe::LogWriter::start(std::move(*output), options, log_);
  if (!writer) return writer.error();
  log_writer_ = std::move(*writer);
  return {};
}

std::optional<Error> Server::start_workers() {
  const std::size_t sessions_max =
      sessions_by_descriptors(raise_descriptor_limit(log_), workers_.size());
  for (std::size_t i = 0; i < workers_.size(); ++i) {
    auto worker = std::make_unique<Worker>(i, sessions_max, log_, log_writer_->ring(i));
    if (auto error = worker->start()) return error;
    workers_[i] = std::move(worker);
  }
  return {};
}

void Server::stop_workers() {
  for (auto& worker : workers_) {
    if (worker != nullptr) worker->stop();
  }
  for (auto& worker : workers_) {
    if (worker != nullptr) worker->join();
  }
}

std::optional<Error> Server::use(conf::Config config, const net::HostAddresses& names, Kept kept) {
  auto plan = listeners_.plan(config);
  if (!plan) return plan.error();
  CompileInput input{.config = config,
                     .listener_numbers = plan->numbers,
                     .listener_count = listeners_.number_count(*plan),
                     .names = names,
                     .backends = backends_,
                     .ticket_keys = *ticket_keys_,
                     .store = store_,
                     .guard = *guard_,
                     .route_series = route_series_,
                     .admin_listener = plan->admin,
                     .admin_endpoints = admin_endpoints(),
                     .kept = kept};
  auto snapshot = compile(input);
  if (!snapshot) {
    Listeners::discard(*plan);
    return snapshot.error();
  }
  for (std::size_t i = 0; i < workers_.size(); ++i) {
    Worker::Change change{
        .snapshot = *snapshot, .new_listeners = {}, .removed_listeners = plan->removed};
    for (auto& [number, sockets] : plan->opened) {
      change.new_listeners.emplace(number, std::move(sockets[i]));
    }
    workers_[i]->apply(std::move(change));
  }
  snapshot_ = std::move(*snapshot);
  names_retry_ = {};
  if (kept.lists == nullptr) {
    list_watch_.reset(snapshot_->list_files);
    lists_retry_ = {};
  }
  const bool new_admin = plan->admin && plan->opened.contains(*plan->admin);
  listeners_.commit(std::move(*plan));
  if (new_admin) log_admin_listener();
  config_ = std::move(config);
  store_.set_capacity(config_.cache.size);
  log_.set_level(level_of(config_.error_log.level));
  return {};
}

int Server::run() {
  loop_.run();
  stop_workers();
  save_jail();
  log_writer_->stop();
  return 0;
}

void Server::on_signal(int signal) {
  switch (signal) {
    case SIGHUP:
      return reload();
    case SIGUSR1:
      return reopen_access_log();
    case SIGTERM:
    case SIGQUIT:
      return draining_ ? exit_at_once() : begin_drain();
    case SIGINT:
      return draining_ ? exit_at_once() : stop_now();
    default:
      return;
  }
}

void Server::exit_at_once() {
  save_jail();
  listeners_.unlink_all();
  std::_Exit(0);
}

// A newer file takes the place of one that still waits for names; a bad one does not.
void Server::reload() {
  if (draining_) return;
  reopen_access_log();
  std::optional<conf::Config> config = reload_();
  if (!config) {
    ++reloads_failed_;
    return log_.error("reload failed; the running configuration is unchanged");
  }
  auto names = watch_names(*config);
  if (!names) return reload_failed(names.error());
  coming_ = Coming{std::move(*config), std::move(*names)};
  if (coming_->names->settled()) return end_reload();
  log_.info("the reload waits for names that are new");
}

void Server::end_reload() {
  Coming coming = std::move(*std::exchange(coming_, std::nullopt));
  say_what_waits_for_a_start(coming.config);
  const std::string old_jail = jail_file_of(config_);
  const std::string old_log = config_.access_log.path;
  auto error = log_writer_->set_output(coming.config.access_log.path);
  if (!error) error = use(std::move(coming.config), coming.names->addresses());
  if (error) {
    // Nothing has changed but, perhaps, where the access log goes.
    if (auto stuck = log_writer_->set_output(old_log)) log_.error("{}", stuck->text());
    return reload_failed(*error);
  }
  names_ = std::move(coming.names);
  names_settled_ = true;
  if (jail_file_of(config_) != old_jail || !jail_file_is_ours_) move_jail();
  ++reloads_done_;
  ++generation_;
  log_.info("configuration reloaded");
}

void Server::reopen_access_log() {
  if (auto error = log_writer_->reopen()) log_.error("access log: {}", error->text());
}

void Server::reload_failed(const Error& error) {
  ++reloads_failed_;
  log_.error("reload failed; the running configuration is unchanged: {}", error.text());
}

void Server::say_what_waits_for_a_start(const conf::Config& config) const {
  if (config.workers != config_.workers) {
    log_.warn("the number of workers changes with the next start");
  }
  if (config.limits.table != config_.limits.table) {
    log_.warn("the size of limits.table changes with the next start");
  }
  if (jail_options_of(config.jail).table != jail_options_of(config_.jail).table) {
    log_.warn("the size of jail.table changes with the next start");
  }
}

void Server::begin_drain() {
  draining_ = true;
  coming_.reset();
  log_.info("draining");
  const net::TimePoint ends_at = loop_.now() + config_.timeouts.drain;
  drain_timer_.set(ends_at);
  for (auto& worker : workers_) {
    worker->drain(ends_at, [this] { loop_.post([this] { on_worker_drained(); }); });
  }
  listeners_.unlink_clients();
}

void Server::on_worker_drained() {
  if (++workers_drained_ == workers_.size()) stop_now();
}

void Server::stop_now() {
  draining_ = true;
  loop_.stop();
}

void Server::on_minute() {
  minute_timer_.set(loop_.now() + kHousekeeping);
  if (!ticket_keys_->rotate(net::Clock::now())) log_.error("cannot make a new ticket key");
  backends_.sweep();
  route_series_.sweep();
}

std::vector<std::string> Server::listener_urls() const {
  std::vector<std::string> urls;
  for (std::size_t i = 0; i < config_.listeners.size(); ++i) {
    const net::Address& bound = listeners_.bound(listeners_.numbers()[i]);
    std::string scheme = config_.listeners[i].tls ? "https" : "http";
    urls.push_back(scheme + (bound.is_unix() ? "+" : "://") + bound.text());
  }
  return urls;
}

}  // namespace sluice::server
