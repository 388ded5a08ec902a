// SPDX-License-Identifier: MIT
#include "cache/flight.h"

#include "cache/store.h"

namespace sluice::cache {

Flight::Flight(const Key& key, EntryPtr stale, std::uint64_t variant)
    : hash_(key.hash), key_text_(key.text), stale_(std::move(stale)), variant_(variant) {}

FlightPtr Flight::create(const Key& key, EntryPtr stale, std::uint64_t variant) {
  return FlightPtr::adopt(new Flight(key, std::move(stale), variant));
}

// What was shown stays: who joined may have it.
void Flight::end(State state, EntryPtr entry, int code) {
  if (state_.load(std::memory_order_relaxed) != State::Fetching) return;
  entry_ = std::move(entry);
  code_ = code;
  state_.store(state, std::memory_order_seq_cst);
  waiters_.wake_all();
}

void Flight::outdate(Outdated how) {
  if (outdated_.load(std::memory_order_relaxed) < how) {
    outdated_.store(how, std::memory_order_release);
  }
}

Lead& Lead::operator=(Lead&& other) noexcept {
  if (this != &other) {
    fail(Flight::kAbandoned);
    store_ = std::exchange(other.store_, nullptr);
    flight_ = std::move(other.flight_);
  }
  return *this;
}

void Lead::show(const EntryPtr& entry) {
  flight_->end(Flight::State::Published, entry, 0);
}

void Lead::publish(const EntryPtr& entry) {
  const FlightPtr flight = std::move(flight_);
  store_->publish(*flight, entry, false);
}

void Lead::publish_validated(const EntryPtr& entry) {
  const FlightPtr flight = std::move(flight_);
  store_->publish(*flight, entry, true);
}

void Lead::uncacheable(Time until) {
  const FlightPtr flight = std::move(flight_);
  store_->end_uncacheable(*flight, until);
}

void Lead::fail(int code) {
  if (!flight_) return;
  const FlightPtr flight = std::move(flight_);
  store_->end_failed(*flight, code);
}

Join& Join::operator=(Join&& other) noexcept {
  if (this != &other) {
    leave();
    flight_ = std::move(other.flight_);
  }
  return *this;
}

bool Join::wait(Waiter& waiter) {
  return flight_->waiters_.wait(waiter,
                                [this] { return flight_->state() != Flight::State::Fetching; });
}

void Join::leave() {
  if (!flight_) return;
  flight_->joined_.fetch_sub(1, std::memory_order_relaxed);
  flight_.reset();
}

}  // namespace sluice::cache
