// SPDX-License-Identifier: MIT
#include "proxy/exchange/steps.h"

#include <optional>

#include "proxy/exchange/exchange.h"
#include "proxy/http/status.h"
#include "proxy/http/uri.h"

namespace sluice::exchange {

namespace {

using Step = Failure (*)(Exchange&);

// TRACE would show the client what was added on the way (RFC 9110 9.3.8).
Failure check_method(Exchange& exchange) {
  bool refused = exchange.request().method == http::Method::Trace;
  return refused ? Failure{Side::Client, Kind::MethodRefused} : Failure{};
}

Failure check_body_limit(Exchange& exchange) {
  const http::BodyFraming& body = exchange.request().body;
  std::uint64_t limit = exchange.rules().body_bytes_max;
  bool above = limit != 0 && body.kind == http::BodyKind::Length && body.length > limit;
  return above ? Failure{Side::Client, Kind::BodyTooLarge} : Failure{};
}

// What is matched is what is forwarded, so that no rule can be walked around by another spelling.
Failure normalise_path(Exchange& exchange) {
  std::string_view path = exchange.request().path;
  if (!path.starts_with('/') || !http::needs_normalising(path)) {
    exchange.set_path(path);
    return {};
  }
  char* out = exchange.arena().allocate(path.size());
  std::optional<std::size_t> size = http::normalise_path(path, out);
  if (!size) return {Side::Client, Kind::PathRefused};
  exchange.set_path({out, *size});
  return {};
}

Failure find_route(Exchange& exchange) {
  const route::Table* table = nullptr;
  const auto& tables = exchange.rules().tables;
  if (exchange.client().listener < tables.size()) table = tables[exchange.client().listener];
  if (table != nullptr) exchange.set_match(table->find(exchange.request().host, exchange.path()));
  return exchange.match() ? Failure{} : Failure{Side::Client, Kind::NoRoute};
}

// A proxy that forwards CONNECT unasked is an open relay (RFC 9110 9.3.6).
Failure check_connect(Exchange& exchange) {
  bool refused =
      exchange.request().method == http::Method::Connect && !exchange.match().route->allows_connect;
  return refused ? Failure{Side::Client, Kind::MethodRefused} : Failure{};
}

// RFC 9110 7.6.2: what may be forwarded no more is answered by whom it has reached.
bool ends_here(const Exchange& exchange) {
  return exchange.request().max_forwards == 0U;
}

void answer_options(Exchange& exchange) {
  constexpr int kOk = 200;
  http::ResponseHead& head = exchange.response_slot();
  head.status = kOk;
  head.reason = http::reason_phrase(kOk);
  head.fields.add(http::FieldId::Allow, http::kAllow);
  head.body = {http::BodyKind::Length, 0};
  head.keep_alive = true;
  exchange.send_head(head);
  exchange.finish();
}

constexpr Step kSteps[] = {check_method, check_body_limit, normalise_path, find_route,
                           check_connect};

}  // namespace

void run_steps(Exchange& exchange) {
  for (Step step : kSteps) {
    if (Failure failure = step(exchange)) return exchange.fail(failure);
  }
  if (ends_here(exchange)) return answer_options(exchange);
  exchange.respond_with(*exchange.match().route->handler);
}

}  // namespace sluice::exchange
