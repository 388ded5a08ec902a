// SPDX-License-Identifier: MIT
#include "proxy/handlers/forward_cache.h"

#include <ctime>
#include <string>
#include <utility>

#include "proxy/exchange/exchange.h"
#include "proxy/handlers/cache_fill.h"
#include "proxy/handlers/cache_rest.h"
#include "proxy/handlers/cache_status.h"
#include "proxy/handlers/loop_waiter.h"
#include "proxy/handlers/stored_answer.h"
#include "proxy/handlers/stored_head.h"
#include "proxy/http/hop_by_hop.h"

namespace sluice::handlers {

namespace {

using cache::Lookup;
using exchange::CacheUse;
using exchange::Failure;
using exchange::Kind;
using exchange::Side;
using http::FieldId;

constexpr int kNotModified = 304;

// Never to be used without asking, not even at the moment when it came: no-cache, max-age=0. Who
// waits for somebody else's gets a response that may be that client's alone.
bool is_for_one(const cache::Entry& entry) {
  return cache::judge_use(entry.terms(), {}, entry.terms().response_time, false) ==
         cache::Use::Validate;
}

// Says nothing of the next request: a field of this one the pool may not bear, and its time may be
// over before that of others.
bool is_of_one(const Failure& failure) {
  return failure.kind == Kind::ClosedEarly || failure.kind == Kind::BadResponse ||
         failure.kind == Kind::TotalTimeout;
}

// RFC 9111 5.2.1.7: the pool is not asked, though the cache has nothing to do with the request.
class OnlyIfCached final : public exchange::Responder {
 public:
  explicit OnlyIfCached(exchange::Exchange& exchange) : exchange_(exchange) {}

  void start() override { exchange_.fail({Side::Proxy, Kind::NotCached}); }
  void on_request_body(std::string_view /*bytes*/) override {}
  void on_request_end(const http::Fields& /*trailers*/) override {}
  void on_client_drained() override {}
  void cancel() override {}

 private:
  exchange::Exchange& exchange_;
};

// One exchange with the cache. It borrows its fetch, if it began one, and leaves it before it ends;
// it lives in the exchange's arena.
class CacheResponder final : public exchange::Responder, private FillReader {
 public:
  CacheResponder(exchange::Exchange& exchange, cache::Store& store, const CacheRules& rules,
                 const exchange::Handler& forward)
      : exchange_(exchange),
        store_(store),
        rules_(rules),
        forward_(forward),
        rest_(exchange, {store, forward, rules}),
        answer_(exchange, store, Delegate<bool()>::of<&CacheResponder::take_rest>(this)) {}
  ~CacheResponder() override { let_go(); }

  // exchange::Responder
  void start() override;
  void on_request_body(std::string_view /*bytes*/) override {}
  void on_request_end(const http::Fields& /*trailers*/) override {}
  void on_client_drained() override;
  bool outlives_client_end() const override {
    return answer_.started() && answer_.entry()->is_whole();
  }
  void cancel() override { let_go(); }

 private:
  // What others fetched fits somebody else's request: then it is better to ask for oneself. Or it
  // failed: then nobody asks again.
  static constexpr int kLookupsMax = 3;

  // FillReader
  void on_fill_entry(cache::EntryPtr entry, CacheUse use, const http::Fields& own,
                     bool may_outgrow) override;
  void on_fill_failed(Failure failure) override;
  void on_fill_over() override { fill_ = nullptr; }
  void on_fill_anew(CacheFill& next) override { fill_ = &next; }
  void on_fill_head(http::ResponseHead& head) override;
  void on_fill_body(std::string_view bytes) override { exchange_.write(bytes); }
  void on_fill_end(const http::Fields& trailers) override;
  void on_fill_cut(Failure failure) override;
  std::size_t unsent() const override { return exchange_.unsent(); }
  void on_fill_informational(const http::ResponseHead& head) override {
    exchange_.send_informational(head);
  }

