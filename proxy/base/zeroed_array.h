// SPDX-License-Identifier: MIT
// ZeroedArray<T>: a large table of which little may ever be used: it begins as zeros, and pages
// that nobody has touched cost nothing. Of types for which zeros are a value; fixed in size.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <memory>
#include <new>
#include <type_traits>

namespace sluice {

template <typename T>
class ZeroedArray {
 public:
  explicit ZeroedArray(std::size_t size)
      : items_(static_cast<T*>(std::calloc(size, sizeof(T)))), size_(size) {
    if (items_ == nullptr) throw std::bad_alloc();
  }

  T& operator[](std::size_t at) const { return items_.get()[at]; }
  std::size_t size() const { return size_; }

 private:
  static_assert(std::is_trivially_destructible_v<T> && alignof(T) <= alignof(std::max_align_t));

  struct Free {
    void operator()(T* items) const { std::free(items); }
  };

  std::unique_ptr<T[], Free> items_;
  std::size_t size_;
};

}  // namespace sluice
