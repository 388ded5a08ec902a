// SPDX-License-Identifier: MIT
// What the tests of cache/ store and wait with.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>

#include "cache/store.h"
#include "tests/support/deadline.h"

namespace sluice::support {

inline constexpr cache::AnyEntry kAny;

// One that another thread may wait with.
class TestWaiter final : public cache::Waiter {
 public:
  static cache::CountedPtr<TestWaiter> create() {
    return cache::CountedPtr<TestWaiter>::adopt(new TestWaiter);
  }

  void wake() override {
    const std::lock_guard lock(mutex_);
    ++wakes_;
    woken_.notify_all();
  }

  int wakes() const {
    const std::lock_guard lock(mutex_);
    return wakes_;
  }

  // False where the deadline came first.
  bool wait_for(int wakes, Deadline deadline = {}) {
    std::unique_lock lock(mutex_);
    return woken_.wait_until(lock, deadline.end(), [this, wakes] { return wakes_ >= wakes; });
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable woken_;
  int wakes_ = 0;
};

// Fits the responses of one variant.
class OneVariant final : public cache::Selector {
 public:
  explicit OneVariant(std::string_view variant) : variant_(variant) {}
  bool matches(const cache::Entry& entry) const override { return entry.variant() == variant_; }
  std::uint64_t variant_like(const cache::Entry&) const override {
    return std::hash<std::string_view>()(variant_) | 1;
  }

 private:
  std::string_view variant_;
};

struct Made {
  std::string_view variant = {};
  std::string_view tags = {};
  cache::Time response_time = 0;
};

inline cache::EntryPtr make_entry(const cache::Store& store, std::string_view key,
                                  cache::BodyPtr body, const Made& made = {}) {
  cache::EntryParts parts;
  parts.key = store.key(key);
  parts.variant = made.variant;
  parts.tags = made.tags;
  parts.terms.response_time = made.response_time;
  parts.body = std::move(body);
  return cache::Entry::create(parts);
}

inline cache::EntryPtr make_entry(const cache::Store& store, std::string_view key,
                                  const Made& made = {}) {
  return make_entry(store, key, cache::Body::of("body"), made);
}

inline cache::EntryPtr make_sized(const cache::Store& store, std::string_view key,
                                  std::size_t size) {
  return make_entry(store, key, cache::Body::of(std::string(size, 'x')));
}

inline bool has(cache::Store& store, std::string_view key) {
  return store.find(store.key(key), kAny, 0).kind == cache::Lookup::Kind::Hit;
}

inline std::string text_of(const cache::BodyPtr& body) {
  std::string text;
  cache::Cursor cursor(body);
  for (std::string_view piece = cursor.piece(); !piece.empty(); piece = cursor.piece()) {
    text.append(piece);
    cursor.advance(piece.size());
  }
  return text;
}

// Whether what the store counted as it went is what it finds when it counts anew.
inline bool adds_up(const cache::Store& store) {
  const cache::StoreStats counted = store.stats();
  const cache::StoreStats found = store.audit();
  return counted.bytes == found.bytes && counted.entries == found.entries &&
         counted.marks == found.marks;
}

}  // namespace sluice::support
