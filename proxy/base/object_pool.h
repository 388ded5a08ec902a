// SPDX-License-Identifier: MIT
// ObjectPool<T>: a worker's spare objects of one kind. take() gives a warm one (its vectors and
// arenas keep their capacity) or makes one; the Handle gives it back. T offers `void recycle()`,
// called on the way back. Single-threaded; the pool outlives its handles.
#pragma once

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

namespace sluice {

template <typename T>
class ObjectPool {
 public:
  struct GiveBack {
    ObjectPool* pool = nullptr;
    void operator()(T* object) const { pool->give_back(object); }
  };
  using Handle = std::unique_ptr<T, GiveBack>;

  // Spares above `spare_max` are freed, so that a burst does not hold memory for ever.
  explicit ObjectPool(std::size_t spare_max) : spare_max_(spare_max) { spares_.reserve(spare_max); }
  ObjectPool(const ObjectPool&) = delete;
  ObjectPool& operator=(const ObjectPool&) = delete;

  Handle take() {
    if (spares_.empty()) return Handle(new T(), GiveBack{this});
    T* object = spares_.back().release();
    spares_.pop_back();
    return Handle(object, GiveBack{this});
  }

 private:
  void give_back(T* object) {
    std::unique_ptr<T> owned(object);
    owned->recycle();
    if (spares_.size() < spare_max_) spares_.push_back(std::move(owned));
  }

  std::size_t spare_max_;
  std::vector<std::unique_ptr<T>> spares_;
};

}  // namespace sluice
