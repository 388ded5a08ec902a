// SPDX-License-Identifier: MIT
// One Exchange with all that a session and a worker would lend it: a FakeClientStream, a loop that
// need not turn, and rules of a single route that matches everything.
#pragma once

#include <cstddef>
#include <memory>
#include <stdexcept>
#include <string_view>

#include "proxy/base/log.h"
#include "proxy/exchange/exchange.h"
#include "proxy/exchange/observer.h"
#include "proxy/http/request_parser.h"
#include "proxy/net/event_loop.h"
#include "proxy/route/table.h"
#include "tests/support/fake_client_stream.h"

namespace sluice::support {

class ExchangeRig {
 public:
  // Without a connector, for handlers that ask nobody else.
  ExchangeRig() : ExchangeRig(reinterpret_cast<backend::Connector&>(no_connector_)) {}

  explicit ExchangeRig(backend::Connector& connector)
      : services{loop, connector, log, exchanges, detached, {}, {}, {}},
        rules(std::make_shared<exchange::Rules>()) {
    route::Table::Builder builder;
    if (builder.add({}, {}, &route)) throw std::logic_error("the route was not taken");
    table_ = builder.build();
    rules->listeners = {{&table_, {}}};
  }

  // Answers the request whose head this is, through `handler` if a route is looked for.
  void run(const exchange::Handler& handler, std::string_view head) {
    route.handler = &handler;
    const http::ParseResult parsed =
        http::parse_request_head(head, http::HeadLimits(), exchange.parse_slot());
    if (parsed.status != http::ParseStatus::Done) throw std::logic_error("not a request head");
    exchange.start(begin(), head);
  }

  // What a session does with a request that it cannot read.
  void refuse(exchange::Failure failure) { exchange.refuse(begin(), failure); }

  // Ready for another run(), with the memory of this one.
  void recycle() {
    exchange.recycle();
    client = FakeClientStream();
  }

  net::EventLoop loop;
  Log log{Log::Level::Error};
  ObjectPool<exchange::Exchange> exchanges{1};
  exchange::DetachedSet detached;
  exchange::Services services;
  exchange::ClientInfo info;
  route::Route route;
  std::shared_ptr<exchange::Rules> rules;
  FakeClientStream client;
  exchange::Exchange exchange;

 private:
  exchange::Exchange::Begin begin() { return {client, info, services, rules, loop.now()}; }

  alignas(std::max_align_t) std::byte no_connector_[1]{};
  route::Table table_;
};

}  // namespace sluice::support
