// SPDX-License-Identifier: MIT
// UrlLists: a shard's elements by the URL of their keys, whatever extras follow it, so that a
// change of the resource finds all of them and walks nothing else.
//
// The elements carry their links (url_next_, url_previous_) and their hash (hash_), of which the
// upper half is the URL's; the lists own neither. There are as many lists as were asked for: who
// asks knows how many elements there can be.
//
// Threading: whoever owns it locks.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace sluice::cache {

template <typename T>
class UrlLists {
 public:
  // REQUIRES: 1 to 2^16.
  explicit UrlLists(std::size_t lists) : firsts_(std::bit_ceil(lists)) {}
  UrlLists(const UrlLists&) = delete;
  UrlLists& operator=(const UrlLists&) = delete;

  // As many lists, unless there are more. Moves all elements.
  // REQUIRES: at most 2^16.
  void grow(std::size_t lists) {
    if (lists <= firsts_.size()) return;
    std::vector<T*> old(std::bit_ceil(lists));
    old.swap(firsts_);
    for (T* element : old) {
      while (element != nullptr) {
        T* const next = element->url_next_;
        insert(*element);
        element = next;
      }
    }
  }

  std::size_t size() const { return firsts_.size(); }

  // The first of those that may have that URL, whose others follow by next().
  T* chain(std::uint64_t hash) const { return firsts_[index_of(hash)]; }
  static T* next(const T& element) { return element.url_next_; }

  // REQUIRES: it is in no list.
  void insert(T& element) {
    T*& first = firsts_[index_of(element.hash_)];
    element.url_next_ = first;
    element.url_previous_ = nullptr;
    if (first != nullptr) first->url_previous_ = &element;
    first = &element;
  }

  // REQUIRES: `before` is in a list, the element, which has the same URL, in none.
  static void insert_behind(T& before, T& element) {
    element.url_next_ = before.url_next_;
    element.url_previous_ = &before;
    if (element.url_next_ != nullptr) element.url_next_->url_previous_ = &element;
    before.url_next_ = &element;
  }

  // REQUIRES: it is in one.
  void erase(T& element) {
    T* const next = element.url_next_;
    T* const previous = element.url_previous_;
    (previous == nullptr ? firsts_[index_of(element.hash_)] : previous->url_next_) = next;
    if (next != nullptr) next->url_previous_ = previous;
  }

 private:
  // The uppermost bits choose the shard.
  std::size_t index_of(std::uint64_t hash) const { return (hash >> 32) & (firsts_.size() - 1); }

  std::vector<T*> firsts_;
};

}  // namespace sluice::cache
