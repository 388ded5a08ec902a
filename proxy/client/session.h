// SPDX-License-Identifier: MIT
// Session: one client connection speaking one protocol; and the set of those that a worker has.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "proxy/base/delegate.h"
#include "proxy/base/intrusive_list.h"
#include "proxy/net/event_loop.h"

namespace sluice::client {

class Session : public net::Retired, public ListHook<struct SessionTag> {
 public:
  // No more requests but those on their way: an idle connection closes now, a busy one after its
  // response. What it still serves goes by the rules of now, whatever is reloaded later.
  virtual void drain() = 0;
  virtual std::uint32_t listener() const = 0;
  // Ends at once, whatever is in flight.
  virtual void close_now() = 0;
};

// Owns the sessions of one worker. A session that ends takes itself out and goes to the loop, which
// destroys it at the end of the turn.
class SessionSet {
 public:
  // `on_removed` hears of each session that has left; optional.
  explicit SessionSet(Delegate<void()> on_removed = {}) : on_removed_(on_removed) {}
  SessionSet(const SessionSet&) = delete;
  SessionSet& operator=(const SessionSet&) = delete;
  ~SessionSet() {
    while (Session* session = sessions_.pop_front()) std::unique_ptr<Session> dead(session);
  }

  void add(std::unique_ptr<Session> session) {
    sessions_.push_back(*session.release());
    ++size_;
  }

  // REQUIRES: the session is in the set. The caller is usually the session itself.
  void retire(Session& session, net::EventLoop& loop) {
    session.ListHook<SessionTag>::unlink();
    --size_;
    loop.retire(std::unique_ptr<Session>(&session));
    if (on_removed_) on_removed_();
  }

  template <typename Visit>
  void for_each(Visit visit) {
    IntrusiveList<Session, SessionTag> all;
    sessions_.move_to(all);
    while (Session* session = all.pop_front()) {
      sessions_.push_back(*session);
      visit(*session);
    }
  }

  std::size_t size() const { return size_; }

 private:
  IntrusiveList<Session, SessionTag> sessions_;
  std::size_t size_ = 0;
  Delegate<void()> on_removed_;
};

}  // namespace sluice::client
