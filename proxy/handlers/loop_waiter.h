// SPDX-License-Identifier: MIT
// LoopWaiter: a cache::Waiter that brings its news to an object of one worker, through that
// worker's loop. The object detaches it before it ends; news that is under way then finds nobody.
//
// Threading: wake() is for any thread, the rest for the loop's.
#pragma once

#include <atomic>

#include "cache/waiter.h"
#include "proxy/base/delegate.h"
#include "proxy/exchange/services.h"

namespace sluice::handlers {

class LoopWaiter final : public cache::Waiter {
 public:
  // `on_news` is called from the loop, once for all that woke it since.
  static cache::CountedPtr<LoopWaiter> create(net::EventLoop& loop, Delegate<void()> on_news) {
    return cache::CountedPtr<LoopWaiter>::adopt(new LoopWaiter(loop, on_news));
  }

  void wake() override {
    if (posted_.exchange(true)) return;
    loop_.post([self = cache::CountedPtr<LoopWaiter>(this)] { self->deliver(); });
  }

  // From now on nobody is told.
  void detach() { on_news_ = {}; }

 private:
  LoopWaiter(net::EventLoop& loop, Delegate<void()> on_news) : loop_(loop), on_news_(on_news) {}

  void deliver() {
    posted_.store(false);
    if (on_news_) on_news_();
  }

  net::EventLoop& loop_;
  Delegate<void()> on_news_;
  std::atomic<bool> posted_{false};
};

using LoopWaiterPtr = cache::CountedPtr<LoopWaiter>;

}  // namespace sluice::handlers
