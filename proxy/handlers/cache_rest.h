// SPDX-License-Identifier: MIT
// CacheRest: the rest of a stored response that became too large to be kept, for an exchange that
// did not begin its fetch and has sent all that the store had of it. It asks the pool for the whole
// once more, keeps none of it, and leaves out what was sent.
//
// Only what is provably the same response is continued (RFC 9110 8.8.1): by its strong entity tag
// or, without any tag, by a Last-Modified that is as good as one. The other is cut. It asks for no
// range: who announces no length rarely serves one, and what it would spare is max_object at most.
//
// A member of its exchange's responder; single-threaded.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "cache/entry.h"
#include "cache/key.h"
#include "proxy/exchange/exchange.h"
#include "proxy/handlers/cache_fill.h"

namespace sluice::handlers {

class CacheRest final : private FillReader {
 public:
  // Borrows all, and ends the exchange.
  CacheRest(exchange::Exchange& exchange, const FillOptions& options);
  ~CacheRest() { stop(); }
  CacheRest(const CacheRest&) = delete;
  CacheRest& operator=(const CacheRest&) = delete;

  // False, and nothing happens, where nothing could prove that another response is the same.
  // REQUIRES: the entry's head and the first `sent_bytes` of its body were sent; called once.
  bool start(const cache::Key& key, const cache::EntryPtr& entry, std::uint64_t sent_bytes);
  bool started() const { return static_cast<bool>(entry_); }
  void on_client_drained() {
    if (fill_ != nullptr) fill_->on_reader_drained();
  }
  // May be called twice.
  void stop();

 private:
  // FillReader: of what is not kept, only a failure, or a head and what follows it.
  void on_fill_entry(cache::EntryPtr entry, exchange::CacheUse use, const http::Fields& own,
                     bool may_outgrow) override;
  void on_fill_failed(exchange::Failure failure) override;
  void on_fill_over() override;
  void on_fill_anew(CacheFill& next) override;
  void on_fill_head(http::ResponseHead& head) override;
  void on_fill_body(std::string_view bytes) override;
  void on_fill_end(const http::Fields& trailers) override;
  void on_fill_cut(exchange::Failure failure) override;
  std::size_t unsent() const override { return exchange_.unsent(); }
  void on_fill_informational(const http::ResponseHead& /*head*/) override {}

  void cut();

  exchange::Exchange& exchange_;
  const FillOptions options_;
  CacheFill* fill_ = nullptr;  // borrowed from the worker's set
  cache::EntryPtr entry_;
  std::uint64_t left_out_bytes_ = 0;  // still to come, and sent before
};

}  // namespace sluice::handlers
