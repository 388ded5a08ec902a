// SPDX-License-Identifier: MIT
#include "proxy/server/worker.h"

#include <pthread.h>

#include <utility>

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

Worker::Worker(const Log& log, observe::LogRing& access_log_ring)
    : exchanges_(kSpareExchanges),
      connector_(loop_, {}),
      services_{loop_, connector_, log, exchanges_, detached_, {}, {}, {}},
      sessions_(Delegate<void()>::of<&Worker::on_session_removed>(this)),
      shared_{services_, sessions_, nullptr, {}},
      access_log_ring_(access_log_ring) {}

Worker::~Worker() = default;

void Worker::start() {
  thread_ = std::thread([this] { loop_.run(); });
  pthread_setname_np(thread_.native_handle(), "sluice-worker");
}

void Worker::apply(Change change) {
  // std::function wants what can be copied.
  auto shared_change = std::make_shared<Change>(std::move(change));
  loop_.post([this, shared_change] { apply_here(*shared_change); });
}

void Worker::apply_here(Change& change) {
  for (std::uint32_t number : change.removed_listeners) {
    auto removed = acceptors_.extract(number);
    if (removed.empty()) continue;
    removed.mapped()->drain_and_close();
    sessions_.for_each([number](client::Session& session) {
      if (session.listener() == number) session.drain();
    });
  }
  for (auto& [number, fd] : change.new_listeners) {
    acceptors_[number] = std::make_unique<client::Acceptor>(shared_, std::move(fd), number);
  }
  use_snapshot(std::move(change.snapshot));
}

void Worker::use_snapshot(std::shared_ptr<const Snapshot> snapshot) {
  shared_.rules = rules_of(snapshot);
  shared_.options = snapshot->client_options;
  connector_.set_options(snapshot->backend_options);
  connector_.prune();
  for (auto& [number, acceptor] : acceptors_) {
    acceptor->set_settings(snapshot->listeners[number]);
    acceptor->set_session_limit(static_cast<std::size_t>(snapshot->config.limits.connections));
  }
  services_.observers.clear();
  if (snapshot->config.access_log.format != conf::AccessLogFormat::Off) {
    access_log_ =
        std::make_unique<observe::AccessLog>(access_log_ring_, snapshot->config.access_log.format);
    services_.observers.push_back(access_log_.get());
  }
  snapshot_ = std::move(snapshot);
}

void Worker::on_session_removed() {
  for (auto& [number, acceptor] : acceptors_) acceptor->on_session_removed();
  if (drained_ && sessions_.size() == 0) std::exchange(drained_, nullptr)();
}

void Worker::drain(std::function<void()> drained) {
  loop_.post([this, drained = std::move(drained)] {
    drained_ = drained;
    drain_here();
  });
}

void Worker::drain_here() {
  for (auto& [number, acceptor] : acceptors_) acceptor->drain_and_close();
  sessions_.for_each([](client::Session& session) { session.drain(); });
  connector_.close_idle();
  if (drained_ && sessions_.size() == 0) std::exchange(drained_, nullptr)();
}

void Worker::stop() {
  loop_.post([this] { stop_here(); });
}

void Worker::stop_here() {
  acceptors_.clear();
  sessions_.for_each([](client::Session& session) { session.close_now(); });
  detached_.for_each([](exchange::Detached& work) { work.abandon(); });
  connector_.close_idle();
  loop_.stop();
}

void Worker::join() {
  if (thread_.joinable()) thread_.join();
}

}  // namespace sluice::server
