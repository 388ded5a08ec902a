// SPDX-License-Identifier: MIT
// A worker's parts put together by hand, without its thread and its listeners: sessions on sockets
// that a test has made, a pool of backends that a test plays, and turns of the loop that never
// wait. Everything is forwarded, upgrades to "websocket" and CONNECT too, but "/fixed", which is
// answered at once; bodies of requests to "/whole" are collected first.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "balancer/backend_registry.h"
#include "balancer/pool.h"
#include "proxy/backend/connector.h"
#include "proxy/base/log.h"
#include "proxy/base/object_pool.h"
#include "proxy/client/shared.h"
#include "proxy/exchange/exchange.h"
#include "proxy/exchange/observer.h"
#include "proxy/handlers/fixed_response.h"
#include "proxy/handlers/forward.h"
#include "proxy/net/address.h"
#include "proxy/net/event_loop.h"
#include "proxy/route/table.h"

namespace sluice::support {

// One exchange as its observer saw it.
struct FinishedExchange {
  std::uint32_t client = 0;  // the number that accept() was given
  std::string method;        // empty: the request was not understood
  int status = 0;
  int attempts = 0;     // times that a backend was tried for it
  bool routed = false;  // a responder was made for it
  exchange::Failure failure;
};

class ForwardRig final : private net::Requeued, private exchange::Observer {
 public:
  struct Options {
    std::vector<std::string> backends;  // addresses, tried in turn
    std::size_t watermark_bytes = 4096;
    std::vector<std::string> trusted_proxies{};
    std::string body_directory = "/tmp";  // for what "/whole" cannot hold in memory
  };
  static constexpr std::uint32_t kClientsMax = 4;

  explicit ForwardRig(const Options& options);
  ~ForwardRig() override;
  ForwardRig(const ForwardRig&) = delete;
  ForwardRig& operator=(const ForwardRig&) = delete;

  // Serves the connection whose proxy's end is `fd`. REQUIRES: client < kClientsMax.
  void accept(Fd fd, const net::Address& peer, std::uint32_t client,
              std::shared_ptr<const tls::ServerContext> tls = nullptr);

  // One turn that runs what is ready and waits for nothing.
  void turn();
  // One that waits for an event, at most until the next tick.
  void waiting_turn() { loop_.turn(); }

  // Does it among the events of a later turn, behind those that were there before.
  void post(std::function<void()> task) { loop_.post(std::move(task)); }

  // Lets time pass for the timers alone; what was set before fires.
  void pass(std::chrono::seconds time);
  void drain();
  // Ends all sessions at once.
  void stop();
  void close_idle() { connector_.close_idle(); }

  std::size_t sessions() const { return sessions_.size(); }
  std::size_t idle_connections() const { return connector_.idle_count(); }
  std::uint32_t in_flight() const;
  // Whether an exchange still holds the rules it began under.
  bool exchanges_alive() const { return shared_.rules.use_count() > 1; }
  const std::vector<FinishedExchange>& finished() const { return finished_; }
  // Responders made so far.
  std::size_t responders() const { return responders_; }

 private:
  class Counted;  // a handler that counts

  void on_requeued() override {}
  void on_finished(const exchange::Exchange& exchange) override;
  std::shared_ptr<const exchange::Rules> make_rules(const Options& options);
  const exchange::Handler* add_handler(std::unique_ptr<exchange::Handler> handler);

  net::EventLoop loop_;
  Log log_{Log::Level::Error};
  ObjectPool<exchange::Exchange> exchanges_;
  backend::Connector connector_;
  exchange::DetachedSet detached_;
  exchange::Services services_;
  client::SessionSet sessions_;
  balancer::BackendRegistry registry_;
  std::unique_ptr<balancer::Pool> pool_;
  std::vector<std::unique_ptr<exchange::Handler>> handlers_;
  route::Route forward_route_;
  route::Route whole_route_;
  route::Route fixed_route_;
  route::Table table_;
  client::Shared shared_;
  std::chrono::seconds passed_{0};
  std::size_t responders_ = 0;
  std::vector<FinishedExchange> finished_;
};

}  // namespace sluice::support
