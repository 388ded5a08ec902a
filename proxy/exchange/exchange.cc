// SPDX-License-Identifier: MIT
#include "proxy/exchange/exchange.h"

#include <algorithm>
#include <ctime>
#include <utility>

#include "proxy/base/check.h"
#include "proxy/exchange/error_page.h"
#include "proxy/exchange/observer.h"
#include "proxy/exchange/response_filter.h"
#include "proxy/exchange/steps.h"
#include "proxy/http/forwarded.h"

namespace sluice::exchange {

namespace {

// A request id that a trusted proxy may have chosen: short, and safe in a log line and a header.
bool is_request_id(std::string_view text) {
  constexpr std::size_t kBytesMax = 128;
  return text.size() <= kBytesMax && http::is_token(text);
}

}  // namespace

void Exchange::start(Begin begin_with, std::string_view bytes) {
  begin(std::move(begin_with));
  adopt(bytes);
  identify();
  limit_total();
  times_.head = services_->loop.now();
  request_complete_ = !request_.body.has_body();
  run_steps(*this);
}

void Exchange::refuse(Begin begin_with, Failure failure) {
  begin(std::move(begin_with));
  const http::Method method = request_.method;  // an answer to HEAD has no body, this one neither
  request_.clear();
  request_.method = method;
  identify();
  fail(failure);
}

void Exchange::start_fetch(ClientStream& client, const ClientInfo& info, const Exchange& origin) {
  CHECK(origin.request_complete_ && origin.head_bytes_.data() != nullptr);
  fetch_ = true;
  begin({client, info, *origin.services_, origin.rules_, origin.services_->loop.now()});
  request_ = origin.request_;
  adopt(origin.head_bytes_);
  client_address_ = origin.client_address_;
  peer_trusted_ = origin.peer_trusted_;
  request_id_ = arena_.copy(origin.request_id());
  path_ = arena_.copy(origin.path_);
  match_ = origin.match_;
  times_.head = times_.begin;
  request_complete_ = true;
  limit_total();
}

void Exchange::begin(Begin begin) {
  client_ = &begin.client;
  info_ = &begin.info;
  services_ = &begin.services;
  rules_ = std::move(begin.rules);
  times_.begin = begin.first_byte;
  if (fetch_) return;  // nobody's request
  services_->counters.exchanges_begun.add();
  services_->counters.exchanges_in_flight.add();
}

void Exchange::adopt(std::string_view bytes) {
  head_bytes_ = arena_.copy(bytes);
  request_.rebase(bytes, head_bytes_.data());
}

void Exchange::identify() {
  peer_trusted_ = !info_->behind_peer && rules_->trusted_proxies.contains(info_->peer);
  client_address_ = info_->peer;
  if (!peer_trusted_) return;
  client_address_ = http::client_address(info_->peer, rules_->trusted_proxies, request_.fields,
                                         rules_->client_field);
  const std::string_view given = request_.fields.value(http::FieldId::XRequestId);
  if (is_request_id(given)) request_id_ = given;
}

std::string_view Exchange::request_id() const {
  if (!request_id_.empty()) return request_id_;
  services_->request_ids.write(own_id_.data());
  return request_id_ = {own_id_.data(), own_id_.size()};
}

void Exchange::respond_with(const Handler& handler) {
  responder_ = handler.respond(*this);
  responder_->start();
}

void Exchange::hold(ArenaPtr<Held> held) {
  held->next_ = std::move(held_);
  held_ = std::move(held);
}

void Exchange::wait_for_turn(std::chrono::nanoseconds time) {
  const net::TimePoint turn = services_->loop.now() + time;
  if (turn > services_->ends_at) return fail({Side::Proxy, Kind::Draining});
  services_->counters.requests_delayed.add();
  has_waited_ = true;
  turn_timer_.emplace(services_->loop.timers(), net::Timer::Callback::of<&Exchange::on_turn>(this));
  turn_timer_->set(turn);
}

void Exchange::on_ending() {
  const bool too_late = turn_timer_ && turn_timer_->deadline() > services_->ends_at;
  if (too_late) on_client_failed({Side::Proxy, Kind::Draining});
}

void Exchange::on_turn() {
  turn_timer_.reset();
  continue_steps(*this);
}

void Exchange::limit_total() {
  if (rules_->total_timeout == rules_->total_timeout.zero()) return;
  total_timer_.emplace(services_->loop.timers(),
                       net::Timer::Callback::of<&Exchange::on_total_timeout>(this));
  total_timer_->set(times_.begin + rules_->total_timeout);
}

void Exchange::on_total_timeout() {
  on_client_failed({Side::Proxy, Kind::TotalTimeout});
}

void Exchange::on_request_body(std::string_view bytes) {
  if (over_) return;
  bytes_in_ += bytes.size();
  Counters& counters = services_->counters;
  (tunnel_ ? counters.tunnel_bytes_in : counters.request_bytes).add(bytes.size());
  const bool limited = rules_->body_bytes_max != 0 && !tunnel_;
  if (limited && bytes_in_ > rules_->body_bytes_max) {
    return on_client_failed({Side::Client, Kind::BodyTooLarge});
  }
  if (responder_ != nullptr) responder_->on_request_body(bytes);
}

void Exchange::on_request_end(const http::Fields& trailers) {
  if (over_) return;
  request_complete_ = true;
  if (responder_ != nullptr) responder_->on_request_end(trailers);
}

void Exchange::on_client_drained() {
  if (!over_ && responder_ != nullptr) responder_->on_client_drained();
}

void Exchange::on_client_failed(Failure failure) {
  if (over_) return;
  failure_ = failure;
  if (responder_ != nullptr) responder_->cancel();
  fail(failure);
}

void Exchange::send_informational(const http::ResponseHead& head) {
  http::ResponseHead passing = head;
  passing.fields.remove_if([this](const http::Field& field) { return !passes(field.name); });
  client_->send_informational(passing);
}

bool Exchange::passes(std::string_view name) const {
  if (!match_ || fetch_) return true;
  const auto& filters = match_.route->filters;
  return std::all_of(filters.begin(), filters.end(),
                     [name](const ResponseFilter* filter) { return filter->passes(name); });
}

void Exchange::send_head(http::ResponseHead& head) {
  filter(head);
  client_->send_head(head);
}

void Exchange::open_tunnel(http::ResponseHead& head) {
  tunnel_ = true;
  total_timer_.reset();
  filter(head);
  services_->counters.tunnels_opened.add();
  services_->counters.tunnels_open.add();
  client_->open_tunnel(head);
}

void Exchange::filter(http::ResponseHead& head) {
  CHECK(!over_ && !head_sent_);
  for (const http::Field& field : answer_fields_) {
    head.fields.add(field.name, field.value, field.id);
  }
  if (match_ && !fetch_) {
    for (const ResponseFilter* filter : match_.route->filters) filter->on_head(*this, head);
  }
  if (!head.fields.has(http::FieldId::Date)) {
    head.fields.add(http::FieldId::Date, services_->date.at(std::time(nullptr)));
  }
  status_ = head.status;
  head_sent_ = true;
}

void Exchange::set_body_filter(ArenaPtr<BodyFilter> filter) {
  CHECK(body_filter_ == nullptr && !head_sent_ && !tunnel_);
  body_filter_ = std::move(filter);
}

void Exchange::write(std::string_view bytes) {
  if (over_) return;
  if (body_filter_ != nullptr) return body_filter_->write(bytes);
  write_to_client(bytes);
}

void Exchange::write_to_client(std::string_view bytes) {
  note_sent(bytes.size());
  client_->write(bytes);
}

void Exchange::note_sent(std::size_t bytes) {
  bytes_out_ += bytes;
  Counters& counters = services_->counters;
  if (!fetch_) (tunnel_ ? counters.tunnel_bytes_out : counters.response_bytes).add(bytes);
}

std::optional<std::size_t> Exchange::send_file(int file, std::uint64_t offset, std::size_t bytes) {
  if (over_ || body_filter_ != nullptr) return std::nullopt;
  const std::optional<std::size_t> sent = client_->send_file(file, offset, bytes);
  note_sent(sent.value_or(0));
  return sent;
}

std::size_t Exchange::send_pipe(Pipe& pipe) {
  if (over_) return 0;
  const std::size_t sent = client_->send_pipe(pipe);
  note_sent(sent);
  return sent;
}

void Exchange::finish(const http::Fields& trailers) {
  CHECK(head_sent_);
  if (over_) return;
  if (body_filter_ != nullptr && !body_filter_->finish()) {
    return fail({Side::Proxy, Kind::FilterFailed});
  }
  if (trailers.empty()) {
    client_->finish(trailers);
  } else {
    http::Fields kept = trailers;
    kept.remove_if([this](const http::Field& field) {
      return !passes(field.name) || (body_filter_ != nullptr && !body_filter_->keeps(field));
    });
    client_->finish(kept);
  }
  end();
}

void Exchange::fail(Failure failure) {
  if (over_) return;
  failure_ = failure;
  bool client_left = failure.kind == Kind::Aborted || failure.kind == Kind::SendTimeout;
  if (head_sent_ || client_left) {
    if (!head_sent_) status_ = status_of(failure);
    client_->abort();
  } else {
    send_error_page(*this, failure);
    if (body_filter_ == nullptr || body_filter_->finish()) {
      client_->finish({});
    } else {
      client_->abort();
    }
  }
  end();
}

void Exchange::end() {
  over_ = true;
  body_filter_.reset();
  turn_timer_.reset();
  total_timer_.reset();
  held_.reset();
  times_.end = services_->loop.now();
  if (tunnel_) services_->counters.tunnels_open.subtract();
  if (!fetch_) {
    services_->counters.exchanges_in_flight.subtract();
    for (Observer* observer : services_->observers) observer->on_finished(*this);
  }
  client_->exchange_over();
}

void Exchange::recycle() {
  responder_.reset();  // before the memory that they live in
  body_filter_.reset();
  coded_bodies_ = nullptr;
  rules_.reset();
  request_.clear();
  response_.clear();
  backend_fields_.clear();
  answer_fields_.clear();
  arena_.reset();
  client_ = nullptr;
  info_ = nullptr;
  services_ = nullptr;
  client_address_ = {};
  head_bytes_ = {};
  path_ = {};
  request_id_ = {};
  match_ = {};
  backend_trace_ = {};
  times_ = {};
  cache_use_ = CacheUse::None;
  cache_key_ = {};
  failure_ = {};
  bytes_in_ = bytes_out_ = 0;
  status_ = 0;
  peer_trusted_ = has_waited_ = refuses_range_ = head_sent_ = request_complete_ = false;
  tunnel_ = fetch_ = over_ = false;
}

}  // namespace sluice::exchange
