// SPDX-License-Identifier: MIT
// Listener: one bound, listening socket in one worker, and its accepting.
//
// Every worker has its own SO_REUSEPORT socket per TCP address, so that the kernel spreads
// connections and no worker waits for another; a Unix path has one socket, shared by duplicates.
// Out of descriptors, accepting pauses for 100 ms and goes on: nothing spins. Single-threaded; the
// accepted descriptors belong to the Acceptor's implementor.
#pragma once

#include <chrono>
#include <cstddef>
#include <vector>

#include "conf/result.h"
#include "proxy/base/fd.h"
#include "proxy/net/address.h"
#include "proxy/net/event_loop.h"
#include "proxy/net/fd_event.h"

namespace sluice::net {

// Opens `count` listening sockets on one address, one for each worker. Port 0 is chosen once and
// shared by all. A Unix path left behind by a dead process is replaced.
Result<std::vector<Fd>> open_listeners(const Address& address, std::size_t count);

// Whether another socket, of any process, listens there already. SO_REUSEPORT would let a second
// process of ours in without a word, and half of the connections would go to the first.
bool is_listened_on(const Address& address);

class Listener {
 public:
  class Owner {
   public:
    // A new connection: non-blocking, TCP_NODELAY set.
    virtual void on_accepted(Listener& listener, Fd fd, const Address& peer) = 0;
    // accept() ran out of descriptors or memory; it goes on by itself.
    virtual void on_accept_paused(Listener& listener, int error) = 0;

   protected:
    ~Owner() = default;
  };

  Listener(EventLoop& loop, Fd fd, Owner* owner);

  const Address& local() const { return local_; }

  // Whether a connection is handed over together with its first bytes only (TCP_DEFER_ACCEPT),
  // which spares a wake-up and a vain read; one that says nothing comes a second later. Of TCP
  // only.
  void defer(bool on);

  // No new connections for a while (a connection limit); those in the queue wait. Independent of
  // the pause that follows an exhaustion.
  void pause();
  void resume();

  // Takes what the kernel has queued, then closes: a connection that was completed is not reset,
  // unless descriptors are exhausted or the owner pauses.
  void drain_and_close();

 private:
  static constexpr int kAcceptsPerTurn = 16;
  static constexpr int kFullTurns = 8;  // with a single one, until two are asked for
  static constexpr std::chrono::milliseconds kPauseOnExhaustion{100};

  // False when there is nothing more to accept now.
  bool accept_one();
  bool accepting() const { return fd_.valid() && !paused_ && !exhausted_; }
  void update_event();
  void pause_exhausted(int error);
  void on_event(short what);
  void on_pause_over();

  EventLoop& loop_;
  Fd fd_;
  Owner* owner_;
  Address local_;
  FdEvent event_;
  Timer pause_timer_;
  int asks_ = 1;  // accepts of a turn
  int full_turns_ = 0;
  bool paused_ = false;     // by the owner
  bool exhausted_ = false;  // until pause_timer_ comes
};

}  // namespace sluice::net
