// SPDX-License-Identifier: MIT
#include "cache/waiter.h"

namespace sluice::cache {

WaiterList::~WaiterList() {
  while (first_ != nullptr) unlink(*first_);
}

bool WaiterList::stop_waiting(Waiter& waiter) {
  const std::lock_guard lock(mutex_);
  if (!waiter.linked_) return false;
  unlink(waiter);
  return true;
}

// In batches, so that the list is not locked while somebody is woken. Who comes (or comes back)
// meanwhile belongs to the next round: otherwise two threads could keep this loop busy for ever.
void WaiterList::wake_all() {
  if (count_.load(std::memory_order_seq_cst) == 0) return;
  std::uint64_t round = 0;
  {
    const std::lock_guard lock(mutex_);
    round = round_++;
  }
  constexpr std::size_t kBatch = 32;
  WaiterPtr batch[kBatch];
  for (std::size_t taken = kBatch; taken == kBatch;) {
    taken = take(batch, kBatch, round);
    for (std::size_t i = 0; i < taken; ++i) {
      batch[i]->wake();
      batch[i].reset();
    }
  }
}

void WaiterList::link(Waiter& waiter) {
  if (waiter.linked_) return;
  waiter.add_count();
  waiter.linked_ = true;
  waiter.round_ = round_;
  waiter.next_ = nullptr;
  waiter.previous_ = last_;
  (last_ == nullptr ? first_ : last_->next_) = &waiter;
  last_ = &waiter;
  count_.fetch_add(1, std::memory_order_seq_cst);
}

void WaiterList::unlink(Waiter& waiter) {
  (waiter.previous_ == nullptr ? first_ : waiter.previous_->next_) = waiter.next_;
  (waiter.next_ == nullptr ? last_ : waiter.next_->previous_) = waiter.previous_;
  waiter.linked_ = false;
  count_.fetch_sub(1, std::memory_order_seq_cst);
  waiter.drop_count();
}

std::size_t WaiterList::take(WaiterPtr* out, std::size_t most, std::uint64_t round) {
  const std::lock_guard lock(mutex_);
  std::size_t taken = 0;
  while (taken < most && first_ != nullptr && first_->round_ <= round) {
    out[taken] = WaiterPtr(first_);
    unlink(*first_);
    ++taken;
  }
  return taken;
}

}  // namespace sluice::cache
