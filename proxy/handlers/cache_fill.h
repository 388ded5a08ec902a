// SPDX-License-Identifier: MIT
// CacheFill: one fetch for the cache. It is the client of an exchange of its own, which asks the
// pool as any other would, and pours the response into an Entry; whoever wants it, the exchange
// that began it included, reads that Entry. So the fetch goes on when that one leaves. What turns
// out not to be stored is handed to the exchange that began it, byte by byte.
//
// Ownership: by the worker's set of detached work, until it ends. It borrows its reader, who leaves
// (leave()) before it dies, and is let go of with the last event. What FillOptions refers to is
// part of the Rules of the exchange that begins the fetch, which the fetch keeps. Single-threaded.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "cache/body.h"
#include "cache/entry.h"
#include "cache/flight.h"
#include "cache/policy.h"
#include "cache/store.h"
#include "proxy/base/object_pool.h"
#include "proxy/exchange/client_stream.h"
#include "proxy/exchange/detached.h"
#include "proxy/exchange/exchange.h"
#include "proxy/exchange/failure.h"
#include "proxy/handlers/cache_rules.h"

namespace sluice::handlers {

class CacheFill;

// The exchange that began a fetch. Exactly one of on_fill_entry(), on_fill_failed() and
// on_fill_head() comes, unless it leaves; the first two are the last it hears, but for an entry
// that may outgrow the store.
class FillReader {
 public:
  // There is an Entry to answer with, whose body may still grow. `use`: Miss, Revalidated or Stale.
  // `own`: fields that are not stored, and for this reader alone; they hold during the call.
  // `may_outgrow`: nobody announced the length, so the reader still hears on_fill_over(), or may
  // ask for the rest of what was too large to be kept (CacheFill::pass_rest()).
  virtual void on_fill_entry(cache::EntryPtr entry, exchange::CacheUse use, const http::Fields& own,
                             bool may_outgrow) = 0;
  virtual void on_fill_failed(exchange::Failure failure) = 0;
  // The body of an entry that might have outgrown the store is complete, or cut.
  virtual void on_fill_over() = 0;
  // Nothing is known yet: the origin confirmed what is not the stored response, or is not whole.
  // `next` asks it without conditions, and stands for this fetch, which is not to be used any more.
  virtual void on_fill_anew(CacheFill& next) = 0;
  // The response is the reader's alone: this, the body, and then its end or a cut.
  virtual void on_fill_head(http::ResponseHead& head) = 0;
  virtual void on_fill_body(std::string_view bytes) = 0;
  virtual void on_fill_end(const http::Fields& trailers) = 0;
  virtual void on_fill_cut(exchange::Failure failure) = 0;
  // What the reader has taken of the body and not yet sent.
  virtual std::size_t unsent() const = 0;
  virtual void on_fill_informational(const http::ResponseHead& head) = 0;

