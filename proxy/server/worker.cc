// SPDX-License-Identifier: MIT
#include "proxy/server/worker.h"

#include <pthread.h>

#include <utility>

#include "proxy/base/start_thread.h"

namespace sluice::server {

namespace {

constexpr std::size_t kSpareExchanges = 1024;

// The worker's own handle on a Snapshot: exchanges copy it for every request, and a count of its
// own keeps the cache line from travelling between cores.
std::shared_ptr<const exchange::Rules> rules_of(std::shared_ptr<const Snapshot> snapshot) {
  const exchange::Rules* rules = &snapshot->rules;
  auto holder = std::make_shared<std::shared_ptr<const Snapshot>>(std::move(snapshot));
  return {std::move(holder), rules};
}

}  // namespace

Worker::Front::Front(Worker& owner, const Log& log)
    : worker(owner),
      services{owner.loop_,
               owner.connector_,
               log,
               owner.exchanges_,
               owner.detached_,
               {},
               {},
               {},
               {},
               &owner.encoders_,
               &owner.open_files_},
      sessions(Delegate<void()>::of<&Front::on_session_removed>(this)),
      shared{services, sessions, nullptr, nullptr, {}} {}

void Worker::Front::add_listener(std::uint32_t number, Fd fd) {
  acceptors[number] = std::make_unique<client::Acceptor>(shared, std::move(fd), number);
}

void Worker::Front::remove_listener(std::uint32_t number) {
  auto removed = acceptors.extract(number);
  if (removed.empty()) return;
  removed.mapped()->drain_and_close();
  sessions.for_each([number](client::Session& session) {
    if (session.listener() == number) session.drain();
  });
}

void Worker::Front::use(const Snapshot& snapshot,
                        const std::shared_ptr<const exchange::Rules>& rules,
                        std::size_t sessions_max) {
  shared.rules = rules;
  shared.options = snapshot.client_options;
  for (auto& [number, acceptor] : acceptors) {
    acceptor->set_settings(snapshot.listeners[number]);
    acceptor->set_session_limit(sessions_max);
  }
}

void Worker::Front::drain(net::TimePoint ends_at) {
  services.ends_at = ends_at;
  for (auto& [number, acceptor] : acceptors) acceptor->drain_and_close();
  sessions.for_each([](client::Session& session) { session.drain(); });
}

void Worker::Front::stop() {
  acceptors.clear();
  sessions.for_each([](client::Session& session) { session.close_now(); });
}

void Worker::Front::on_session_removed() {
  for (auto& [number, acceptor] : acceptors) acceptor->on_session_removed();
  worker.note_drained();
}

Worker::Worker(std::size_t number, std::size_t sessions_max, const Log& log,
               observe::LogRing& access_log_ring)
    : sessions_max_(sessions_max),
      log_(log),
      exchanges_(kSpareExchanges),
      connector_(loop_),
      metrics_(number),
      clients_(*this, log),
      admin_(*this, log),
      access_log_ring_(access_log_ring) {}

Worker::~Worker() = default;

std::optional<Error> Worker::start() {
  Result<std::thread> thread = start_thread([this] { loop_.run(); });
  if (!thread) return thread.error();
  thread_ = std::move(*thread);
  pthread_setname_np(thread_.native_handle(), "sluice-worker");
  return {};
}

void Worker::apply(Change change) {
  // std::function wants what can be copied.
  auto shared_change = std::make_shared<Change>(std::move(change));
  loop_.post([this, shared_change] { apply_here(*shared_change); });
}

void Worker::apply_here(Change& change) {
  for (std::uint32_t number : change.removed_listeners) {
    clients_.remove_listener(number);
    admin_.remove_listener(number);
  }
  for (auto& [number, fd] : change.new_listeners) {
    const bool admin = number == change.snapshot->admin_listener;
    (admin ? admin_ : clients_).add_listener(number, std::move(fd));
  }
  use_snapshot(std::move(change.snapshot));
}

void Worker::use_snapshot(std::shared_ptr<const Snapshot> snapshot) {
  const std::shared_ptr<const exchange::Rules> rules = rules_of(snapshot);
  const auto asked_for = static_cast<std::size_t>(snapshot->config.limits.connections);
  clients_.use(*snapshot, rules, asked_for > 0 ? asked_for : sessions_max_);
  clients_.shared.door = &snapshot->door;
  admin_.use(*snapshot, rules, kAdminSessionsMax);
  connector_.prune();
  clients_.services.observers = {&metrics_};
  jail_watch_.reset();
  if (snapshot->guard.jail) {
    jail_watch_.emplace(snapshot->guard, log_);
    clients_.services.observers.push_back(&*jail_watch_);
  }
  admin_.services.observers.clear();
  if (snapshot->config.access_log.format != conf::AccessLogFormat::Off) {
    access_log_ =
        std::make_unique<observe::AccessLog>(access_log_ring_, snapshot->config.access_log.format);
    clients_.services.observers.push_back(access_log_.get());
    admin_.services.observers.push_back(access_log_.get());
  }
  snapshot_ = std::move(snapshot);
}

void Worker::note_drained() {
  if (drained_ && clients_.sessions.size() == 0) std::exchange(drained_, nullptr)();
}

void Worker::add_to(observe::Totals& totals) const {
  totals.add(clients_.services.counters);
  totals.connections_open += clients_.sessions.size();
  const backend::ConnectionCounters& backends = connector_.counters();
  totals.backend_connects += backends.attempted.value();
  totals.backend_connections_opened += backends.opened.value();
  totals.backend_connections_reused += backends.reused.value();
  metrics_.add_to(totals);
}

void Worker::drain(net::TimePoint ends_at, std::function<void()> drained) {
  loop_.post([this, ends_at, drained = std::move(drained)] {
    drained_ = drained;
    drain_here(ends_at);
  });
}

void Worker::drain_here(net::TimePoint ends_at) {
  clients_.drain(ends_at);
  connector_.close_idle();
  note_drained();
}

void Worker::stop() {
  loop_.post([this] { stop_here(); });
}

void Worker::stop_here() {
  clients_.stop();
  admin_.stop();
  detached_.for_each([](exchange::Detached& work) { work.abandon(); });
  connector_.close_idle();
  loop_.stop();
}

void Worker::join() {
  if (thread_.joinable()) thread_.join();
}

}  // namespace sluice::server
