// SPDX-License-Identifier: MIT
// Counted and CountedPtr: objects that several threads share and that live until the last of them
// lets go. The count lies in the object, so that a pointer is one word and taking one is one atomic
// addition.
//
// Threading: counts may be taken and dropped on any thread. One CountedPtr belongs to one thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <utility>

namespace sluice::cache {

// T derives from Counted<T>. An object is born with a count of one, which CountedPtr::adopt takes
// over. T::destroy(const T*) ends it where an ordinary delete would be wrong.
template <typename T>
class Counted {
 public:
  Counted(const Counted&) = delete;
  Counted& operator=(const Counted&) = delete;

  void add_count() const noexcept { count_.fetch_add(1, std::memory_order_relaxed); }
  void drop_count() const noexcept {
    if (count_.fetch_sub(1, std::memory_order_acq_rel) == 1)
      T::destroy(static_cast<const T*>(this));
  }

  static void destroy(const T* object) { delete object; }

 protected:
  Counted() = default;
  ~Counted() = default;

 private:
  mutable std::atomic<std::uint32_t> count_{1};
};

template <typename T>
class CountedPtr {
 public:
  CountedPtr() = default;
  // Takes a count of its own.
  explicit CountedPtr(T* object) noexcept : object_(object) {
    if (object_ != nullptr) object_->add_count();
  }
  // Takes over a count that somebody has taken already.
  static CountedPtr adopt(T* object) noexcept {
    CountedPtr pointer;
    pointer.object_ = object;
    return pointer;
  }
  CountedPtr(const CountedPtr& other) noexcept : CountedPtr(other.object_) {}
  CountedPtr(CountedPtr&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
  CountedPtr& operator=(CountedPtr other) noexcept {
    std::swap(object_, other.object_);
    return *this;
  }
  // The analyser takes each count for the last one.
  ~CountedPtr() {
    // NOLINTNEXTLINE(clang-analyzer-cplusplus.NewDelete)
    if (object_ != nullptr) object_->drop_count();
  }

  T* get() const noexcept { return object_; }
  T& operator*() const noexcept { return *object_; }
  // NOLINTNEXTLINE(clang-analyzer-cplusplus.NewDelete)
  T* operator->() const noexcept { return object_; }
  explicit operator bool() const noexcept { return object_ != nullptr; }
  // The count goes to the caller, who adopts it later.
  T* release() noexcept { return std::exchange(object_, nullptr); }
  void reset() noexcept { *this = CountedPtr(); }

  friend bool operator==(const CountedPtr&, const CountedPtr&) = default;

 private:
  T* object_ = nullptr;
};

}  // namespace sluice::cache