 protected:
  ~FillReader() = default;
};

struct FillOptions {
  cache::Store& store;
  const exchange::Handler& forward;
  const CacheRules& rules;
  // The request's own conditions and ranges, which only the pool can answer, stay.
  bool as_asked = false;
  // Off: whatever comes is the reader's alone.
  bool keep = true;
  // Off: what is stale is not asked about, but only to be replaced.
  bool conditional = true;
};

class CacheFill final : public exchange::Detached,
                        private exchange::ClientStream,
                        private net::Requeued {
 public:
  // On behalf of `origin`, which waits in `reader` (null: nobody waits). `lead` may be empty: then
  // nobody else waits. `stale`: an entry to validate, or none. Events come later, from the loop.
  static CacheFill* start(const FillOptions& options, const exchange::Exchange& origin,
                          const cache::Key& key, cache::Lead lead, cache::EntryPtr stale,
                          FillReader* reader);

  // The exchange that asks the pool, for what it knows of the backend.
  const exchange::Exchange& inner() const { return *inner_; }
  // What the pool answered; 0: nothing.
  int status() const { return status_; }

  // The reader's: it has room again; it does not listen any more.
  void on_reader_drained() { inner_->on_client_drained(); }
  void leave();
  // The reader has all that the body of its entry holds, which became too large to be kept: the
  // rest comes to it alone, as of a response that is not stored. REQUIRES: no on_fill_over() came.
  void pass_rest();

  // exchange::Detached
  void abandon() override;

 private:
  enum class Mode : std::uint8_t {
    Waiting,
    Storing,
    Outgrown,  // too large to be kept, or no room: paused until the reader asks for the rest
    Passing,
    Over
  };
  // What it says of the next response for the key that this one is not stored.
  enum class Unstored : std::uint8_t {
    Key,      // nor will that be
    Moment,   // an error, somebody's bad request, or no room: soon it may
    Request,  // nothing: this request alone was in the way
  };
  // How the response ended while it was Outgrown.
  enum class RestEnd : std::uint8_t { Open, Complete, Cut };

  CacheFill(const FillOptions& options, const exchange::Exchange& origin, const cache::Key& key);
  ObjectPool<exchange::Exchange>::Handle begin_inner(const exchange::Exchange& origin);

  // net::Requeued: the begin of the fetch, or its end.
  void on_requeued() override {
    mode_ == Mode::Waiting ? inner_->respond_with(forward_) : stop_fetching();
  }

  // exchange::ClientStream
  void pause() override {}
  void resume() override {}
  void write(std::string_view bytes) override;
  std::size_t unsent() const override;
  void send_informational(const http::ResponseHead& head) override;
  void send_head(const http::ResponseHead& head) override;
  void open_tunnel(const http::ResponseHead& head) override;
  void shut() override {}
  void finish(const http::Fields& trailers) override;
  void abort() override;
  void exchange_over() override;

  void on_failed(const exchange::Failure& failure);
  bool serve_stale(const exchange::Failure& failure);
  void on_not_modified(const http::ResponseHead& head);
  void ask_anew();
  cache::Judgement judge(const http::ResponseHead& head) const;
  // None: nothing is against it.
  std::optional<Unstored> why_unstored(const http::ResponseHead& head,
                                       const cache::Judgement& judgement) const;
  std::optional<Unstored> store(const http::ResponseHead& head, const cache::Judgement& judgement);
  bool stands_in_for(int status) const;
  void pass(const http::ResponseHead& head, Unstored why);
  void give(cache::EntryPtr entry, exchange::CacheUse use, const http::Fields& own = {});
  void publish();
  void outgrow(bool crowded);
  void stop_fetching();
  void cut();
  void retire();
  cache::Key key() const { return {key_hash_, key_text_}; }

  cache::Store& store_;
  const exchange::Handler& forward_;
  const CacheRules& rules_;
  const bool as_asked_;
  const bool keep_;
  bool conditional_ = false;  // it asks whether what is stale still holds
  exchange::Services& services_;
  const exchange::ClientInfo info_;
  const std::uint64_t key_hash_;
  const std::string key_text_;
  ObjectPool<exchange::Exchange>::Handle inner_;
  // As the client sent it: what is forwarded may differ.
  const cache::RequestFacts request_;
  const http::Fields request_fields_;
  const std::uint64_t purges_before_;  // of the key
  cache::Lead lead_;
  cache::EntryPtr stale_;
  FillReader* reader_ = nullptr;
  cache::EntryPtr entry_;
  cache::BodyWriter writer_;
  bool when_whole_ = false;  // only then others find it
  bool replaces_ = false;    // what was stale, once it has come whole
  std::string rest_;         // what came before the pause took effect
  RestEnd rest_end_ = RestEnd::Open;
  Mode mode_ = Mode::Waiting;
  int status_ = 0;
};

// How the code of a failed flight says why, for those who joined it.
int flight_code_of(const exchange::Failure& failure);
exchange::Failure failure_of_flight(int code);
// The pool answered a validation with an error: who may not use what is stale asks for himself.
inline constexpr int kFlightOriginError = -2;

}  // namespace sluice::handlers
