// SPDX-License-Identifier: MIT
// A doubly linked list whose links live in the elements: adding and removing never allocates, and
// an element takes itself out when it is destroyed. Single-threaded. The list borrows its elements.
//
//   struct Session : ListHook<struct OpenTag> { ... };
//   IntrusiveList<Session, OpenTag> open;
//
// The tag lets one object stand in several lists.
#pragma once

#include <cstddef>
#include <cstdlib>

namespace sluice {

template <typename Tag>
class ListHook {
 public:
  ListHook() = default;
  ListHook(const ListHook&) = delete;
  ListHook& operator=(const ListHook&) = delete;
  ~ListHook() { unlink(); }

  bool linked() const { return next_ != nullptr; }

  void unlink() {
    if (next_ == nullptr) return;
    // The analyser does not see that a hook that dies takes itself out of its list first.
    previous_->next_ = next_;      // NOLINT(clang-analyzer-cplusplus.NewDelete)
    next_->previous_ = previous_;  // NOLINT(clang-analyzer-cplusplus.NewDelete)
    next_ = previous_ = nullptr;
  }

 private:
  template <typename T, typename U>
  friend class IntrusiveList;

  void insert_before(ListHook* at) {
    if (linked()) std::abort();  // in a list of this tag already: a bug of ours
    previous_ = at->previous_;
    next_ = at;
    at->previous_->next_ = this;
    at->previous_ = this;
  }

  void make_ring() { next_ = previous_ = this; }

  ListHook* next_ = nullptr;
  ListHook* previous_ = nullptr;
};

template <typename T, typename Tag>
class IntrusiveList {
 public:
  using Hook = ListHook<Tag>;

  IntrusiveList() { ring_.make_ring(); }
  IntrusiveList(const IntrusiveList&) = delete;
  IntrusiveList& operator=(const IntrusiveList&) = delete;
  // The elements stay alive; they are only taken out.
  ~IntrusiveList() { clear(); }

  bool empty() const { return ring_.next_ == &ring_; }

  // REQUIRES: the element is in no list of this tag.
  void push_back(T& element) { static_cast<Hook&>(element).insert_before(&ring_); }
  void push_front(T& element) { static_cast<Hook&>(element).insert_before(ring_.next_); }

  T* front() const {
    // NOLINTNEXTLINE(clang-analyzer-cplusplus.NewDelete)
    return empty() ? nullptr : static_cast<T*>(ring_.next_);
  }
  T* back() const { return empty() ? nullptr : static_cast<T*>(ring_.previous_); }

  T* pop_front() {
    T* element = front();
    if (element != nullptr) static_cast<Hook*>(element)->unlink();
    return element;
  }

  void clear() {
    while (ring_.next_ != &ring_) {
      ring_.next_->unlink();  // NOLINT(clang-analyzer-cplusplus.NewDelete)
    }
  }

  // Moves every element to the end of `to`, in order, in constant time. Used to walk a list whose
  // elements may put themselves back in: take the whole list first, then pop.
  void move_to(IntrusiveList& to) {
    if (empty()) return;
    Hook* first = ring_.next_;
    Hook* last = ring_.previous_;
    ring_.make_ring();
    first->previous_ = to.ring_.previous_;
    to.ring_.previous_->next_ = first;
    last->next_ = &to.ring_;
    to.ring_.previous_ = last;
  }

 private:
  Hook ring_;
};

}  // namespace sluice
