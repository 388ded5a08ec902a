// SPDX-License-Identifier: MIT
// StoredAnswer: one stored response on its way to one client: the part of it that the request asks
// for, as far as it is there, and the rest as it comes. A member of its exchange's responder;
// single-threaded.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "cache/body.h"
#include "cache/entry.h"
#include "cache/store.h"
#include "proxy/exchange/exchange.h"
#include "proxy/handlers/body_plan.h"
#include "proxy/handlers/coded_copy.h"
#include "proxy/handlers/loop_waiter.h"

namespace sluice::handlers {

class StoredAnswer final : private net::Requeued, private CodedCopy::Source {
 public:
  // What is stored: a response of the pool, or a file, which is no cache's to judge.
  enum class Of : std::uint8_t { Response, File };

  // Borrows both, and ends the exchange.
  // `on_cut`: the body ends before its end, and all that it holds was sent. True: somebody else
  // goes on from there. Optional.
  StoredAnswer(exchange::Exchange& exchange, cache::Store& store, Delegate<bool()> on_cut = {})
      : exchange_(exchange), on_cut_(on_cut), coded_(exchange, store, *this) {}
  ~StoredAnswer() { stop(); }

  // REQUIRES: put_stored_head() has prepared the head, and nothing was sent before.
  void start(cache::EntryPtr entry, Of of);
  bool started() const { return static_cast<bool>(entry_); }
  // REQUIRES: started. For who goes on: what is sent, and how much of its body.
  const cache::EntryPtr& entry() const { return entry_; }
  std::uint64_t sent_bytes() const { return cursor_.offset(); }

  void on_client_drained() { send_some(); }

  // Nothing is sent any more.
  void stop();

 private:
  // net::Requeued
  void on_requeued() override { send_some(); }

  // CodedCopy::Source
  CodedCopy::Source::Name name() override;
  void send_instead(cache::BodyPtr copy) override;

  int choose(Of of);
  void send_head(int status);
  void send_some();
  bool is_cut();
  void on_cut();
  // The next bytes that are there; empty, with *ended, when all is sent.
  std::string_view next(bool* ended);
  // False where there is news already.
  bool wait();
  void on_news();

  exchange::Exchange& exchange_;
  const Delegate<bool()> on_cut_;
  cache::EntryPtr entry_;
  cache::Cursor cursor_;  // of its body, or of that in another coding
  CodedCopy coded_;
  BodyPlan plan_;
  LoopWaiterPtr waiter_;
  bool size_known_ = true;
  bool sending_ = false;
};

}  // namespace sluice::handlers
