// SPDX-License-Identifier: MIT
// EventLoop: one thread's loop, over one libevent base. A turn is
//
//   let the cached clock go stale -> wait and run the events that are ready -> receive -> run what
//   is new or received something, then what was requeued -> send and flush -> destroy what was
//   retired
//
// Receiving and sending is done for many sockets at once, one recv(2) or send(2) right behind the
// other. A system call leaves the processor's caches full of the system's code and data, so the
// less lies between two of them, the less is fetched anew; and what is then done with all that came
// finds its own code there (Larus and Parkes, "Using Cohort Scheduling to Enhance Server
// Performance", 2002).
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
#include <string_view>
#include <vector>

#include "proxy/base/buffer.h"
#include "proxy/base/intrusive_list.h"
#include "proxy/net/timer.h"
#include "tls/io_result.h"

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
  struct Output {
    int socket = -1;
    std::string_view bytes = {};
  };
  // What the loop is to send before on_flush(), in one send(2). No socket: nothing, or on_flush()
  // sends it.
  virtual Output output() = 0;
  // What became of it. Calls nobody: what others sent is not noted yet.
  virtual void on_sent(IoResult result) = 0;
  virtual void on_flush() = 0;

 protected:
  ~Flushable() = default;
};

// Something that wants to be called again although no event will come: for bytes left unread by a
// byte budget, or by a pause that is over.
class Requeued : public ListHook<struct RequeueTag> {
 public:
  virtual void on_requeued() = 0;

 protected:
  ~Requeued() = default;
};

// Something with a socket that can be read, when the events of the turn are over. Behind either of
// these calls, and before those that wait to be called again, it is called by on_requeued().
class Receiver : public Requeued {
 public:
  // The socket on which the loop is to call recv(2); -1: it receives by itself.
  virtual int socket_to_receive() const = 0;
  // By itself; returns how many bytes of `into` it has filled. They stay until on_requeued() has
  // returned. Calls nobody.
  virtual std::size_t receive(std::span<char> into) = 0;
  // What the loop has received; `bytes` stay as long. Calls nobody.
  virtual void on_received(IoResult result, const char* bytes) = 0;

 protected:
  ~Receiver() = default;
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

  // Memory for one read: what a callback puts there is gone when it returns.
  std::span<char> scratch() { return {scratch_.get() + held_bytes_, kScratchBytes}; }

  // Destroys the object at the end of the turn; one that a destructor retires, with the next turn.
  void retire(std::unique_ptr<Retired> object) { retired_.push_back(std::move(object)); }

  void flush_later(Flushable& object) {
    if (!object.ListHook<FlushTag>::linked()) to_flush_.push_back(object);
  }
  // REQUIRES: the events of the turn are not over. One that waits to be called again waits no more.
  void receive_later(Receiver& object) {
    object.unlink();
    receivers_.push_back(object);
  }
  void call_again(Requeued& object) {
    if (!object.ListHook<RequeueTag>::linked()) requeued_.push_back(object);
  }
  // The same, but before all of those, so that what it requeues still runs in this turn.
  void call_first(Requeued& object) {
    object.unlink();
    new_.push_back(object);
  }

  event_base* base() const { return base_; }

 private:
  // What on_flush() of one object makes another one write (a 502, the next piece of a body) still
  // leaves in the same turn; a chain of them that never ends may not hold up the loop.
  static constexpr int kFlushRounds = 2;

  // Of those that are received before any is looked at; the last one may go beyond.
  static constexpr std::size_t kHeldBytesMax = 64 * 1024;

  struct Receiving {
    Receiver* object;
    int socket;
    char* into;  // none: there was no room any more
    IoResult result;
  };
  struct Sending {
    Flushable* object;
    Flushable::Output output;
    IoResult result;
  };

  void take_turn();
  void receive();
  void send(IntrusiveList<Flushable, FlushTag>& batch);
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
  std::size_t held_bytes_ = 0;  // of scratch_: received, and not looked at

  IntrusiveList<Flushable, FlushTag> to_flush_;
  IntrusiveList<Receiver, RequeueTag> receivers_;
  std::vector<Receiving> receiving_;  // these two within receive() and send() alone
  std::vector<Sending> sending_;
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
