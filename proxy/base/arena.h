// SPDX-License-Identifier: MIT
// Arena: the memory of one exchange. Bytes are handed out by moving a pointer and all given back at
// once by reset(), which keeps the first chunk, so that a pooled exchange allocates nothing once it
// is warm. Single-threaded; owns all that it hands out.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <memory>
#include <new>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace sluice {

// Ends an object that lives in an arena: its destructor runs, its memory stays with the arena.
struct ArenaDeleter {
  template <typename T>
  void operator()(T* object) const {
    object->~T();
  }
};

template <typename T>
using ArenaPtr = std::unique_ptr<T, ArenaDeleter>;

class Arena {
 public:
  static constexpr std::size_t kChunkBytes = 4096;

  Arena() : first_(std::make_unique_for_overwrite<char[]>(kChunkBytes)) { reset(); }
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  // Uninitialised bytes, valid until reset().
  char* allocate(std::size_t bytes) { return allocate(bytes, 1); }

  char* allocate(std::size_t bytes, std::size_t alignment) {
    std::size_t used = (used_ + alignment - 1) & ~(alignment - 1);
    if (used + bytes > kChunkBytes) return allocate_more(bytes);
    used_ = used + bytes;
    return first_.get() + used;
  }

  std::string_view copy(std::string_view text) {
    char* to = allocate(text.size());
    text.copy(to, text.size());
    return {to, text.size()};
  }

  // All of them, one behind the other.
  std::string_view join(std::initializer_list<std::string_view> parts) {
    std::size_t size = 0;
    for (const std::string_view part : parts) size += part.size();
    char* const text = allocate(size);
    char* end = text;
    for (const std::string_view part : parts) end += part.copy(end, part.size());
    return {text, size};
  }

  template <typename T, typename... Args>
  ArenaPtr<T> make(Args&&... args) {
    static_assert(alignof(T) <= alignof(std::max_align_t));
    return ArenaPtr<T>(new (allocate(sizeof(T), alignof(T))) T(std::forward<Args>(args)...));
  }

  // Of values that nobody has to end.
  template <typename T>
  std::span<T> make_array(std::size_t count) {
    static_assert(std::is_trivially_destructible_v<T> && alignof(T) <= alignof(std::max_align_t));
    char* const at = allocate(count * sizeof(T), alignof(T));
    return {std::uninitialized_value_construct_n(reinterpret_cast<T*>(at), count) - count, count};
  }

  // Takes every byte back. REQUIRES: no ArenaPtr into this arena is alive.
  void reset() {
    used_ = 0;
    overflow_.clear();
  }

 private:
  // Rare: a head of more than a few KiB. One chunk of its own for each request, freed by reset().
  char* allocate_more(std::size_t bytes) {
    overflow_.push_back(std::make_unique_for_overwrite<char[]>(bytes));
    return overflow_.back().get();
  }

  std::unique_ptr<char[]> first_;
  std::size_t used_ = 0;
  std::vector<std::unique_ptr<char[]>> overflow_;
};

}  // namespace sluice
