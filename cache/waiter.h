// SPDX-License-Identifier: MIT
// Waiter: who is told, once, that there is news; WaiterList: those who wait for the news of one
// Body or Flight. Waiting allocates nothing: the links lie in the Waiter.
//
// Threading: a Waiter belongs to one thread, which alone calls wait() and stop_waiting(), and waits
// in one place at a time. wake() is called on the thread that has the news, with no lock held, and
// may come (at most once, late) after stop_waiting() has returned false. So an implementation only
// posts to its own loop, and there lets pass what nobody waits for any more. The counted pointer
// keeps the Waiter itself alive until then. A wake-up may be spurious: look again.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>

#include "cache/counted.h"

namespace sluice::cache {

class Waiter : public Counted<Waiter> {
 public:
  virtual void wake() = 0;

 protected:
  Waiter() = default;
  virtual ~Waiter() = default;

 private:
  friend class Counted<Waiter>;
  friend class WaiterList;

  // Of the list it is in, and under its mutex.
  Waiter* next_ = nullptr;
  Waiter* previous_ = nullptr;
  std::uint64_t round_ = 0;
  bool linked_ = false;
};
using WaiterPtr = CountedPtr<Waiter>;

class WaiterList {
 public:
  WaiterList() = default;
  WaiterList(const WaiterList&) = delete;
  WaiterList& operator=(const WaiterList&) = delete;
  ~WaiterList();  // nobody is told

  // Puts the waiter into the list, then asks has_news(): where there is news already, takes it out
  // again and returns false. So no news is lost between the caller's last look and its waiting.
  template <typename HasNews>
  bool wait(Waiter& waiter, const HasNews& has_news) {
    const std::lock_guard lock(mutex_);
    link(waiter);
    if (!has_news()) return true;
    unlink(waiter);
    return false;
  }
  // False where the waiter was not in the list (any more): a wake() may be under way.
  bool stop_waiting(Waiter& waiter);
  // Wakes all who wait at this moment. To be called behind the news, which must have been stored
  // with memory_order_seq_cst. Takes no lock where nobody waits.
  void wake_all();

 private:
  void link(Waiter& waiter);
  void unlink(Waiter& waiter);
  std::size_t take(WaiterPtr* out, std::size_t most, std::uint64_t round);

  std::mutex mutex_;
  Waiter* first_ = nullptr;
  Waiter* last_ = nullptr;
  std::uint64_t round_ = 0;
  std::atomic<std::size_t> count_{0};
};

}  // namespace sluice::cache
