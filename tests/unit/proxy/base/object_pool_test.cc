// SPDX-License-Identifier: MIT
#include "proxy/base/object_pool.h"

#include <catch2/catch.hpp>
#include <set>
#include <string>

namespace sluice {
namespace {

struct Worker {
  Worker() { ++alive; }
  ~Worker() { --alive; }
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;
  void recycle() {
    text.clear();
    ++recycled;
  }

  static inline int alive = 0;
  std::string text;
  int recycled = 0;
};

}  // namespace

TEST_CASE("object pool: a returned object is recycled and given out again", "[base][object_pool]") {
  ObjectPool<Worker> pool(4);
  const Worker* first = nullptr;
  {
    const auto handle = pool.take();
    handle->text.assign(1000, 'x');
    first = handle.get();
  }
  const auto again = pool.take();
  CHECK(again.get() == first);
  CHECK(again->recycled == 1);
  CHECK(again->text.empty());
  CHECK(again->text.capacity() >= 1000);
}

TEST_CASE("object pool: objects in use are distinct, and no more spares are kept than allowed",
          "[base][object_pool]") {
  CHECK(Worker::alive == 0);
  {
    ObjectPool<Worker> pool(2);
    {
      std::vector<ObjectPool<Worker>::Handle> handles;
      std::set<const Worker*> distinct;
      for (int i = 0; i < 5; ++i) {
        handles.push_back(pool.take());
        distinct.insert(handles.back().get());
      }
      CHECK(distinct.size() == 5);
      CHECK(Worker::alive == 5);
    }
    CHECK(Worker::alive == 2);
  }
  CHECK(Worker::alive == 0);
}

TEST_CASE("object pool: none kept is allowed", "[base][object_pool]") {
  ObjectPool<Worker> pool(0);
  { const auto handle = pool.take(); }
  CHECK(Worker::alive == 0);
}

}  // namespace sluice
