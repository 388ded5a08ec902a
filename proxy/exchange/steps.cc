// SPDX-License-Identifier: MIT
#include "proxy/exchange/steps.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <optional>
#include <span>

#include "proxy/exchange/access_check.h"
#include "proxy/exchange/exchange.h"
#include "proxy/http/uri.h"

namespace sluice::exchange {

namespace {

using std::chrono::nanoseconds;

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

// What is forwarded is what was matched, up to escapes that origins may tell from what they stand
// for. A path that cannot be normalised stays empty.
void normalise_path(Exchange& exchange) {
  std::string_view path = exchange.request().path;
  if (!path.starts_with('/') || !http::needs_normalising(path)) return exchange.set_path(path);
  char* out = exchange.arena().allocate(path.size());
  const std::optional<std::size_t> size = http::normalise_path(path, out);
  exchange.set_path(size ? std::string_view(out, *size) : std::string_view());
}

Failure check_path(Exchange& exchange) {
  const bool refused = exchange.path().empty() && exchange.request().path.starts_with('/');
  return refused ? Failure{Side::Client, Kind::PathRefused} : Failure{};
}

const ListenerRules* listener_rules(const Exchange& exchange) {
  const auto& listeners = exchange.rules().listeners;
  const std::uint32_t number = exchange.client().listener;
  return number < listeners.size() ? &listeners[number] : nullptr;
}

void find_route(Exchange& exchange) {
  const ListenerRules* const rules = listener_rules(exchange);
  if (rules == nullptr || rules->table == nullptr) return;
  const std::string_view path = exchange.path();
  const std::string_view host = exchange.request().host;
  if (path.find('%') == std::string_view::npos) {
    return exchange.set_match(rules->table->find(host, path));
  }
  // So that no rule can be walked around by another spelling.
  char* out = exchange.arena().allocate(path.size());
  route::Match match = rules->table->find(host, {out, http::matched_spelling(path, out)});
  match.prefix_length = http::normalised_size(path, match.prefix_length);
  exchange.set_match(match);
}

Failure require_route(Exchange& exchange) {
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
  head.fields.add(http::FieldId::Allow, exchange.match().route->handler->methods());
  head.body = {http::BodyKind::Length, 0};
  head.keep_alive = true;
  exchange.send_head(head);
  exchange.finish();
}

constexpr Step kSteps[] = {check_method, check_body_limit, check_path, require_route,
                           check_connect};

// False: the exchange is over.
bool judge(Exchange& exchange) {
  for (const Step step : kSteps) {
    const Failure failure = step(exchange);
    if (!failure) continue;
    exchange.fail(failure);
    return false;
  }
  return true;
}

using Checks = std::span<const AccessCheck* const>;
// Those of the listener and those of the route, in the order in which they are asked.
using CheckLists = std::array<Checks, 2>;

CheckLists checks_of(const Exchange& exchange) {
  const ListenerRules* const rules = listener_rules(exchange);
  return {rules != nullptr ? Checks(rules->checks) : Checks(),
          exchange.match() ? Checks(exchange.match().route->checks) : Checks()};
}

void undo_those_before(const AccessCheck& refusing, Exchange& exchange) {
  for (const Checks& checks : checks_of(exchange)) {
    for (const AccessCheck* const check : checks) {
      if (check == &refusing) return;
      check->undo(exchange);
    }
  }
}

// None: the exchange is over; else for how long it waits.
std::optional<nanoseconds> ask(Exchange& exchange, const AccessCheck& check) {
  const AccessCheck::Verdict verdict = check.check(exchange);
  if (!verdict.failure) return verdict.wait;
  if (!verdict.retry_after.empty()) {
    undo_those_before(check, exchange);
    exchange.answer_fields().add(http::FieldId::RetryAfter, verdict.retry_after);
  }
  exchange.fail(verdict.failure);
  return std::nullopt;
}

// Whoever has to wait for several waits for the longest.
std::optional<nanoseconds> ask_all(Exchange& exchange) {
  nanoseconds longest{};
  for (const Checks& checks : checks_of(exchange)) {
    for (const AccessCheck* const check : checks) {
      const std::optional<nanoseconds> wait = ask(exchange, *check);
      if (!wait) return std::nullopt;
      longest = std::max(longest, *wait);
    }
  }
  return longest;
}

// Behind all others. False: the exchange is over.
bool ask_bound(Exchange& exchange) {
  const ListenerRules* const rules = listener_rules(exchange);
  return rules == nullptr || rules->bound == nullptr || ask(exchange, *rules->bound);
}

}  // namespace

// That a path is refused, or leads nowhere, is said behind the checks: who asks for such is counted
// and limited as any other.
void run_steps(Exchange& exchange) {
  normalise_path(exchange);
  if (!check_path(exchange)) find_route(exchange);
  const std::optional<nanoseconds> wait = ask_all(exchange);
  if (!wait) return;
  if (*wait > nanoseconds::zero()) return exchange.wait_for_turn(*wait);
  continue_steps(exchange);
}

void continue_steps(Exchange& exchange) {
  if (!judge(exchange)) return;
  if (!ask_bound(exchange)) return;
  if (ends_here(exchange)) return answer_options(exchange);
  exchange.limit_bandwidth(exchange.match().route->bandwidth);
  exchange.respond_with(*exchange.match().route->handler);
}

}  // namespace sluice::exchange
