// SPDX-License-Identifier: MIT
#include "proxy/net/event_loop.h"

#include <event2/event.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <utility>

#include "proxy/base/check.h"
#include "proxy/net/fd_event.h"
#include "proxy/net/socket_io.h"

namespace sluice::net {

namespace {

event_base* make_base() {
  event_config* config = event_config_new();
  CHECK(config != nullptr);
  // One base per thread, so no locks; configured by the operator's file alone, so no environment.
  CHECK(event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK | EVENT_BASE_FLAG_IGNORE_ENV) == 0);
  CHECK(event_config_require_features(config, EV_FEATURE_ET | EV_FEATURE_EARLY_CLOSE) == 0);
  event_base* base = event_base_new_with_config(config);
  event_config_free(config);
  CHECK(base != nullptr);
  return base;
}

}  // namespace

EventLoop::EventLoop()
    : base_(make_base()),
      timers_(Clock::now()),
      scratch_(std::make_unique_for_overwrite<char[]>(kHeldBytesMax + 2 * kScratchBytes)),
      wakeup_fd_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
  CHECK(wakeup_fd_ >= 0);
  wakeup_ = std::make_unique<FdEvent>(base_, wakeup_fd_, short{EV_READ},
                                      FdEvent::Callback::of<&EventLoop::on_wakeup>(this));
  wakeup_->enable();
  tick_ = std::make_unique<FdEvent>(base_, -1, short{0},
                                    FdEvent::Callback::of<&EventLoop::on_tick>(this));
}

EventLoop::~EventLoop() {
  while (!retired_.empty()) destroy_retired();
  tick_.reset();
  wakeup_.reset();
  close(wakeup_fd_);
  event_base_free(base_);
}

void EventLoop::run() {
  while (!stopping_) {
    keep_ticking(timers_.ticking());
    take_turn();
  }
  stopping_ = false;
}

void EventLoop::turn() {
  keep_ticking(true);
  take_turn();
}

void EventLoop::keep_ticking(bool on) {
  if (ticking_ == on) return;
  ticking_ = on;
  if (on) {
    tick_->enable_every(TimerWheel::kTick);
  } else {
    tick_->disable();
  }
}

// Work that no event announces, left over by the turn before.
bool EventLoop::has_work() const {
  return !new_.empty() || !requeued_.empty() || !to_flush_.empty() || !retired_.empty();
}

// libevent's priorities are left alone: with them EVLOOP_ONCE goes on until no event of any
// priority is active, and steady traffic would keep it from ever reaching the flush below.
void EventLoop::take_turn() {
  clock_stale_ = true;
  CHECK(event_base_loop(base_, has_work() ? EVLOOP_ONCE | EVLOOP_NONBLOCK : EVLOOP_ONCE) >= 0);
  do {
    receive();
    run_batch(new_);
    held_bytes_ = 0;
  } while (!receivers_.empty());
  run_batch(requeued_);
  flush();
  destroy_retired();
}

void EventLoop::receive() {
  receiving_.clear();
  while (held_bytes_ <= kHeldBytesMax) {
    Receiver* const object = receivers_.pop_front();
    if (object == nullptr) break;
    const int socket = object->socket_to_receive();
    if (socket >= 0) {
      receiving_.push_back({object, socket, nullptr, {}});
    } else {
      held_bytes_ += object->receive(scratch());
      call_first(*object);
    }
  }
  for (Receiving& one : receiving_) {
    if (held_bytes_ > kHeldBytesMax) break;
    one.into = scratch().data();
    one.result = receive_from(one.socket, scratch());
    held_bytes_ += one.result.bytes;
  }
  for (const Receiving& one : receiving_) {
    if (one.into == nullptr) {
      receive_later(*one.object);  // when what was received has been looked at
    } else {
      one.object->on_received(one.result, one.into);
      call_first(*one.object);
    }
  }
}

void EventLoop::run_batch(IntrusiveList<Requeued, RequeueTag>& list) {
  IntrusiveList<Requeued, RequeueTag> batch;
  list.move_to(batch);
  while (Requeued* object = batch.pop_front()) object->on_requeued();
}

void EventLoop::flush() {
  for (int round = 0; round < kFlushRounds && !to_flush_.empty(); ++round) {
    IntrusiveList<Flushable, FlushTag> batch;
    to_flush_.move_to(batch);
    send(batch);
  }
}

void EventLoop::send(IntrusiveList<Flushable, FlushTag>& batch) {
  sending_.clear();
  while (Flushable* const object = batch.pop_front()) {
    sending_.push_back({object, object->output(), {}});
  }
  for (Sending& one : sending_) {
    if (one.output.socket >= 0) one.result = send_to(one.output.socket, one.output.bytes);
  }
  for (const Sending& one : sending_) {
    if (one.output.socket >= 0) one.object->on_sent(one.result);
  }
  for (const Sending& one : sending_) one.object->on_flush();
}

// Destructors may retire more, so the list is taken whole first.
void EventLoop::destroy_retired() {
  std::vector<std::unique_ptr<Retired>> dead;
  dead.swap(retired_);
  dead.clear();
  if (retired_.empty()) retired_.swap(dead);  // keep the capacity: no allocation per turn
}

TimePoint EventLoop::now() const {
  if (clock_stale_) {
    now_ = Clock::now();
    clock_stale_ = false;
  }
  return now_;
}

void EventLoop::post(std::function<void()> task) {
  {
    std::lock_guard lock(posted_mutex_);
    posted_.push_back(std::move(task));
  }
  eventfd_write(wakeup_fd_, 1);
}

void EventLoop::on_wakeup(short) {
  eventfd_t count = 0;
  eventfd_read(wakeup_fd_, &count);
  std::vector<std::function<void()>> tasks;
  {
    std::lock_guard lock(posted_mutex_);
    tasks.swap(posted_);
  }
  for (auto& task : tasks) task();
}

void EventLoop::on_tick(short) {
  timers_.advance(now());
}

}  // namespace sluice::net
