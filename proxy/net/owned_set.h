// SPDX-License-Identifier: MIT
// OwnedSet<T, Tag>: objects of one worker that end by themselves: its sessions, its detached work.
// One that ends takes itself out and goes to the loop, which destroys it at the end of the turn.
// T is Retired and ListHook<Tag>. Single-threaded but for size().
#pragma once

#include <cstddef>
#include <memory>

#include "proxy/base/counter.h"
#include "proxy/base/delegate.h"
#include "proxy/base/intrusive_list.h"
#include "proxy/net/event_loop.h"

namespace sluice::net {

template <typename T, typename Tag>
class OwnedSet {
 public:
  // `on_removed` hears of each object that has left; optional.
  explicit OwnedSet(Delegate<void()> on_removed = {}) : on_removed_(on_removed) {}
  OwnedSet(const OwnedSet&) = delete;
  OwnedSet& operator=(const OwnedSet&) = delete;
  ~OwnedSet() {
    while (T* object = objects_.pop_front()) std::unique_ptr<T> dead(object);
  }

  void add(std::unique_ptr<T> object) {
    objects_.push_back(*object.release());
    size_.add();
  }

  // REQUIRES: the object is in the set. The caller is usually the object itself.
  void retire(T& object, EventLoop& loop) {
    object.ListHook<Tag>::unlink();
    size_.subtract();
    loop.retire(std::unique_ptr<T>(&object));
    if (on_removed_) on_removed_();
  }

  // Each may take itself out meanwhile.
  template <typename Visit>
  void for_each(Visit visit) {
    IntrusiveList<T, Tag> all;
    objects_.move_to(all);
    while (T* object = all.pop_front()) {
      objects_.push_back(*object);
      visit(*object);
    }
  }

  // Any thread may ask.
  std::size_t size() const { return size_.value(); }

 private:
  IntrusiveList<T, Tag> objects_;
  Counter size_;
  Delegate<void()> on_removed_;
};

}  // namespace sluice::net
