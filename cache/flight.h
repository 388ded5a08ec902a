// SPDX-License-Identifier: MIT
// Flight: one fetch for a key, and all who wait for its outcome instead of fetching themselves.
// Lead is the right (and the duty) to end one; Join a place among those who wait.
//
// A Flight ends when the head is there and judged: from then on the Entry is shared, whose Body may
// still be filling. One that refreshes what others are still answered with may be ended later, when
// the Body is whole; whoever joins it has its Entry from when that is shown.
//
// Threading: Lead and Join belong to one thread each; Flight itself to all. Whoever waits is woken
// on the leader's thread. Both tickets must be gone before the Store is.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include "cache/counted.h"
#include "cache/entry.h"
#include "cache/waiter.h"

namespace sluice::cache {

class Store;
class Flight;
using FlightPtr = CountedPtr<Flight>;

class Flight : public Counted<Flight> {
 public:
  enum class State : std::uint8_t {
    Fetching,
    Published,    // entry(); whether it fits a waiter's request is the waiter's to judge
    Uncacheable,  // each waiter has to fetch for itself
    Failed,       // code()
  };
  // The code of a flight whose leader went away.
  static constexpr int kAbandoned = -1;

  State state() const noexcept { return state_.load(std::memory_order_seq_cst); }
  // REQUIRES: Published.
  const EntryPtr& entry() const noexcept { return entry_; }
  // REQUIRES: Failed. The leader's, opaque.
  int code() const noexcept { return code_; }
  // A purge matched it (by tag: any, as nobody knows yet how its response will be tagged): what it
  // fetches may answer those who wait already, and nobody else.
  bool outdated() const noexcept {
    return outdated_.load(std::memory_order_acquire) != Outdated::No;
  }
  // So many Joins there are of it now.
  std::size_t joined() const noexcept { return joined_.load(std::memory_order_relaxed); }

 private:
  friend class Counted<Flight>;
  friend class Shard;
  friend class Store;
  friend class Lead;
  friend class Join;
  template <typename T>
  friend class BucketTable;
  template <typename T>
  friend class UrlLists;

  enum class Outdated : std::uint8_t { No, Soft, Hard };

  Flight(const Key& key, EntryPtr stale, std::uint64_t variant);
  ~Flight() = default;

  static FlightPtr create(const Key& key, EntryPtr stale, std::uint64_t variant);
  void end(State state, EntryPtr entry, int code);
  void outdate(Outdated how);

  // The Shard's, under its mutex.
  Flight* chain_next_ = nullptr;
  Flight* url_next_ = nullptr;
  Flight* url_previous_ = nullptr;

  const std::uint64_t hash_;
  const std::string key_text_;
  const EntryPtr stale_;         // which it validates, if any
  const std::uint64_t variant_;  // Want::variant of its leader
  std::atomic<Outdated> outdated_{Outdated::No};
  std::atomic<std::size_t> joined_{0};
  // Written before the state says so, read after.
  EntryPtr entry_;
  int code_ = 0;
  std::atomic<State> state_{State::Fetching};
  WaiterList waiters_;
};

// Move-only. One that goes away before it ended its flight fails it with kAbandoned.
class Lead {
 public:
  Lead() = default;
  Lead(Lead&& other) noexcept
      : store_(std::exchange(other.store_, nullptr)), flight_(std::move(other.flight_)) {}
  Lead& operator=(Lead&& other) noexcept;
  Lead(const Lead&) = delete;
  Lead& operator=(const Lead&) = delete;
  ~Lead() { fail(Flight::kAbandoned); }

  // True until it is ended.
  explicit operator bool() const noexcept { return static_cast<bool>(flight_); }
  // REQUIRES: *this leads.
  bool outdated() const noexcept { return flight_->outdated(); }
  // Gives the entry to all who wait and who still come to wait, and to nobody else: the flight goes
  // on, to publish() it or not. REQUIRES: *this leads.
  void show(const EntryPtr& entry);

  // Each of these ends the flight and wakes those who wait. REQUIRES: *this leads.

  // Stores the entry, instead of that with the same key and variant, and gives it to all who wait.
  // Outdated by a soft purge, it is stored as stale; by a hard one, not stored.
  void publish(const EntryPtr& entry);
  // As publish(), in the place of the entry that was to be validated. Stores nothing where another
  // response has taken that place meanwhile.
  void publish_validated(const EntryPtr& entry);
  // Marks the key until then, so that nobody waits for another; with 0 leaves no mark.
  void uncacheable(Time until);

  // May be called twice.
  void fail(int code);

 private:
  friend class Store;
  Lead(Store& store, FlightPtr flight) : store_(&store), flight_(std::move(flight)) {}

  Store* store_ = nullptr;  // outlives the Lead
  FlightPtr flight_;
};

// Move-only. Counts as one of the flight's waiters while it lives.
class Join {
 public:
  Join() = default;
  Join(Join&&) noexcept = default;
  Join& operator=(Join&& other) noexcept;
  Join(const Join&) = delete;
  Join& operator=(const Join&) = delete;
  ~Join() { leave(); }

  explicit operator bool() const noexcept { return static_cast<bool>(flight_); }
  // REQUIRES: *this waits.
  const Flight& flight() const noexcept { return *flight_; }

  // False, and the waiter does not wait, where the flight has ended already.
  bool wait(Waiter& waiter);
  bool stop_waiting(Waiter& waiter) { return flight_->waiters_.stop_waiting(waiter); }
  // May be called twice.
  void leave();

 private:
  friend class Store;
  // Takes over a place that was counted already.
  explicit Join(FlightPtr flight) : flight_(std::move(flight)) {}

  FlightPtr flight_;
};

}  // namespace sluice::cache
