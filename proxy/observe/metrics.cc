// SPDX-License-Identifier: MIT
#include "proxy/observe/metrics.h"

#include <algorithm>

#include "proxy/exchange/exchange.h"

namespace sluice::observe {

namespace {

bool has_message(exchange::Kind kind) {
  return kind == exchange::Kind::Malformed || kind == exchange::Kind::BadResponse;
}

template <std::size_t N>
void add_all(const std::array<Counter, N>& from, std::array<std::uint64_t, N>& to) {
  for (std::size_t i = 0; i < N; ++i) to[i] += from[i].value();
}

}  // namespace

std::size_t end_index(const exchange::Failure& failure) {
  if (!has_message(failure.kind)) return static_cast<std::size_t>(failure.kind);
  return exchange::kKinds + static_cast<std::size_t>(failure.message);
}

exchange::Failure end_at(std::size_t index) {
  using exchange::Kind;
  using exchange::Side;
  if (index < exchange::kKinds) return {Side::None, static_cast<Kind>(index)};
  return {Side::Client, Kind::Malformed, static_cast<http::BadMessage>(index - exchange::kKinds)};
}

void Totals::add(const exchange::Counters& counters) {
  connections_accepted += counters.connections_accepted.value();
  connections_closed += counters.connections_closed.value();
  handshakes_failed += counters.handshakes_failed.value();
  connections_denied += counters.connections_denied.value();
  connections_jailed += counters.connections_jailed.value();
  connections_too_many += counters.connections_too_many.value();
  connections_too_fast += counters.connections_too_fast.value();
  requests_delayed += counters.requests_delayed.value();
  requests_shadowed += counters.requests_shadowed.value();
  exchanges_begun += counters.exchanges_begun.value();
  exchanges_in_flight += counters.exchanges_in_flight.value();
  request_bytes += counters.request_bytes.value();
  response_bytes += counters.response_bytes.value();
  tunnels_opened += counters.tunnels_opened.value();
  tunnels_open += counters.tunnels_open.value();
  tunnel_bytes_in += counters.tunnel_bytes_in.value();
  tunnel_bytes_out += counters.tunnel_bytes_out.value();
}

void Metrics::on_finished(const exchange::Exchange& exchange) {
  const std::size_t status = status_class(exchange.status());
  by_status_[status].add();
  by_end_[end_index(exchange.failure())].add();
  count_route(exchange, status);
  const int attempts = exchange.backend_trace().attempts;
  if (attempts > 0) {
    backend_attempts_.add(static_cast<std::uint64_t>(attempts));
    backend_retries_.add(static_cast<std::uint64_t>(attempts - 1));
  }
  if (exchange.is_tunnel()) return tunnels_ended_.add();
  count_duration(exchange);
}

void Metrics::count_route(const exchange::Exchange& exchange, std::size_t status) {
  const route::Match& match = exchange.match();
  if (!match || match.route->series == nullptr) return unrouted_[status].add();
  match.route->series->count(worker_, status);
}

// A tunnel lasts as long as its ends like, which would say nothing about how fast requests are.
void Metrics::count_duration(const exchange::Exchange& exchange) {
  const auto& times = exchange.times();
  const auto elapsed =
      std::chrono::duration_cast<std::chrono::microseconds>(std::max(times.end - times.begin, {}));
  const auto* bound = std::lower_bound(kDurationBounds.begin(), kDurationBounds.end(), elapsed);
  durations_[static_cast<std::size_t>(bound - kDurationBounds.begin())].add();
  duration_microseconds_.add(static_cast<std::uint64_t>(elapsed.count()));
}

void Metrics::add_to(Totals& totals) const {
  totals.tunnels_ended += tunnels_ended_.value();
  totals.backend_attempts += backend_attempts_.value();
  totals.backend_retries += backend_retries_.value();
  add_all(by_status_, totals.by_status);
  add_all(unrouted_, totals.unrouted);
  add_all(by_end_, totals.by_end);
  add_all(durations_, totals.durations);
  totals.duration_microseconds += duration_microseconds_.value();
}

}  // namespace sluice::observe