  void look_up(const cache::Want& want);
  void on_stored(cache::EntryPtr entry);
  void validate(cache::EntryPtr entry);
  void refresh(const cache::EntryPtr& entry);
  void join(cache::Join join);
  void on_flight_ended();
  void on_flight_published(cache::EntryPtr entry);
  void on_flight_failed(int code);
  void fetch(cache::Lead lead, bool as_asked);
  void answer(cache::EntryPtr entry, CacheUse use, const http::Fields& own = {});
  CacheStatus status_of(const cache::Entry& entry, CacheUse use, cache::Time now) const;
  bool take_rest();
  void note_backend();
  void let_go();
  // What this request gets is not for others to wait for.
  bool only_for_itself() const { return request_.has_authorization || request_.control.no_store; }
  // Less than the whole: where nothing is stored, the origin's to judge.
  bool wants_less() const {
    const http::RequestHead& request = exchange_.request();
    return request.method == http::Method::Head || request.fields.has(FieldId::IfNoneMatch) ||
           request.fields.has(FieldId::IfModifiedSince) || wants_part();
  }
  bool wants_part() const { return exchange_.request().fields.has(FieldId::Range); }

  exchange::Exchange& exchange_;
  cache::Store& store_;
  const CacheRules& rules_;
  const exchange::Handler& forward_;
  cache::RequestFacts request_;
  cache::Key key_;
  cache::EntryPtr stale_;                // to be validated
  std::string_view forwarded_ = "miss";  // why, if it is
  int forward_status_ = 0;               // what the pool has answered
  CacheFill* fill_ = nullptr;            // borrowed from the worker's set
  bool as_asked_ = false;                // the fetch that is, or was, under way
  bool takes_rest_ = false;              // of what outgrew the store, from the fetch
  cache::Join join_;
  LoopWaiterPtr waiter_;
  int lookups_ = 0;
  CacheRest rest_;
  StoredAnswer answer_;
};

void CacheResponder::start() {
  exchange_.set_cache_use(CacheUse::Miss);  // unless it can be answered
  request_ = request_facts(exchange_.request());
  key_ = store_.key(cache_key_text(exchange_, rules_));
  look_up({});
}

void CacheResponder::on_client_drained() {
  if (rest_.started()) return rest_.on_client_drained();
  if (answer_.started() && !takes_rest_) return answer_.on_client_drained();
  if (fill_ != nullptr) fill_->on_reader_drained();
}

// --- the store ---

void CacheResponder::look_up(const cache::Want& want) {
  if (++lookups_ > kLookupsMax) return fetch({}, true);
  const RequestSelector selector(exchange_.request().fields);
  const cache::Time now = std::time(nullptr);
  const bool alone = request_.control.only_if_cached || only_for_itself();
  Lookup found =
      alone ? store_.find(key_, selector, now) : store_.look_up_or_lead(key_, selector, now, want);
  if (found.kind != Lookup::Kind::Hit && request_.control.only_if_cached) {
    return exchange_.fail({Side::Proxy, Kind::NotCached});
  }
  switch (found.kind) {
    case Lookup::Kind::Hit:
      return on_stored(std::move(found.entry));
    case Lookup::Kind::Lead:
      return fetch(std::move(found.lead), false);
    case Lookup::Kind::Join:
      return join(std::move(found.join));
    case Lookup::Kind::Miss:
      return fetch({}, request_.control.no_store || wants_less());
    case Lookup::Kind::Pass:
    case Lookup::Kind::TooManyWaiters:
      return fetch({}, true);
  }
}

void CacheResponder::on_stored(cache::EntryPtr entry) {
  const cache::Time now = std::time(nullptr);
  switch (cache::judge_use(entry->terms(), request_.control, now, entry->marked_stale())) {
    case cache::Use::Fresh:
      return answer(std::move(entry), CacheUse::Hit);
    case cache::Use::StaleWhileRevalidate:
      refresh(entry);
      return answer(std::move(entry), CacheUse::Stale);
    case cache::Use::StaleAllowed:
      return answer(std::move(entry), CacheUse::Stale);
    case cache::Use::Validate:
      return validate(std::move(entry));
  }
}

void CacheResponder::validate(cache::EntryPtr entry) {
  if (request_.control.only_if_cached) return exchange_.fail({Side::Proxy, Kind::NotCached});
  stale_ = std::move(entry);
  const cache::Use use =
      cache::judge_use(stale_->terms(), {}, std::time(nullptr), stale_->marked_stale());
  forwarded_ = use == cache::Use::Fresh ? "request" : "stale";
  if (only_for_itself() || is_for_one(*stale_)) return fetch({}, false);
  look_up({.stale = stale_.get(), .variant = 0});
}

// At most one for an entry, for which nobody waits; and what is still coming is as new as it gets.
// Nor does a request begin one whose own answer would not be stored, or that wants none of the
// pool: "only-if-cached" would be passed on, and be the 504 of a cache behind us.
void CacheResponder::refresh(const cache::EntryPtr& entry) {
  const bool is_vain = request_.control.no_store || request_.control.only_if_cached ||
                       (request_.has_authorization && !entry->terms().is_public);
  if (is_vain || !entry->is_whole()) return;
  const RequestSelector selector(exchange_.request().fields);
  Lookup found = store_.look_up_or_lead(key_, selector, std::time(nullptr),
                                        {.stale = entry.get(), .counted = false});
  if (found.kind != Lookup::Kind::Lead) return;
  CacheFill::start({store_, forward_, rules_, false}, exchange_, key_, std::move(found.lead), entry,
                   nullptr);
}

// --- somebody else's fetch ---

void CacheResponder::join(cache::Join join) {
  join_ = std::move(join);
  waiter_ = LoopWaiter::create(exchange_.services().loop,
                               Delegate<void()>::of<&CacheResponder::on_flight_ended>(this));
  if (!join_.wait(*waiter_)) on_flight_ended();
}

void CacheResponder::on_flight_ended() {
  if (!join_ || join_.flight().state() == cache::Flight::State::Fetching) return;
  const cache::Flight& flight = join_.flight();
  const cache::Flight::State state = flight.state();
  const int code = state == cache::Flight::State::Failed ? flight.code() : 0;
  cache::EntryPtr entry =
      state == cache::Flight::State::Published ? flight.entry() : cache::EntryPtr();
  waiter_->detach();
  waiter_.reset();
  join_.leave();
  if (entry) return on_flight_published(std::move(entry));
  if (state == cache::Flight::State::Failed) return on_flight_failed(code);
  fetch({}, true);
}

void CacheResponder::on_flight_published(cache::EntryPtr entry) {
  const RequestSelector selector(exchange_.request().fields);
  if (selector.matches(*entry)) {
    if (!is_for_one(*entry)) {
      const bool confirmed = stale_ && stale_->body() && stale_->body() == entry->body();
      forward_status_ = confirmed ? kNotModified : entry->status();
      return answer(std::move(entry), CacheUse::Joined);
    }
    stale_ = std::move(entry);
    return fetch({}, false);
  }
  look_up({.stale = nullptr, .variant = selector.variant_like(*entry)});
}

void CacheResponder::on_flight_failed(int code) {
  const bool may_use_stale = stale_ && !stale_->is_cut() &&
                             cache::may_serve_on_error(stale_->terms(), request_.control,
                                                       std::time(nullptr), stale_->marked_stale());
  if (may_use_stale) return answer(std::move(stale_), CacheUse::Stale);
  if (code < 0) return fetch({}, wants_part());
  const Failure failure = failure_of_flight(code);
  const bool may_lead = lookups_ < kLookupsMax;
  if (is_of_one(failure) && may_lead) return look_up({.stale = stale_.get()});
  exchange_.fail(failure);
}

// --- one's own fetch ---

void CacheResponder::fetch(cache::Lead lead, bool as_asked) {
  as_asked_ = as_asked;
  cache::EntryPtr stale = as_asked ? cache::EntryPtr() : stale_;
  fill_ = CacheFill::start({store_, forward_, rules_, as_asked}, exchange_, key_, std::move(lead),
                           std::move(stale), this);
}

void CacheResponder::on_fill_entry(cache::EntryPtr entry, CacheUse use, const http::Fields& own,
                                   bool may_outgrow) {
  note_backend();
  if (!may_outgrow) fill_ = nullptr;
  answer(std::move(entry), use, own);
}

// From the fetch that this one began and that is not over; from one of its own, where that was
// somebody else's. What has failed without becoming too large was cut at the pool.
bool CacheResponder::take_rest() {
  if (fill_ == nullptr) {
    const cache::EntryPtr& entry = answer_.entry();
    return entry->body()->outgrown() && rest_.start(key_, entry, answer_.sent_bytes());
  }
  takes_rest_ = true;
  fill_->pass_rest();
  return true;
}

void CacheResponder::on_fill_failed(Failure failure) {
  note_backend();
  fill_ = nullptr;
  exchange_.fail(failure);
}

void CacheResponder::on_fill_head(http::ResponseHead& head) {
  constexpr int kOk = 200;
  constexpr std::uint64_t kWholeAllTheSame = 256 * 1024;
  const bool small =
      head.body.kind == http::BodyKind::Length && head.body.length <= kWholeAllTheSame;
  const bool is_head = exchange_.request().method == http::Method::Head;
  // The whole was asked for, to be stored; now that it is not, less will do: a part, or that the
  // client has it already.
  if (!as_asked_ && !is_head && wants_less() && head.status == kOk && !small) {
    std::exchange(fill_, nullptr)->leave();
    return fetch({}, true);
  }
  note_backend();
  http::ResponseHead& own = exchange_.response_slot();
  own = head;
  own.keep_alive = true;
  own.fields.add(FieldId::CacheStatus, cache_status_of({.forwarded = forwarded_}, exchange_));
  exchange_.set_cache_use(CacheUse::Pass);
  const bool was_get = is_head && !as_asked_;
  if (was_get) {
    own.body = own.body.kind == http::BodyKind::Length
                   ? http::framing_of(own.status, own.body.length, true)
                   : http::BodyFraming{};
  }
  exchange_.send_head(own);
  if (!was_get) return;
  std::exchange(fill_, nullptr)->leave();
  exchange_.finish();
}

void CacheResponder::on_fill_end(const http::Fields& trailers) {
  fill_ = nullptr;
  exchange_.finish(trailers);
}

void CacheResponder::on_fill_cut(Failure failure) {
  fill_ = nullptr;
  exchange_.fail(failure);
}

void CacheResponder::note_backend() {
  const exchange::Exchange& inner = fill_->inner();
  forward_status_ = fill_->status();
  exchange_.backend_trace() = inner.backend_trace();
}

// --- the answer ---

void CacheResponder::answer(cache::EntryPtr entry, CacheUse use, const http::Fields& own) {
  const cache::Time now = std::time(nullptr);
  put_stored_head(exchange_, *entry);
  // RFC 9111 5.1: it says that the origin neither made nor validated this for this request.
  const bool is_of_origin = use == CacheUse::Miss || use == CacheUse::Revalidated;
  if (!is_of_origin || cache::age_of(entry->terms(), now) > 0) add_age(exchange_, *entry, now);
  for (const http::Field& field : own) {
    exchange_.response_slot().fields.add(exchange_.arena().copy(field.name),
                                         exchange_.arena().copy(field.value), field.id);
  }
  exchange_.set_cache_use(use);
  exchange_.response_slot().fields.add(FieldId::CacheStatus,
                                       cache_status_of(status_of(*entry, use, now), exchange_));
  answer_.start(std::move(entry), StoredAnswer::Of::Response);
}

// What is used stale because the pool gave no answer is a hit, too (RFC 9211 2.1).
CacheStatus CacheResponder::status_of(const cache::Entry& entry, CacheUse use,
                                      cache::Time now) const {
  CacheStatus status;
  status.ttl = cache::freshness_left(entry.terms(), now);
  if (use == CacheUse::Hit || forward_status_ == 0) return status;
  status.forwarded = forwarded_;
  const bool is_sent = forward_status_ == entry.status() && !wants_less();
  status.forward_status = is_sent ? 0 : forward_status_;
  status.collapsed = use == CacheUse::Joined;
  status.stored = use == CacheUse::Miss;
  return status;
}

void CacheResponder::let_go() {
  answer_.stop();
  rest_.stop();
  if (fill_ != nullptr) std::exchange(fill_, nullptr)->leave();
  if (!waiter_) return;
  waiter_->detach();
  join_.stop_waiting(*waiter_);
  waiter_.reset();
  join_.leave();
}

}  // namespace

ArenaPtr<exchange::Responder> ForwardCache::respond(exchange::Exchange& exchange) const {
  // The pool does not see them: a response must not be found by what was not asked with.
  http::strip_nominated(exchange.request().fields);
  if (bypasses_cache(exchange, *rules_)) {
    exchange.set_cache_use(CacheUse::Bypass);
    const cache::RequestFacts request = request_facts(exchange.request());
    const bool is_unsafe = request.method == cache::Method::Unsafe;
    if (request.control.only_if_cached && !is_unsafe) {
      return exchange.arena().make<OnlyIfCached>(exchange);
    }
    const bool tells_head =
        request.method == cache::Method::Head && !is_beside_cache(exchange, *rules_);
    if (is_unsafe || tells_head) exchange.set_cache_key(cache_key_text(exchange, *rules_));
    return forward_->respond(exchange);
  }
  return exchange.arena().make<CacheResponder>(exchange, store_, *rules_, *forward_);
}

}  // namespace sluice::handlers
