// SPDX-License-Identifier: MIT
// StoredAnswer: one stored response on its way to one client: the part of it that the request asks
// for, as far as it is there, and the rest as it comes. A member of its exchange's responder;
// single-threaded.
#pragma once

#include <cstddef>
#include <cstdint>

#include "cache/body.h"
#include "cache/entry.h"
#include "proxy/exchange/exchange.h"
#include "proxy/handlers/body_plan.h"
#include "proxy/handlers/loop_waiter.h"

namespace sluice::handlers {

class StoredAnswer final : private net::Requeued {
 public:
  // Borrows the exchange, and ends it.
  explicit StoredAnswer(exchange::Exchange& exchange) : exchange_(exchange) {}
  ~StoredAnswer() { stop(); }

  // REQUIRES: put_stored_head() has prepared the head, and nothing was sent before.
  void start(cache::EntryPtr entry);
  bool started() const { return static_cast<bool>(entry_); }

  void on_client_drained() { send_some(); }

  // Nothing is sent any more.
  void stop();

 private:
  // net::Requeued
  void on_requeued() override { send_some(); }

  int choose();
  void send_head(int status);
  void send_some();
  // The next bytes that are there; empty, with *ended, when all is sent.
  std::string_view next(bool* ended);
  // False where there is news already.
  bool wait();
  void on_news();

  exchange::Exchange& exchange_;
  cache::EntryPtr entry_;
  cache::Cursor cursor_;
  BodyPlan plan_;
  LoopWaiterPtr waiter_;
  bool size_known_ = true;
  bool sending_ = false;
};

}  // namespace sluice::handlers
