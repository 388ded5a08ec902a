// SPDX-License-Identifier: MIT
// EventLoop: one thread's loop, over one libevent base. A turn is
//
//   let the cached clock go stale -> wait and run the events that are ready -> run what is new or
//   was held, then what was requeued -> flush pending writes -> destroy what was retired
//
// Only the loop destroys (retire), so no callback ever finds its own object gone; commands only
// buffer and arm (Flushable), so no command ever calls back. libevent gives readiness and one
// timer; its buffers, DNS and HTTP are not used (proxy/net is the only folder that includes it).
//
// Threading: everything but post() belongs to the thread that calls run(). What is registered with
// a loop dies before it, except what was retired.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "proxy/base/buffer.h"
#include "proxy/base/intrusive_list.h"
#include "proxy/net/timer.h"

struct event_base;

namespace sluice::net {

class FdEvent;

// What may be handed to retire().
class Retired {
 public:
  virtual ~Retired() = default;
};

// Something with output to write at the end of the turn.
class Flushable : public ListHook<struct FlushTag> {
 public:
  virtual void on_flush() = 0;

 protected:
  ~Flushable() = default;
};

// Something that wants to be called again although no event will come: for bytes left unread by a
// byte budget, or by a pause that is over; or for those that it held.
class Requeued : public ListHook<struct RequeueTag> {
 public:
  virtual void on_requeued() = 0;

 protected:
  ~Requeued() = default;
};

class EventLoop {
 public:
  static constexpr std::size_t kScratchBytes = 64 * 1024;

  EventLoop();
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;
  ~EventLoop();

  // Turns until stop(), and sleeps where there is neither an event nor a timer to wait for. stop()
  // may be called from within; the turn is finished first. Each stop() ends one run(), the next one
  // if none is going on.
  void run();
  void stop() { stopping_ = true; }

  // A single turn, for a caller with conditions of its own. Waits at most until the next tick.
  void turn();

  // Runs `task` on the loop's thread, in a later turn. Any thread may call it. Tasks carry values
  // and ids, never pointers into another thread's objects.
  void post(std::function<void()> task);

  // The time, read at most once a turn.
  TimePoint now() const;

  TimerWheel& timers() { return timers_; }
  BlockPool& blocks() { return blocks_; }

  // Memory for one read: what a callback puts there is gone when it returns, unless it is held.
  std::span<char> scratch() { return {scratch_.get() + held_bytes_, kScratchBytes}; }

  // The first bytes of scratch() stay until what was requeued has been called, for a Requeued that
  // wants to look at them only then. False: too many are held, or the events of the turn are over.
  bool hold(std::size_t bytes) {
    if (!running_events_ || held_bytes_ + bytes > kHeldBytesMax) return false;
    held_bytes_ += bytes;
    return true;
  }

  // Destroys the object at the end of the turn; one that a destructor retires, with the next turn.
  void retire(std::unique_ptr<Retired> object) { retired_.push_back(std::move(object)); }

  void flush_later(Flushable& object) {
    if (!object.ListHook<FlushTag>::linked()) to_flush_.push_back(object);
  }
  void call_again(Requeued& object) {
    if (!object.ListHook<RequeueTag>::linked()) requeued_.push_back(object);
  }
  // The same, but before all of those, so that what it requeues still runs in this turn.
  void call_first(Requeued& object) {
    if (!object.ListHook<RequeueTag>::linked()) new_.push_back(object);
  }

  event_base* base() const { return base_; }

 private:
  // What on_flush() of one object makes another one write (a 502, the next piece of a body) still
  // leaves in the same turn; a chain of them that never ends may not hold up the loop.
  static constexpr int kFlushRounds = 2;

  static constexpr std::size_t kHeldBytesMax = 64 * 1024;

  void take_turn();
  void keep_ticking(bool on);
  bool has_work() const;
  static void run_batch(IntrusiveList<Requeued, RequeueTag>& list);
  void flush();
  void destroy_retired();
  void on_wakeup(short what);
  void on_tick(short what);

  event_base* base_;
  TimerWheel timers_;
  BlockPool blocks_;
  std::unique_ptr<char[]> scratch_;

  mutable TimePoint now_{};
  mutable bool clock_stale_ = true;
  bool stopping_ = false;
  bool ticking_ = false;
  bool running_events_ = false;
  std::size_t held_bytes_ = 0;  // of scratch_, in this turn

  IntrusiveList<Flushable, FlushTag> to_flush_;
  IntrusiveList<Requeued, RequeueTag> new_;
  IntrusiveList<Requeued, RequeueTag> requeued_;
  std::vector<std::unique_ptr<Retired>> retired_;

  std::mutex posted_mutex_;
  std::vector<std::function<void()>> posted_;  // guarded by posted_mutex_
  int wakeup_fd_;
  std::unique_ptr<FdEvent> wakeup_;
  std::unique_ptr<FdEvent> tick_;
};

}  // namespace sluice::net
