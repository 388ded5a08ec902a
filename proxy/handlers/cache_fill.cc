// SPDX-License-Identifier: MIT
#include "proxy/handlers/cache_fill.h"

#include <algorithm>
#include <ctime>
#include <memory>
#include <optional>
#include <utility>

#include "proxy/base/check.h"
#include "proxy/handlers/stored_head.h"
#include "proxy/http/media_type.h"

namespace sluice::handlers {

namespace {

using exchange::CacheUse;
using exchange::Failure;
using exchange::Kind;
using exchange::Side;
using http::FieldId;

constexpr int kNotModified = 304;

// For how long nobody waits for another's fetch of what could not be stored (Varnish's
// hit-for-miss). After an error, or for want of room, it is only to outlive those who wait already.
constexpr cache::Time kMarkSeconds = 120;
constexpr cache::Time kMarkBrieflySeconds = 1;
// What outgrew the store once would again cut those who wait for it, so nobody does for long; that
// it no longer outgrows it is seen, and the mark gone, by whoever fetches it for himself.
constexpr cache::Time kMarkOutgrownSeconds = 60 * 60;

// What announces no length may become so large though there is no room left: most pages are
// smaller, and are never cut for it.
constexpr std::uint64_t kLittleBytes = std::uint64_t{1} << 20;

// What was judged by the request says nothing of the next one for the same key. Parts, and what
// answers conditions, come of fields that we did not know.
bool is_of_request(const cache::RequestFacts& request, cache::Storing why, int status) {
  constexpr int kPreconditionFailed = 412;
  constexpr int kUnsatisfiable = 416;
  if (request.has_authorization && why != cache::Storing::Allowed) return true;
  return why == cache::Storing::Method || why == cache::Storing::RequestNoStore ||
         why == cache::Storing::Partial || status == kNotModified ||
         status == kPreconditionFailed || status == kUnsatisfiable;
}

// What make_entry() leaves out because the response says so: private="...", no-cache="...".
http::Fields unstored_fields(const cache::Judgement& judgement, const http::Fields& fields) {
  http::Fields own;
  for (const http::Field& field : fields) {
    if (cache::is_unstored(judgement, field.name)) own.add(field.name, field.value, field.id);
  }
  return own;
}

// Says nothing of the resource.
bool is_transient(int status) {
  constexpr int kServerErrors = 500;
  return cache::blames_request(status) || status >= kServerErrors;
}

}  // namespace

int flight_code_of(const Failure& failure) {
  return static_cast<int>(failure.side) << 16 | static_cast<int>(failure.kind) << 8 |
         static_cast<int>(failure.message);
}

Failure failure_of_flight(int code) {
  return {static_cast<Side>(code >> 16 & 0xff), static_cast<Kind>(code >> 8 & 0xff),
          static_cast<http::BadMessage>(code & 0xff)};
}

CacheFill* CacheFill::start(const FillOptions& options, const exchange::Exchange& origin,
                            const cache::Key& key, cache::Lead lead, cache::EntryPtr stale,
                            FillReader* reader) {
  auto* const fill = new CacheFill(options, origin, key);
  fill->services_.detached.add(std::unique_ptr<exchange::Detached>(fill));
  fill->lead_ = std::move(lead);
  fill->stale_ = std::move(stale);
  fill->reader_ = reader;
  fill->conditional_ = fill->stale_ && options.conditional &&
                       add_conditions(*fill->stale_, fill->inner_->request().fields);
  fill->services_.loop.call_again(*fill);
  return fill;
}

CacheFill::CacheFill(const FillOptions& options, const exchange::Exchange& origin,
                     const cache::Key& key)
    : store_(options.store),
      forward_(options.forward),
      rules_(options.rules),
      as_asked_(options.as_asked),
      keep_(options.keep),
      services_(origin.services()),
      info_(origin.client()),
      key_hash_(key.hash),
      key_text_(key.text),
      inner_(begin_inner(origin)),
      request_(request_facts(inner_->request())),
      request_fields_(inner_->request().fields),
      purges_before_(store_.purges(key)) {}

// The pool is told the host as the key has it: by what is not in the key no response may differ.
ObjectPool<exchange::Exchange>::Handle CacheFill::begin_inner(const exchange::Exchange& origin) {
  auto inner = services_.exchanges.take();
  inner->start_fetch(*this, info_, origin);
  http::RequestHead& request = inner->request();
  request.authority = cache::authority_of(key_text_);
  request.host = cache::host_of(key_text_);
  if (as_asked_) return inner;
  request.method = http::Method::Get;
  request.method_text = "GET";
  remove_conditions(request.fields);
  return inner;
}

// --- the reader and the worker ---

void CacheFill::leave() {
  reader_ = nullptr;
  // What nobody else can use is not fetched any further.
  const bool useless =
      mode_ == Mode::Passing || mode_ == Mode::Outgrown || (mode_ == Mode::Waiting && !lead_);
  if (useless) stop_fetching();
}

void CacheFill::pass_rest() {
  CHECK(mode_ == Mode::Outgrown && reader_ != nullptr);
  mode_ = Mode::Passing;
  if (!rest_.empty()) reader_->on_fill_body(rest_);
  if (rest_end_ == RestEnd::Open) return inner_->on_client_drained();
  FillReader* const reader = std::exchange(reader_, nullptr);
  retire();
  rest_end_ == RestEnd::Complete ? reader->on_fill_end({}) : reader->on_fill_cut(inner_->failure());
}

void CacheFill::abandon() {
  reader_ = nullptr;
  stop_fetching();
}

void CacheFill::stop_fetching() {
  mode_ = Mode::Over;
  cut();
  net::Requeued::ListHook<net::RequeueTag>::unlink();
  if (rest_end_ != RestEnd::Open) return retire();
  inner_->on_client_failed({Side::Client, Kind::Aborted});
}

// What is shown first, so that nobody joins what is cut.
void CacheFill::cut() {
  lead_.fail(cache::Flight::kAbandoned);
  writer_.fail();
}

void CacheFill::retire() {
  services_.detached.retire(*this, services_.loop);
}

// --- the response ---

void CacheFill::send_informational(const http::ResponseHead& head) {
  if (reader_ != nullptr) reader_->on_fill_informational(head);
}

void CacheFill::send_head(const http::ResponseHead& head) {
  if (mode_ == Mode::Over) return;
  if (inner_->failure()) return on_failed(inner_->failure());
  status_ = head.status;
  if (head.status == kNotModified && conditional_) return on_not_modified(head);
  if (cache::is_error_status(head.status) && serve_stale({})) return stop_fetching();
  const cache::Judgement judgement = judge(head);
  if (const auto why = store(head, judgement)) pass(head, *why);
}

void CacheFill::on_failed(const Failure& failure) {
  mode_ = Mode::Over;
  if (serve_stale(failure)) return;
  lead_.fail(flight_code_of(failure));
  if (reader_ != nullptr) std::exchange(reader_, nullptr)->on_fill_failed(failure);
}

// RFC 5861 4. Those who joined judge by their own requests.
bool CacheFill::serve_stale(const Failure& failure) {
  if (!stale_ || stale_->is_cut()) return false;
  const cache::Time now = std::time(nullptr);
  if (!cache::may_serve_on_error(stale_->terms(), request_.control, now, stale_->marked_stale())) {
    return false;
  }
  if (lead_) lead_.fail(failure ? flight_code_of(failure) : kFlightOriginError);
  give(stale_, CacheUse::Stale);
  return true;
}

void CacheFill::on_not_modified(const http::ResponseHead& head) {
  mode_ = Mode::Over;
  if (stale_->is_cut() || !confirms(*stale_, head.fields)) return ask_anew();
  http::ResponseHead fresh;
  freshen(*stale_, head, fresh);
  const cache::Judgement judgement = judge(fresh);
  const bool allowed = judgement.storing == cache::Storing::Allowed;
  cache::EntryPtr entry =
      make_entry({key(), fresh, judgement, request_fields_, rules_, stale_->body()});
  if (!entry) entry = stale_;
  if (!allowed && !is_of_request(request_, judgement.storing, stale_->status())) {
    store_.remove_entry(*stale_);
  }
  const bool storable = allowed && entry != stale_;
  if (!lead_) {
    if (storable) store_.replace(stale_, entry, purges_before_);
  } else if (storable) {
    lead_.publish_validated(entry);
  } else {
    lead_.uncacheable(0);
  }
  give(std::move(entry), CacheUse::Revalidated, unstored_fields(judgement, head.fields));
}

// Another one was confirmed, or one that was cut meanwhile. Who waits goes on to wait.
void CacheFill::ask_anew() {
  FillReader* const reader = std::exchange(reader_, nullptr);
  CacheFill* const next =
      start({.store = store_, .forward = forward_, .rules = rules_, .conditional = false}, *inner_,
            key(), std::move(lead_), std::move(stale_), reader);
  if (reader != nullptr) reader->on_fill_anew(*next);
}

cache::Judgement CacheFill::judge(const http::ResponseHead& head) const {
  return handlers::judge(request_, head, rules_, services_.loop.now() - inner_->times().begin);
}

std::optional<CacheFill::Unstored> CacheFill::why_unstored(
    const http::ResponseHead& head, const cache::Judgement& judgement) const {
  const bool counted = head.body.kind == http::BodyKind::Length;
  if (!keep_) return Unstored::Request;
  if (is_of_request(request_, judgement.storing, head.status)) return Unstored::Request;
  const bool is_allowed = judgement.storing == cache::Storing::Allowed;
  const bool is_large = counted && head.body.length > rules_.object_bytes_max;
  if (!is_allowed || is_large || http::is_live(head.fields)) {
    return is_transient(head.status) ? Unstored::Moment : Unstored::Key;
  }
  if (stands_in_for(head.status)) return Unstored::Moment;
  const std::uint64_t expected = counted ? head.body.length : kLittleBytes;
  const bool has_room = store_.has_room_for(std::min(expected, rules_.object_bytes_max));
  return head.body.has_body() && !has_room ? std::optional(Unstored::Moment) : std::nullopt;
}

// None: it is stored, or will be.
std::optional<CacheFill::Unstored> CacheFill::store(const http::ResponseHead& head,
                                                    const cache::Judgement& judgement) {
  if (const auto why = why_unstored(head, judgement)) return why;
  replaces_ = true;
  const bool counted = head.body.kind == http::BodyKind::Length;
  if (head.body.has_body()) {
    writer_ = store_.new_body(counted ? std::optional(head.body.length) : std::nullopt);
  }
  entry_ = make_entry({key(), head, judgement, request_fields_, rules_,
                       writer_ ? writer_.body() : cache::BodyPtr()});
  if (!entry_) {
    writer_.fail();
    return Unstored::Moment;  // what this request selects by is too long for a key
  }
  mode_ = Mode::Storing;
  // What refreshes behind clients' backs is found when it is whole: until then there is something
  // to answer with, but for who waits for it. Nor does what may outgrow the store lift the mark of
  // its key.
  const bool refreshes = lead_ && reader_ == nullptr && stale_;
  when_whole_ = writer_ && (refreshes || (!lead_ && !counted));
  if (!when_whole_) publish();
  if (when_whole_ && lead_) lead_.show(entry_);
  give(entry_, CacheUse::Miss, unstored_fields(judgement, head.fields));
  return std::nullopt;
}

// Whether what is stored may stand in for such a response, if not for whoever began this.
bool CacheFill::stands_in_for(int status) const {
  return stale_ && !stale_->is_cut() && cache::is_error_status(status) &&
         cache::may_serve_on_error(stale_->terms(), {}, std::time(nullptr), stale_->marked_stale());
}

void CacheFill::publish() {
  when_whole_ = false;
  lead_ ? lead_.publish(entry_) : static_cast<void>(store_.insert(entry_, purges_before_));
}

void CacheFill::give(cache::EntryPtr entry, CacheUse use, const http::Fields& own) {
  if (reader_ == nullptr) return;
  FillReader* const reader = reader_;
  const bool may_outgrow = writer_ && !writer_.body()->announced();
  if (!may_outgrow) reader_ = nullptr;
  reader->on_fill_entry(std::move(entry), use, own, may_outgrow);
}

void CacheFill::pass(const http::ResponseHead& head, Unstored why) {
  const cache::Time now = std::time(nullptr);
  // It takes the place of what was to be validated, though it is not stored itself.
  if (stale_ && why == Unstored::Key) store_.remove_entry(*stale_);
  if (lead_ && stale_ && cache::is_error_status(head.status)) {
    lead_.fail(kFlightOriginError);
  } else if (lead_ && why == Unstored::Request) {
    lead_.uncacheable(0);
  } else if (lead_) {
    lead_.uncacheable(now + (why == Unstored::Key ? kMarkSeconds : kMarkBrieflySeconds));
  }
  mode_ = Mode::Passing;
  if (reader_ == nullptr) return stop_fetching();
  http::ResponseHead copy = head;
  reader_->on_fill_head(copy);
}

void CacheFill::write(std::string_view bytes) {
  if (mode_ == Mode::Passing && reader_ != nullptr) return reader_->on_fill_body(bytes);
  if (mode_ == Mode::Outgrown) rest_.append(bytes);
  if (mode_ != Mode::Storing || !writer_) return;
  writer_.append(bytes);
  if (!writer_ || writer_.body()->announced()) return;
  const std::uint64_t size = writer_.body()->available();
  const bool crowded = size > kLittleBytes && !store_.has_room_for(0);
  if (crowded || size > rules_.object_bytes_max) outgrow(crowded);
}

// A body whose length nobody announced. It is not kept, so that memory has a bound: who began the
// fetch gets the rest from here, at his own pace; those who joined ask for theirs (CacheRest).
// Where only room is wanting, what it was to replace stands again.
void CacheFill::outgrow(bool crowded) {
  const cache::Time now = std::time(nullptr);
  if (!crowded) {
    store_.remove_body(*writer_.body(), key());  // of what was freshened meanwhile, too
    if (stale_) store_.remove_entry(*stale_);
    if (!lead_) store_.mark_uncacheable(key(), now + kMarkOutgrownSeconds);
  }
  replaces_ = false;
  if (lead_) lead_.uncacheable(now + (crowded ? kMarkBrieflySeconds : kMarkOutgrownSeconds));
  writer_.outgrow();
  mode_ = reader_ == nullptr ? Mode::Over : Mode::Outgrown;
  // Not within write(), whose caller is the fetch itself.
  if (reader_ == nullptr) services_.loop.call_again(*this);
}

// While it is Outgrown, more than anybody's watermark: the backend is paused.
std::size_t CacheFill::unsent() const {
  if (mode_ == Mode::Outgrown) return SIZE_MAX;
  return mode_ == Mode::Passing && reader_ != nullptr ? reader_->unsent() : 0;
}

// Upgrades bypass the cache.
void CacheFill::open_tunnel(const http::ResponseHead& /*head*/) {
  CHECK(false);
}

// RFC 9111 4.3.3: what was asked about does not fit the request any more, though it may vary by
// other fields, so that what is stored now does not stand in its place.
void CacheFill::finish(const http::Fields& trailers) {
  if (mode_ == Mode::Storing && writer_) {
    writer_.finish();
    if (when_whole_) publish();
  }
  if (replaces_ && stale_) store_.remove_entry(*stale_);
  if (mode_ == Mode::Outgrown) rest_end_ = RestEnd::Complete;
  if (mode_ == Mode::Passing && reader_ != nullptr) {
    std::exchange(reader_, nullptr)->on_fill_end(trailers);
  }
}

void CacheFill::abort() {
  cut();
  if (mode_ == Mode::Outgrown) rest_end_ = RestEnd::Cut;
  if (mode_ == Mode::Passing && reader_ != nullptr) {
    std::exchange(reader_, nullptr)->on_fill_cut(inner_->failure());
  }
}

// What is Outgrown lives until its reader has had the rest, or leaves.
void CacheFill::exchange_over() {
  if (mode_ == Mode::Outgrown) return;
  mode_ = Mode::Over;
  net::Requeued::ListHook<net::RequeueTag>::unlink();
  retire();
  if (reader_ != nullptr) std::exchange(reader_, nullptr)->on_fill_over();
}

}  // namespace sluice::handlers
